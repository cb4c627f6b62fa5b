#include "expr/run_kernel.h"

#include <algorithm>

#include "expr/compare.h"

namespace thalweg {
namespace {

bool all_constant(std::span<const Vector> args) {
  return std::all_of(args.begin(), args.end(), [](const Vector& arg) { return arg.constant; });
}

// The first error of each row among the arguments; nullptr when there is none.
std::shared_ptr<Buffer> merge_errors(std::span<const Vector> args, std::uint32_t length) {
  std::shared_ptr<Buffer> merged;
  for (const Vector& arg : args) {
    if (arg.errors == nullptr) {
      continue;
    }
    if (merged == nullptr) {
      merged = Buffer::allocate_zeroed(length);
    }
    auto* errors = merged->as<RowError>();
    for (RowIndex row = 0; row < length; ++row) {
      errors[row] = errors[row] == RowError::kNone ? arg.error(row) : errors[row];
    }
  }
  return merged;
}

void intersect(std::shared_ptr<Buffer>& valid, const std::uint64_t* bits, std::uint32_t length) {
  const std::uint32_t words = bitmap_words(length);
  if (valid == nullptr) {
    valid = allocate_bitmap(length);
    std::copy_n(bits, words, valid->as<std::uint64_t>());
    return;
  }
  for (std::uint32_t word = 0; word < words; ++word) {
    valid->as<std::uint64_t>()[word] &= bits[word];
  }
}

void take_out_errors(std::shared_ptr<Buffer>& valid, const Buffer* errors, std::uint32_t length) {
  if (errors == nullptr) {
    return;
  }
  const auto* error = errors->as<RowError>();
  const auto passed =
      pack_bits(length, [error](RowIndex row) { return error[row] == RowError::kNone; });
  intersect(valid, passed->as<std::uint64_t>(), length);
}

bool is_null_constant(const Vector& vector) {
  return vector.constant && !vector.column.is_valid(0);
}

// A NULL for every row, and whatever errors there are.
Vector nulls(const Type& type, std::uint32_t rows, bool constant, std::shared_ptr<Buffer> errors) {
  constant = constant || errors == nullptr;
  return Vector{.column = null_column(type, constant ? 1 : rows),
                .constant = constant,
                .errors = std::move(errors)};
}

// Writes over what the kernel reported only where it could report nothing.
BufferRef add_errors(BufferRef reported, std::shared_ptr<Buffer> merged, std::uint32_t length) {
  if (merged == nullptr || reported == nullptr) {
    return merged == nullptr ? std::move(reported) : BufferRef{std::move(merged)};
  }
  auto* errors = merged->as<RowError>();
  for (RowIndex row = 0; row < length; ++row) {
    errors[row] = errors[row] == RowError::kNone ? reported->as<RowError>()[row] : errors[row];
  }
  return merged;
}

Vector equal_kernel(const KernelCall& call) {
  return vector_of(call, equal_bits(call.args[0], call.args[1], call.length));
}

}  // namespace

Vector run_kernel(const KernelUse& use, std::span<const Vector> args, std::uint32_t length,
                  EvalContext& context) {
  const bool constant = !use.every_row && all_constant(args);
  const std::uint32_t rows = constant ? 1 : length;
  std::shared_ptr<Buffer> errors = merge_errors(args, rows);
  std::shared_ptr<Buffer> valid;
  if (use.null_rule == NullRule::kStrict) {
    if (std::any_of(args.begin(), args.end(), is_null_constant)) {
      return nulls(use.type, rows, constant, std::move(errors));
    }
    for (const Vector& arg : args) {
      if (!arg.constant && arg.column.may_have_nulls()) {
        intersect(valid, arg.column.validity(), rows);
      }
    }
  }
  take_out_errors(valid, errors.get(), rows);
  Vector out =
      use.kernel(KernelCall{.args = args,
                            .result_type = use.type,
                            .length = rows,
                            .valid = valid == nullptr ? nullptr : valid->as<std::uint64_t>(),
                            .context = context,
                            .state = use.state});
  if (valid != nullptr) {
    if (out.column.may_have_nulls()) {
      intersect(valid, out.column.validity(), rows);
    }
    out.column = out.column.with_validity(std::move(valid));
  }
  out.errors = add_errors(std::move(out.errors), std::move(errors), rows);
  out.constant = constant;
  return out;
}

Vector equals(const Vector& a, const Vector& b, std::uint32_t length, EvalContext& context) {
  const Type boolean = type_of(TypeKind::kBoolean);
  const Vector args[] = {a, b};
  return run_kernel({.kernel = equal_kernel, .type = boolean}, args, length, context);
}

Vector errors_to_nulls(Vector vector) {
  if (vector.errors == nullptr) {
    return vector;
  }
  std::shared_ptr<Buffer> valid;
  const std::uint32_t length = vector.column.length();
  if (vector.column.may_have_nulls()) {
    intersect(valid, vector.column.validity(), length);
  }
  take_out_errors(valid, vector.errors.get(), length);
  vector.column = vector.column.with_validity(std::move(valid));
  vector.errors = nullptr;
  return vector;
}

}  // namespace thalweg
