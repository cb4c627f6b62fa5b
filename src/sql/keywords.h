#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace thalweg {

enum class WordClass : std::uint8_t {
  kPlain,     // A name anywhere.
  kClause,    // Begins a clause: a name, but not an alias without AS.
  kReserved,  // A name only in quotes or after AS.
};

// Case aside.
WordClass word_class(std::string_view word);

// `name` in lower case, as names are looked up: ASCII letters only.
std::string fold_name(std::string_view name);
// The same in upper case, as keywords are shown.
std::string upper(std::string_view word);

// Whether the two are one word, ASCII case aside. Requires: `lower` is in lower case.
bool is_word(std::string_view word, std::string_view lower);

// For "did you mean": the words that begin statements, and those that go on inside them.
std::span<const std::string> statement_words();
std::span<const std::string> clause_words();

}  // namespace thalweg
