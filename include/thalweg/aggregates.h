#pragma once

#include <string>
#include <utility>

#include "thalweg/detail/reflect.h"

namespace thalweg {

// One aggregate of a stream: a function of SQL over a field.
struct AggregateOf {
  std::string function;
  std::string field;  // Empty: of rows.
  std::string name;   // Of the column.

  AggregateOf as(std::string column) && {
    name = std::move(column);
    return std::move(*this);
  }
};

// Of any aggregate function of SQL, by name: of("array_agg", "city").
inline AggregateOf of(std::string function, std::string field) {
  return {function, field, function + "_" + field};
}

inline AggregateOf count() { return {"count", "", "count"}; }
template <auto Member>
AggregateOf count() {
  return of("count", std::string(detail::name_of_value<Member>()));
}
template <auto Member>
AggregateOf sum() {
  return of("sum", std::string(detail::name_of_value<Member>()));
}
template <auto Member>
AggregateOf avg() {
  return of("avg", std::string(detail::name_of_value<Member>()));
}
template <auto Member>
AggregateOf min() {
  return of("min", std::string(detail::name_of_value<Member>()));
}
template <auto Member>
AggregateOf max() {
  return of("max", std::string(detail::name_of_value<Member>()));
}
template <auto Member>
AggregateOf first() {
  return of("first_value", std::string(detail::name_of_value<Member>()));
}
template <auto Member>
AggregateOf last() {
  return of("last_value", std::string(detail::name_of_value<Member>()));
}

}  // namespace thalweg
