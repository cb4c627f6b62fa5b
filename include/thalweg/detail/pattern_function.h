#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/detail/functions.h"
#include "thalweg/detail/pattern_decl.h"

namespace thalweg {

template <typename T>
class Match;

namespace detail {

// A condition of the program on one row.
template <typename T>
class Condition {
 public:
  virtual ~Condition() = default;
  virtual bool holds(const T& row) = 0;
};

template <typename T>
using MakeCondition = std::function<std::unique_ptr<Condition<T>>()>;
// By step of a pattern.
template <typename T>
using MakeConditions = std::vector<std::vector<MakeCondition<T>>>;

template <typename T, typename F>
class ConditionOf final : public Condition<T> {
 public:
  explicit ConditionOf(F holds) : holds_(std::move(holds)) {}
  bool holds(const T& row) override { return static_cast<bool>(holds_(row)); }

 private:
  F holds_;
};

template <typename T, typename F>
MakeCondition<T> make_condition(F holds) {
  return [holds = std::move(holds)] { return std::make_unique<ConditionOf<T, F>>(holds); };
}

// For each step with conditions a column: whether all of them are true. A row is read once for all.
template <typename T>
class ConditionsFunction final : public RowsFunction {
 public:
  ConditionsFunction(const MakeConditions<T>& make, std::vector<std::string> names)
      : names_(std::move(names)) {
    for (const std::vector<MakeCondition<T>>& of_step : make) {
      if (of_step.empty()) {
        continue;
      }
      auto& conditions = conditions_.emplace_back();
      for (const MakeCondition<T>& each : of_step) {
        conditions.push_back(each());
      }
    }
  }

  void apply(const RowsIn& rows, RowsOut& out) override {
    out.columns.resize(conditions_.size());
    for_each_row<T>(rows, row_, names_, out, [&](const T& row, std::uint32_t number) {
      for (std::size_t step = 0; step < conditions_.size(); ++step) {
        const auto& conditions = conditions_[step];
        out.columns[step].append_plain(
            std::all_of(conditions.begin(), conditions.end(),
                        [&](const auto& each) { return each->holds(row); }));
      }
      out.origins.push_back(number);
    });
  }

 private:
  std::vector<std::vector<std::unique_ptr<Condition<T>>>> conditions_;
  std::vector<std::string> names_;
  typename RowStore<T>::Type row_{};
};

// Makes a row of each match.
template <typename T, typename U, typename F>
class MatchMapFunction final : public MatchesFunction {
 public:
  MatchMapFunction(F make, std::vector<std::string> steps)
      : make_(std::move(make)), steps_(std::move(steps)) {}

  void apply(const MatchesIn& matches, RowsOut& out) override {
    out.columns.resize(field_count<U>);
    const auto count = static_cast<std::uint32_t>(matches.begins.size());
    for (std::uint32_t match = 0; match < count; ++match) {
      const std::uint32_t begin = matches.begins[match];
      const std::uint32_t size = matches.end(match) - begin;
      rows_.resize(size);
      for (std::uint32_t i = 0; i < size; ++i) {
        read_row(matches.rows, begin + i, rows_[i]);
      }
      const std::size_t rows_before = out.origins.size();
      try {
        const U made =
            make_(Match<T>(rows_, std::span(matches.steps).subspan(begin, size), steps_));
        write_row(made, out.columns);
        out.origins.push_back(match);
      } catch (...) {
        out.refuse(match, rows_before);
      }
    }
  }

 private:
  F make_;
  std::vector<std::string> steps_;
  std::vector<T> rows_;
};

}  // namespace detail
}  // namespace thalweg
