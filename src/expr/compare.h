#pragma once

#include "expr/kernel.h"

// Private to this folder.
namespace thalweg {

// Bits of a = b, and of a < b, for `length` rows. The bits of rows with a NULL may be anything.
// Total order: NaN equals itself and is greater than any number, text goes by its bytes.
// Requires: the same type, or NUMERIC of any scales.
std::shared_ptr<Buffer> equal_bits(const Vector& a, const Vector& b, std::uint32_t length);
std::shared_ptr<Buffer> less_bits(const Vector& a, const Vector& b, std::uint32_t length);

// Turns every bit round.
void invert_bits(Buffer& bits, std::uint32_t length);

}  // namespace thalweg
