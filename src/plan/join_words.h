#pragma once

#include <cstddef>
#include <string_view>

#include "expr/join_kind.h"

namespace thalweg::plan {

// As SQL says it.
constexpr std::string_view join_words(JoinKind kind) {
  constexpr std::string_view kWords[] = {"JOIN",      "LEFT JOIN", "RIGHT JOIN",
                                         "FULL JOIN", "SEMI JOIN", "ANTI JOIN"};
  return kWords[static_cast<std::size_t>(kind)];
}

}  // namespace thalweg::plan
