#pragma once

#include <exception>
#include <memory>
#include <string>
#include <tuple>
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

// Calls act(row, number) for each row; a row on which it throws is refused, what it had put out for
// that row included.
template <typename T, typename Act>
void for_each_row(const RowsIn& rows, typename RowStore<T>::Type& store,
                  const std::vector<std::string>& names, RowsOut& out, Act act) {
  RowCursor<T> cursor(rows, store, names);
  for (std::uint32_t i = 0; i < rows.rows; ++i) {
    try {
      act(cursor.at(i), rows.number(i));
    } catch (const std::exception&) {
      out.refused.push_back(rows.number(i));
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
      for (const U& made : map_(row)) {
        write_row(made, out.columns);
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
    RowsOut made;
    for_each_row<In>(rows, row_, names_, out, [&](const In& row, std::uint32_t number) {
      // Rows of a call that throws half way are dropped with it.
      made.columns.assign(field_count<Out>, {});
      made.origins.clear();
      Output<Out> output(made);
      output.set_origin(number);
      processor_.process(row, output);
      append(made, out);
    });
  }

 private:
  static void append(const RowsOut& made, RowsOut& out) {
    RowsIn none;
    for (std::size_t i = 0; i < out.columns.size(); ++i) {
      ColumnData& to = out.columns[i];
      const ColumnData& from = made.columns[i];
      const auto base = static_cast<std::int32_t>(to.bytes.size());
      to.bytes += from.bytes;
      for (const std::int32_t end : from.ends) {
        to.ends.push_back(base + end);
      }
      for (std::uint32_t row = 0; row < from.rows; ++row) {
        to.close_row(!from.nulls.empty() && from.nulls[row] != 0);
      }
    }
    out.origins.insert(out.origins.end(), made.origins.begin(), made.origins.end());
  }

  P processor_;
  std::vector<std::string> names_;
  typename RowStore<In>::Type row_{};
};

template <typename T, typename F>
class CallbackFunction final : public RowsFunction {
 public:
  CallbackFunction(F call, std::vector<std::string> names)
      : call_(std::move(call)), names_(std::move(names)) {}
  void apply(const RowsIn& rows, RowsOut& out) override {
    const Rows view(*rows.batch);
    std::uint32_t i = 0;
    for_each_row<T>(rows, row_, names_, out, [&](const T& row, std::uint32_t /*number*/) {
      const std::uint32_t current = i++;
      if constexpr (std::is_invocable_v<F&, const T&, int>) {
        call_(row, view.change(current));
      } else {
        call_(row);
      }
    });
  }

 private:
  F call_;
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

 private:
  std::shared_ptr<const std::vector<T>> rows_;
  std::size_t next_ = 0;
};

template <typename T, typename F>
class GeneratorProducer final : public RowProducer {
 public:
  explicit GeneratorProducer(F generate) : generate_(std::move(generate)) {}
  Produced next(std::uint32_t rows_max, std::vector<ColumnData>& out) override {
    std::uint32_t rows = 0;
    while (!ended_ && rows < rows_max) {
      if (const std::optional<T> row = generate_()) {
        write_row(*row, out);
        ++rows;
      } else {
        ended_ = true;
      }
    }
    return rows > 0 ? Produced::kRows : Produced::kEnd;
  }

 private:
  F generate_;
  bool ended_ = false;
};

}  // namespace thalweg::detail
