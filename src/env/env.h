#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/event_time.h"
#include "base/result.h"

namespace thalweg {

// A file or pipe open for reading. Owned and used by one thread at a time.
class InputFile {
 public:
  virtual ~InputFile() = default;

  // Up to `size` next bytes; 0 at the end of what there is now (a file that is written to may have
  // more later). Waits for a pipe at most until something is there.
  virtual Result<std::size_t> read(std::byte* out, std::size_t size) = 0;

  // Whether read() would return at once, at the end of the input too; waits for that at most so
  // long.
  virtual bool readable(std::int64_t /*wait_micros*/) { return true; }

  // Where read() has come to the end, and before it is called again: whether what has been read is
  // no longer what stands under the file's name, for the file was cut, written anew or renamed.
  virtual Result<bool> replaced() { return false; }
};

// What becomes of the bytes that a file holds when it is written to.
enum class OldBytes : std::uint8_t { kReplaced, kKept };

// A file or pipe open for writing. Owned and used by one thread at a time. A file that is destroyed
// without close() leaves nothing behind.
class OutputFile {
 public:
  virtual ~OutputFile() = default;
  virtual Status write(std::string_view bytes) = 0;
  virtual Status flush() = 0;
  virtual Status close() = 0;
};

// The world as the engine sees it: clock, randomness and files. Tests give it another one.
// Thread-safe.
class Env {
 public:
  virtual ~Env() = default;

  virtual EventTime wall_now() = 0;
  virtual std::int64_t steady_nanos() = 0;
  virtual std::uint64_t random_seed() = 0;

  virtual Result<std::unique_ptr<InputFile>> open_input(const std::string& path) = 0;
  virtual std::unique_ptr<InputFile> standard_input() = 0;
  // Paths that match a pattern with * ? [], in name order; the path itself where it has none of
  // these. Fails when nothing is there.
  virtual Result<std::vector<std::string>> glob(const std::string& pattern) = 0;
  // The file that a path to write to leads to: symbolic links are followed, so that two paths to
  // one file give the same name.
  virtual std::string output_name(const std::string& path) { return path; }
  // Written under a temporary name until close(), then renamed; what earlier runs that were killed
  // left under such names is removed. A path that leads to a device, a pipe or one of the process's
  // own descriptors (/dev/stdout) is written to as it is.
  virtual Result<std::unique_ptr<OutputFile>> create_output(const std::string& path,
                                                            OldBytes old) = 0;
  // Not closed with the object.
  virtual std::unique_ptr<OutputFile> standard_output() = 0;
};

// The real one. Lives as long as the process.
Env& system_env();

}  // namespace thalweg
