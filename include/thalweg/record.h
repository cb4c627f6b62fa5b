#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "thalweg/rows.h"
#include "thalweg/timestamp.h"

namespace thalweg {

// A row of columns by name, for streams without a struct: what SQL and aggregates yield. A view:
// valid during the call that hands it over. Names are looked up at each call, so that a struct (see
// Stream::as) is quicker. A column that is not there, or does not hold what is asked for, throws
// std::invalid_argument, which rejects the row or, in a sink, ends the run.
class Record {
 public:
  Record(const Batch& batch, const std::vector<std::string>& names)
      : rows_(batch), names_(&names) {}
  void move_to(std::uint32_t row) { row_ = row; }

  std::size_t size() const { return names_->size(); }
  const std::string& name(std::size_t column) const { return (*names_)[column]; }

  bool has(std::string_view name) const;
  bool is_null(std::string_view name) const;

  // Of a number, without its fraction; BOOLEAN is 0 or 1, DATE days, TIME and TIMESTAMP
  // microseconds. NULL is 0, as in all of these.
  std::int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  bool boolean(std::string_view name) const { return integer(name) != 0; }
  Timestamp time(std::string_view name) const { return {integer(name)}; }

  // Any column, as PostgreSQL prints it; empty when NULL.
  std::string text(std::string_view name) const;
  std::string text(std::size_t column) const;

  // +1: the row is added; -1: it is taken back.
  int change() const { return rows_.change(row_); }

 private:
  std::uint32_t column_of(std::string_view name) const;
  std::uint32_t number_column_of(std::string_view name) const;

  Rows rows_;
  const std::vector<std::string>* names_;
  std::uint32_t row_ = 0;  // Among the existing rows.
};

}  // namespace thalweg
