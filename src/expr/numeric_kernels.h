#pragma once

#include "expr/kernel.h"

// Arithmetic of NUMERIC columns. Private to this folder.
namespace thalweg {

Vector add_numerics(const KernelCall& call);
Vector subtract_numerics(const KernelCall& call);
// Each side NUMERIC or BIGINT.
Vector multiply_numerics(const KernelCall& call);
Vector divide_numerics(const KernelCall& call);
Vector modulo_numerics(const KernelCall& call);
Vector negate_numeric(const KernelCall& call);

}  // namespace thalweg
