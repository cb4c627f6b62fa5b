#pragma once

#include <vector>

#include "api/engine.h"

namespace thalweg {

// Reports each INSERT of a script whose results miss the late rows of a table with late = 'output',
// where nothing in the script reads them: LATE of the same windows.
void check_late_outputs(const Engine::BoundScript& script,
                        const std::vector<ast::Statement>& statements, Diagnostics& diagnostics);

}  // namespace thalweg
