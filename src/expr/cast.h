#pragma once

#include "expr/kernel.h"

// Casts as kernels of one argument, strict, whose result_type is the type to cast to. Private to
// this folder.
namespace thalweg {

// Nullptr where there is no such cast.
Kernel find_cast(const Type& from, const Type& to);

// Whether the cast depends on the session's time zone, and so must not be computed ahead.
bool depends_on_time_zone(const Type& from, const Type& to);

// The parts, by subject; each nullptr where the pair is none of its own.
Kernel find_number_cast(TypeKind from, TypeKind to);
Kernel find_time_cast(TypeKind from, TypeKind to);
Kernel find_cast_from_text(TypeKind to);
Kernel find_cast_to_text(TypeKind from);

}  // namespace thalweg
