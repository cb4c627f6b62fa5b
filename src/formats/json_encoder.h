#pragma once

#include <memory>

#include "formats/format.h"

namespace thalweg {

// One object a line; keys as the columns are spelled.
std::unique_ptr<Encoder> make_json_lines_encoder(const ChangeStyle& changes);

}  // namespace thalweg
