#pragma once

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

}  // namespace thalweg
