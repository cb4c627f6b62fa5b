#include "expr/cast.h"

#include "base/check.h"
#include "columnar/decimal.h"
#include "expr/function.h"

namespace thalweg {
namespace {

Vector cast_null(const KernelCall& call) {
  return Vector{
      .column = null_column(call.result_type, call.length), .constant = false, .errors = nullptr};
}

Vector cast_to_same(const KernelCall& call) {
  return Vector{.column = call.args[0].column.with_type(call.result_type),
                .constant = false,
                .errors = nullptr};
}

// Casts a child column. Its errors are numbered by its own rows.
Vector cast_child(const KernelCall& call, const Column& child, const Type& to) {
  if (child.type() == to) {
    return Vector{.column = child, .constant = false, .errors = nullptr};
  }
  const Kernel kernel = find_cast(child.type(), to);
  TW_CHECK(kernel != nullptr);
  const Vector arg{.column = child, .constant = false, .errors = nullptr};
  Vector out = kernel(KernelCall{.args = {&arg, 1},
                                 .result_type = to,
                                 .length = child.length(),
                                 .valid = child.validity(),
                                 .context = call.context});
  if (child.may_have_nulls()) {
    out.column = out.column.with_validity(intersect_validity(out.column, child));
  }
  return out;
}

Vector cast_array(const KernelCall& call) {
  const Column& from = call.args[0].column;
  Vector elements = cast_child(call, from.children()[0], call.result_type.fields->front().type);
  RowErrors errors{call};
  for (RowIndex row = 0; elements.errors != nullptr && row < call.length; ++row) {
    for (std::int32_t i = from.offsets()[row]; i < from.offsets()[row + 1]; ++i) {
      if (const RowError error = elements.error(static_cast<RowIndex>(i));
          error != RowError::kNone) {
        errors.report(row, error);
      }
    }
  }
  Column out = from.with_type(call.result_type);
  out.set_children({std::move(elements.column)});
  return Vector{.column = std::move(out), .constant = false, .errors = errors.take()};
}

Vector cast_struct(const KernelCall& call) {
  const Column& from = call.args[0].column;
  RowErrors errors{call};
  std::vector<Column> children;
  for (std::size_t i = 0; i < from.children().size(); ++i) {
    Vector field = cast_child(call, from.children()[i], (*call.result_type.fields)[i].type);
    for (RowIndex row = 0; field.errors != nullptr && row < call.length; ++row) {
      if (const RowError error = field.error(row); error != RowError::kNone) {
        errors.report(row, error);
      }
    }
    children.push_back(std::move(field.column));
  }
  Column out = from.with_type(call.result_type);
  out.set_children(std::move(children));
  return Vector{.column = std::move(out), .constant = false, .errors = errors.take()};
}

bool fields_cast(const Type& from, const Type& to) {
  if (from.fields->size() != to.fields->size()) {
    return false;
  }
  for (std::size_t i = 0; i < from.fields->size(); ++i) {
    if (!can_cast((*from.fields)[i].type, (*to.fields)[i].type)) {
      return false;
    }
  }
  return true;
}

}  // namespace

Kernel find_cast(const Type& from, const Type& to) {
  if (from.kind == TypeKind::kNull) {
    return cast_null;
  }
  if (from == to) {
    return cast_to_same;
  }
  if (to.kind == TypeKind::kText) {
    return find_cast_to_text(from.kind);
  }
  if (from.kind == TypeKind::kText) {
    return find_cast_from_text(to.kind);
  }
  if (from.kind == to.kind && (from.kind == TypeKind::kArray || from.kind == TypeKind::kStruct)) {
    return !fields_cast(from, to)          ? nullptr
           : from.kind == TypeKind::kArray ? cast_array
                                           : cast_struct;
  }
  const Kernel number = find_number_cast(from.kind, to.kind);
  return number != nullptr ? number : find_time_cast(from.kind, to.kind);
}

bool can_cast(const Type& from, const Type& to) { return find_cast(from, to) != nullptr; }

bool depends_on_time_zone(const Type& from, const Type& to) {
  if (from == to) {
    return false;
  }
  if (from.fields != nullptr || to.fields != nullptr) {
    return true;  // What is inside may depend on it.
  }
  return from.kind == TypeKind::kTimestamptz || to.kind == TypeKind::kTimestamptz;
}

}  // namespace thalweg
