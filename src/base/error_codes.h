#pragma once

#include <span>
#include <string_view>

namespace thalweg {

// What a diagnostic's code stands for. Codes are stable: one is never used again for
// something else.
struct ErrorCode {
  std::string_view code;         // "S0203"
  std::string_view title;        // In a few words.
  std::string_view explanation;  // When it comes and how it is mended, in a sentence or two.
};

// Every code there is, in order: what `thalweg help CODE` and docs/reference/errors.md show.
std::span<const ErrorCode> error_codes();

// Null when there is no such code. Case aside.
const ErrorCode* find_error_code(std::string_view code);

}  // namespace thalweg
