#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/int128.h"
#include "base/result.h"
#include "columnar/column.h"

namespace thalweg {

// One value of any type, for literals, options, tests and the edges of the program; never on a
// data path.
struct Value {
  struct Null {
    friend bool operator==(const Null&, const Null&) = default;
  };
  using List = std::vector<Value>;  // ARRAY: its elements; STRUCT: its fields.

  Type type;
  // BOOLEAN bool; integers, DATE, TIME, TIMESTAMP, TIMESTAMPTZ int64; REAL and DOUBLE double;
  // NUMERIC Int128; TEXT and BYTEA string.
  std::variant<Null, bool, std::int64_t, double, Int128, std::string, Interval, List> data;

  bool is_null() const { return std::holds_alternative<Null>(data); }
};

Value null_value(Type type);
Value bigint_value(std::int64_t value);
Value text_value(std::string value);
Value boolean_value(bool value);

// The value of a row, and a column of `count` equal values.
Value value_at(const Column& column, RowIndex row);
Column repeat(const Value& value, std::uint32_t count);

// As PostgreSQL prints it (NULL: an empty string): 2018-02-01 00:00:00, 1.50, {1,2}, t/f.
// STRUCT prints as (a,b).
std::string to_string(const Value& value);

// Reads PostgreSQL's text form of a type (also ISO 8601 with T and Z for times). Fails with the
// text and the type in the message.
Result<Value> parse_value(std::string_view text, const Type& type);

}  // namespace thalweg
