#pragma once

#include <functional>
#include <memory>
#include <string>

#include "connectors/connector.h"
#include "connectors/output_files.h"
#include "stream/sink.h"

namespace thalweg {

// Gives an output that begins with these bytes, which stand before the rows.
using OpenOutput = std::function<Result<std::shared_ptr<SharedOutput>>(std::string beginning)>;

// Writes rows, in a table's format and mode, to one output that all workers share. `open_output` is
// called when the sink opens. A failed job's output is destroyed without being closed.
Result<std::unique_ptr<Sink>> make_encoding_sink(const SinkRequest& request,
                                                 OpenOutput open_output);

}  // namespace thalweg
