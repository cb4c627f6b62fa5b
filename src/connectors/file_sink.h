#pragma once

#include <memory>
#include <string>

#include "connectors/byte_sink.h"

namespace thalweg {

// Writes the file under a path. Where the job's state is kept, its rows are seen exactly once, as
// epochs come to count (epoch_file.h); else all are there when the job has come to its end. A
// device or pipe is written to as rows come. `old`: kKept adds to what the file holds; then
// `beginning`, which stands before the rows, is there already.
std::unique_ptr<ByteSink> make_file_sink(Env& env, std::string path, std::string beginning,
                                         OldBytes old);

}  // namespace thalweg
