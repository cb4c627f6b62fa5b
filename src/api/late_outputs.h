#pragma once

#include <cstddef>
#include <vector>

#include "api/engine.h"

namespace thalweg {

// A sink whose rows miss the late rows of a table with late = 'output', which no sink beside it
// reads: LATE of the same windows.
struct UnreadLateRows {
  std::size_t sink = 0;
  TablePtr table;
};
std::vector<UnreadLateRows> find_unread_late_rows(const std::vector<plan::NodePtr>& sinks);

// Reports each INSERT of a script with such a sink.
void check_late_outputs(const Engine::BoundScript& script,
                        const std::vector<ast::Statement>& statements, Diagnostics& diagnostics);

}  // namespace thalweg
