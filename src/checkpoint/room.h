#pragma once

#include <string>

#include "base/result.h"
#include "env/env.h"

namespace thalweg {

// Whether a small file can be made durable beside those of DIRECTORY/NAME: Code::kNoSpace where the
// disk is still full. Requires: its lock is held.
Status check_room(Env& env, const std::string& directory, const std::string& name);

}  // namespace thalweg
