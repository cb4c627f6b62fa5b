#pragma once

#include <functional>
#include <memory>

#include "connectors/connector.h"
#include "env/env.h"
#include "stream/sink.h"

namespace thalweg {

// Writes rows, in a table's format and mode, to one output that all workers share. `open_output` is
// called when the sink opens. A failed job's output is destroyed without being closed.
Result<std::unique_ptr<Sink>> make_encoding_sink(
    const SinkRequest& request, std::function<Result<std::unique_ptr<OutputFile>>()> open_output);

}  // namespace thalweg
