#pragma once

namespace thalweg {

// GCC and Clang on 64-bit machines. __extension__ keeps -Wpedantic quiet in one place.
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

}  // namespace thalweg
