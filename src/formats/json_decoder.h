#pragma once

#include <memory>

#include "formats/field_text.h"
#include "formats/format.h"

namespace thalweg {

struct JsonDecoderOptions {
  EpochUnit unit;
  std::size_t row_bytes_max = 16 * 1024 * 1024;
  // For tests: whether lines may take the fast way. The answer is the same.
  bool fast = true;
};

std::unique_ptr<Decoder> make_json_decoder(const DecoderSpec& spec,
                                           const JsonDecoderOptions& options);

}  // namespace thalweg
