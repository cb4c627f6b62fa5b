#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "thalweg/session.h"

namespace thalweg {

enum class OutputFormat : std::uint8_t {
  kTable,  // Aligned columns for people; answers without end in pieces.
  kPlain,  // Values separated by tabs, a header first; for pipes.
  kJson,   // One array of objects per answer.
  kJsonLines,
  kCsv,
};

// "table", "plain", "json", "jsonl" or "csv".
std::optional<OutputFormat> parse_output_format(std::string_view name);

// A receiver that writes each answer as text. `write` is called in the thread that brings the rows.
// Returns false when the reader is gone (a closed pipe), which ends the run.
std::unique_ptr<ResultReceiver> make_text_receiver(
    OutputFormat format, std::function<bool(std::string_view text)> write);

}  // namespace thalweg
