#pragma once

#include <functional>
#include <memory>
#include <string>

#include "connectors/byte_sink.h"
#include "connectors/connector.h"
#include "formats/format.h"
#include "stream/sink.h"

namespace thalweg {

// Says where bytes go that have `beginning` before the rows.
using MakeByteSink =
    std::function<Result<std::shared_ptr<ByteSink>>(const Format& format, std::string beginning)>;

// Writes rows, in a table's format and mode, to where their bytes go.
Result<std::unique_ptr<Sink>> make_encoding_sink(const SinkRequest& request,
                                                 const MakeByteSink& make_bytes);

}  // namespace thalweg
