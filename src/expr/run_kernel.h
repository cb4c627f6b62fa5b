#pragma once

#include "expr/kernel.h"

// Private to this folder.
namespace thalweg {

struct KernelUse {
  Kernel kernel;
  NullRule null_rule = NullRule::kStrict;
  const Type& type;              // Of the result.
  KernelState* state = nullptr;  // Borrowed from the caller.
  bool every_row = false;        // Volatile: constant arguments make no constant result.
};

// Calls a kernel under the rules for NULLs, errors and constants.
Vector run_kernel(const KernelUse& use, std::span<const Vector> args, std::uint32_t length,
                  EvalContext& context);

// a = b for each row, NULL where one is NULL.
Vector equals(const Vector& a, const Vector& b, std::uint32_t length, EvalContext& context);

// The vector with NULL where it failed.
Vector errors_to_nulls(Vector vector);

}  // namespace thalweg
