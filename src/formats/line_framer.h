#pragma once

#include "formats/format.h"

namespace thalweg {

// Rows that end with a newline, whatever they hold.
class LineFramer final : public Framer {
 public:
  std::size_t whole_rows(std::string_view bytes) override { return bytes.rfind('\n') + 1; }
};

}  // namespace thalweg
