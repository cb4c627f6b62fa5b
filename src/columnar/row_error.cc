#include "columnar/row_error.h"

#include <array>

namespace thalweg {
namespace {

struct ErrorText {
  std::string_view word;
  std::string_view sentence;
};

// In the order of RowError.
constexpr std::array<ErrorText, kRowErrorCount> kErrors = {{
    {"none", "The row is fine."},
    {"division_by_zero", "A division by zero."},
    {"overflow", "A result is out of the range of its type."},
    {"bad_cast", "A value cannot be cast to the wanted type; TRY_CAST gives NULL instead."},
    {"bad_argument", "A function does not accept its argument."},
    {"null_time", "The event time, or what its watermark is computed of, is NULL."},
    {"null_not_allowed", "A column that is NOT NULL has no value."},
    {"malformed", "The text of the row does not parse."},
    {"wrong_type", "A field's value does not fit the type of its column."},
    {"invalid_utf8", "The text of the row is not valid UTF-8."},
    {"too_long",
     "The row is longer than the limit: max_row_bytes, or max.message.bytes of a topic."},
    {"truncated", "The input ends within the row."},
    {"late", "The row came after its window, or the rows it belongs with, had been closed."},
    {"late_after_idle", "The row came late, from a partition that had been idle."},
    {"too_far_ahead", "The event time is ahead of the wall clock by more than max_future_skew."},
    {"function_failed", "A function of the program threw an exception."},
    {"not_there", "A row is taken back, or was to be read, that is not there."},
    {"match_too_large",
     "What may match from the row on has too many rows, or too many ways to go on; WITHIN bounds "
     "it."},
    {"skip_to_nothing",
     "AFTER MATCH SKIP TO names a variable without a row in the match, or the match's first row."},
}};

}  // namespace

std::string_view to_string(RowError error) { return kErrors[static_cast<std::size_t>(error)].word; }

std::string_view explain(RowError error) {
  return kErrors[static_cast<std::size_t>(error)].sentence;
}

}  // namespace thalweg
