#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "connectors/byte_sink.h"
#include "connectors/parts_sink.h"

namespace thalweg {

// The files that one run writes. What several statements of a run write to one file is all there:
// those that run together share it, and a later one adds to it. The first replaces what was there
// before the run. Used by one thread, the one that makes sinks.
class OutputFiles {
 public:
  // How a file is written: all who write it must agree.
  struct Shape {
    std::string format;
    std::string extension;  // Of the parts of a directory.
    std::string beginning;  // What stands before the rows.
    // Of a part, which is finished then.
    std::size_t part_bytes = PartsPlace::kWithoutLimit;
    bool operator==(const Shape&) const = default;
  };
  // A path that ends with a slash is a directory of parts.
  Result<std::shared_ptr<ByteSink>> share(Env& env, const std::string& path, Shape shape);

  void begin_run() { written_.clear(); }

 private:
  struct Written {
    Shape shape;
    std::weak_ptr<ByteSink> sink;  // Of the job that runs, where it writes the file.
  };
  std::map<std::string, Written> written_;  // By Env::output_name().
};

}  // namespace thalweg
