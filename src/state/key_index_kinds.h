#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "state/key_index.h"

namespace thalweg {

// The forms that KeyIndex::make() chooses from.

bool is_integer_key(TypeKind kind);
std::unique_ptr<KeyIndex> make_integer_key_index(Type type, KeyIndex::RowCounts row_counts);
// For at most kWordKeysMax columns of which each value is a word: see with_words().
inline constexpr std::size_t kWordKeysMax = 4;
bool is_word_key(TypeKind kind);
std::unique_ptr<KeyIndex> make_words_key_index(std::vector<Type> types,
                                               KeyIndex::RowCounts row_counts);
std::unique_ptr<KeyIndex> make_bytes_key_index(std::vector<Type> types,
                                               KeyIndex::RowCounts row_counts);

// A table of slots that doubles lets go of those it has moved after each so many.
inline constexpr std::size_t kSlotsPerLetGo = std::size_t{1} << 18;

}  // namespace thalweg
