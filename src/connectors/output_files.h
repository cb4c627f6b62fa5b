#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "env/env.h"

namespace thalweg {

// An output that the writers of one sink share, or of several. Thread-safe.
class SharedOutput {
 public:
  explicit SharedOutput(std::unique_ptr<OutputFile> file) : file_(std::move(file)) {}

  Status write(std::string_view bytes);
  // With what was written before.
  Status flush();
  // Another sink writes here too, and closes it too.
  void join();
  // Closes the file with the last of its sinks.
  Status close();

 private:
  std::mutex mutex_;  // Guards what follows.
  const std::unique_ptr<OutputFile> file_;
  int sinks_ = 1;
};

// The files that one run writes. What several statements of a run write to one file is all there:
// those that run together share it, and a later one adds to it. The first replaces what was there
// before the run. Used by one thread, the one that opens sinks.
class OutputFiles {
 public:
  // How a file is written: all who write it must agree.
  struct Shape {
    std::string format;
    std::string beginning;  // What stands before the rows.
    bool operator==(const Shape&) const = default;
  };
  Result<std::shared_ptr<SharedOutput>> open(Env& env, const std::string& path, Shape shape);

  void begin_run() { written_.clear(); }

 private:
  struct Written {
    Shape shape;
    std::weak_ptr<SharedOutput> output;  // Of the job that runs, where it writes the file.
  };
  std::map<std::string, Written> written_;  // By Env::output_name().
};

}  // namespace thalweg
