#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

struct Batch;

// What is known of an answer before its rows come.
struct ResultHeader {
  struct Column {
    std::string name;
    std::string type;  // As SQL writes it: "BIGINT", "TEXT[]".
  };
  std::vector<Column> columns;
  std::size_t statement = 0;  // Which statement of the script it answers, from 0.
  bool ordered = false;       // The query says in which order.
  bool updating = false;      // Rows carry changes: see Rows::change().
  // Columns by which rows that stand at one time differ from each other: none of them where there
  // is one row at most, nothing where no such columns are known.
  std::optional<std::vector<std::uint32_t>> key = std::nullopt;
  bool bounded = true;  // The run that gives the rows ends by itself.
  // The order of the rows that stand, where `updating`: that of the query, as far as the columns
  // that it is by are among these.
  struct Order {
    std::uint32_t column = 0;
    bool descending = false;
    bool nulls_first = false;
  };
  std::vector<Order> order = {};
};

// Some rows of an answer. A view: valid during the call that hands it over.
class Rows {
 public:
  explicit Rows(const Batch& batch) : batch_(&batch) {}

  std::uint32_t count() const;

  // +1: the row is added to the answer; -1: it is taken back.
  int change(std::uint32_t row) const;

  bool is_null(std::uint32_t row, std::uint32_t column) const;

  // The value as PostgreSQL prints it; empty when NULL.
  std::string text(std::uint32_t row, std::uint32_t column) const;

  // Requires: an integer, BOOLEAN (0 or 1), DATE (days), TIME or TIMESTAMP[TZ] (microseconds)
  // column. NULL is 0.
  std::int64_t integer(std::uint32_t row, std::uint32_t column) const;

  // Requires: a number of any type. NULL is 0.
  double number(std::uint32_t row, std::uint32_t column) const;

  // Requires: a TEXT or BYTEA column. No copy; valid as long as this view.
  std::string_view bytes(std::uint32_t row, std::uint32_t column) const;

  // For code inside the engine.
  const Batch& batch() const { return *batch_; }

 private:
  const Batch* batch_;
};

}  // namespace thalweg
