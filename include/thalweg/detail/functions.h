#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "thalweg/detail/graph.h"
#include "thalweg/processor.h"
#include "thalweg/record.h"

// Functions of the program as steps over columns: one loop over the rows of a batch, inlined
// together with the function.
namespace thalweg::detail {

// Reads the rows of a batch one after the other as T.
template <typename T>
class RowCursor {
 public:
  RowCursor(const RowsIn& rows, T& row, const std::vector<std::string>& /*names*/)
      : rows_(rows), row_(row) {}
  const T& at(std::uint32_t i) {
    read_row(rows_, rows_.number(i), row_);
    return row_;
  }

 private:
  const RowsIn& rows_;
  T& row_;
};

struct NoRow {};

template <>
class RowCursor<Record> {
 public:
  RowCursor(const RowsIn& rows, NoRow& /*row*/, const std::vector<std::string>& names)
      : record_(*rows.batch, names) {}
  const Record& at(std::uint32_t i) {
    record_.move_to(i);
    return record_;
  }

 private:
  Record record_;
};

template <typename T>
struct RowStore {
  using Type = T;
};
template <>
struct RowStore<Record> {
  using Type = NoRow;
};

// Calls act(row, number) for each row; a row on which it throws is refused, and what it had put out
// for that row is taken back.
template <typename T, typename Act>
void for_each_row(const RowsIn& rows, typename RowStore<T>::Type& store,
                  const std::vector<std::string>& names, RowsOut& out, Act act) {
  RowCursor<T> cursor(rows, store, names);
  for (std::uint32_t i = 0; i < rows.rows; ++i) {
    const std::size_t rows_before = out.origins.size();
    try {
      act(cursor.at(i), rows.number(i));
    } catch (...) {
      out.refuse(rows.number(i), rows_before);
    }
  }
}

template <typename T, typename F>
class FilterFunction final : public RowsFunction {
 public:
  FilterFunction(F keep, std::vector<std::string> names)
      : keep_(std::move(keep)), names_(std::move(names)) {}
  void apply(const RowsIn& rows, RowsOut& out) override {
    for_each_row<T>(rows, row_, names_, out, [&](const T& row, std::uint32_t number) {
      if (keep_(row)) {
        out.origins.push_back(number);
      }
    });
  }

 private:
  F keep_;
  std::vector<std::string> names_;
  typename RowStore<T>::Type row_{};
};

template <typename T, typename U, typename F>
class MapFunction final : public RowsFunction {
 public:
  MapFunction(F map, std::vector<std::string> names)
      : map_(std::move(map)), names_(std::move(names)) {}
  void apply(const RowsIn& rows, RowsOut& out) override {
    out.columns.resize(field_count<U>);
    for_each_row<T>(rows, row_, names_, out, [&](const T& row, std::uint32_t number) {
      const U made = map_(row);
      write_row(made, out.columns);
      out.origins.push_back(number);
    });
  }

 private:
  F map_;
  std::vector<std::string> names_;
  typename RowStore<T>::Type row_{};
};

template <typename T, typename U, typename F>
class FlatMapFunction final : public RowsFunction {
 public:
  FlatMapFunction(F map, std::vector<std::string> names)
      : map_(std::move(map)), names_(std::move(names)) {}
  void apply(const RowsIn& rows, RowsOut& out) override {
    out.columns.resize(field_count<U>);
    for_each_row<T>(rows, row_, names_, out, [&](const T& row, std::uint32_t number) {
      for (const auto& made : map_(row)) {
        write_row<U>(made, out.columns);
        out.origins.push_back(number);
      }
    });
  }

 private:
  F map_;
  std::vector<std::string> names_;
  typename RowStore<T>::Type row_{};
};

template <typename P>
class ProcessorFunction final : public RowsFunction {
 public:
  using In = typename P::Input;
  using Out = typename P::Result;

  ProcessorFunction(P processor, std::vector<std::string> names)
      : processor_(std::move(processor)), names_(std::move(names)) {}

  void apply(const RowsIn& rows, RowsOut& out) override {
    out.columns.resize(field_count<Out>);
    Output<Out> output(out);
    for_each_row<In>(rows, row_, names_, out, [&](const In& row, std::uint32_t number) {
      output.set_origin(number);
      processor_.process(row, output);
    });
  }

 private:
  P processor_;
  std::vector<std::string> names_;
  typename RowStore<In>::Type row_{};
};

// Whether a function over rows is told, or can ask a Record, if a row is added or taken back.
template <typename T, typename F>
inline constexpr bool kTakesChanges =
    std::is_same_v<T, Record> || std::is_invocable_v<F&, const T&, int>;

// Hands rows to a function that all workers share. What it throws goes on to whoever calls.
template <typename T, typename F>
class CallbackFunction final : public RowsFunction {
 public:
  CallbackFunction(std::shared_ptr<F> call, std::vector<std::string> names)
      : call_(std::move(call)), names_(std::move(names)) {}
  void apply(const RowsIn& rows, RowsOut& /*out*/) override {
    const Rows view(*rows.batch);
    RowCursor<T> cursor(rows, row_, names_);
    for (std::uint32_t i = 0; i < rows.rows; ++i) {
      if constexpr (std::is_invocable_v<F&, const T&, int>) {
        (*call_)(cursor.at(i), view.change(i));
      } else {
        (*call_)(cursor.at(i));
      }
    }
  }

 private:
  std::shared_ptr<F> call_;
  std::vector<std::string> names_;
  typename RowStore<T>::Type row_{};
};

template <typename T>
class VectorProducer final : public RowProducer {
 public:
  explicit VectorProducer(std::shared_ptr<const std::vector<T>> rows) : rows_(std::move(rows)) {}
  Produced next(std::uint32_t rows_max, std::vector<ColumnData>& out) override {
    if (next_ == rows_->size()) {
      return Produced::kEnd;
    }
    for (std::uint32_t i = 0; i < rows_max && next_ < rows_->size(); ++i) {
      write_row((*rows_)[next_++], out);
    }
    return Produced::kRows;
  }
  bool can_resume() const override { return true; }
  bool skip(std::uint64_t rows) override {
    next_ = std::min<std::uint64_t>(rows, rows_->size());
    return rows <= rows_->size();
  }

 private:
  std::shared_ptr<const std::vector<T>> rows_;
  std::size_t next_ = 0;
};

// A block is as many rows as come quickly, so that one that comes slowly is passed on at once.
template <typename T, typename F>
class GeneratorProducer final : public RowProducer {
 public:
  explicit GeneratorProducer(F generate) : generate_(std::move(generate)) {}
  Produced next(std::uint32_t rows_max, std::vector<ColumnData>& out) override {
    const auto begin = std::chrono::steady_clock::now();
    const std::uint32_t wanted = std::min(rows_wanted_, rows_max);
    std::uint32_t rows = 0;
    while (!ended_ && rows < wanted) {
      if (const std::optional<T> row = generate_()) {
        write_row(*row, out);
        ++rows;
      } else {
        ended_ = true;
      }
    }
    const bool quick = std::chrono::steady_clock::now() - begin < kBlockTime;
    rows_wanted_ = quick ? std::min(wanted * 2, rows_max) : std::max(wanted / 2, 1U);
    return rows > 0 ? Produced::kRows : Produced::kEnd;
  }

 private:
  static constexpr std::chrono::milliseconds kBlockTime{5};

  F generate_;
  std::uint32_t rows_wanted_ = 1;
  bool ended_ = false;
};

}  // namespace thalweg::detail
