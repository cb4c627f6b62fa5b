#pragma once

#include <cstdint>

namespace thalweg {

// Which rows a join yields. Semi and anti yield rows of the left side alone: those that have a
// partner, and those that have none.
enum class JoinKind : std::uint8_t { kInner, kLeft, kRight, kFull, kSemi, kAnti };

// Whether rows come out for want of a partner.
inline bool keeps_left(JoinKind kind) {
  return kind == JoinKind::kLeft || kind == JoinKind::kFull || kind == JoinKind::kAnti;
}
inline bool keeps_right(JoinKind kind) {
  return kind == JoinKind::kRight || kind == JoinKind::kFull;
}

// Whether its rows are pairs, not rows of the left side alone.
inline bool yields_pairs(JoinKind kind) {
  return kind != JoinKind::kSemi && kind != JoinKind::kAnti;
}

}  // namespace thalweg
