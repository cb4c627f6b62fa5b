#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

  // The next byte that read() gives is the one at `offset`. Refused where the input is no file, or
  // ends before.
  virtual Status seek(std::uint64_t offset);

  // Where read() has come to the end, and before it is called again: whether what has been read is
  // no longer what stands under the file's name, for the file was cut, written anew or renamed.
  virtual Result<bool> replaced() { return false; }
};

// Who may use a file or directory that is made: its owner alone, or whom the process's mask allows.
enum class Audience : std::uint8_t { kOwner, kEverybody };

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

// A file that grows at its end and is to outlive a crash. What is written is safe once sync() has
// said so, and the file's name once its directory is synced too. Owned and used by one thread at a
// time. Destroyed without close() it stays as far as it was written.
class DurableFile {
 public:
  virtual ~DurableFile() = default;

  // Hands the bytes to the system at once. After an error nobody knows how many of them are there.
  virtual Status write(std::string_view bytes) = 0;

  // After an error the bytes are lost, whatever a second try would say; write them to a new file.
  // This and every later call fails then.
  virtual Status sync() = 0;

  // Does not sync.
  virtual Status close() = 0;
};

// Held by at most one process of this machine, until it is destroyed or the process ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// The world as the engine sees it: clock, randomness and files. Tests give it another one.
// Thread-safe.
class Env {
 public:
  virtual ~Env() = default;

  virtual EventTime wall_now() = 0;
  virtual std::int64_t steady_nanos() = 0;
  virtual std::uint64_t random_seed() = 0;

  // What this process holds of the machine's memory, without what it shares with files.
  virtual std::uint64_t resident_bytes() { return 0; }
  // What it may hold at most: the machine's memory, or that of the control groups it is in. 0: not
  // known.
  virtual std::uint64_t memory_bytes() { return 0; }
  // Gives memory that was freed and kept for later back to the machine, which may take some
  // milliseconds.
  virtual void release_freed_memory() {}

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
  // Whether a path leads to what is written to as it is, not renamed: see create_output().
  virtual bool is_written_in_place(const std::string& /*path*/) { return false; }
  // Not closed with the object.
  virtual std::unique_ptr<OutputFile> standard_output() = 0;

  // Files that are to outlive a crash. None of these is retried inside.

  // A directory and those above it, as far as they are missing; durable.
  virtual Status make_directories(const std::string& path,
                                  Audience audience = Audience::kOwner) = 0;
  // The names in a directory, in order.
  virtual Result<std::vector<std::string>> list_directory(const std::string& path) = 0;
  // Nothing: there is no such file.
  virtual Result<std::optional<std::uint64_t>> file_size(const std::string& path) = 0;

  // A new file; refused where something has the name.
  virtual Result<std::unique_ptr<DurableFile>> create_file(
      const std::string& path, Audience audience = Audience::kOwner) = 0;
  // One that is there, to add to its end.
  virtual Result<std::unique_ptr<DurableFile>> append_file(const std::string& path) = 0;

  // A file or directory; one that has the new name is replaced. Both names are in one file system.
  virtual Status rename_file(const std::string& from, const std::string& to) = 0;
  // One that is not there is no error.
  virtual Status remove_file(const std::string& path) = 0;
  // Cuts a file; synced when it returns.
  virtual Status truncate_file(const std::string& path, std::uint64_t bytes) = 0;
  // Makes the names that were given, changed and taken in a directory outlive a crash.
  virtual Status sync_directory(const std::string& path) = 0;

  // Makes the file where there is none, and writes this process's number into it. Refused while
  // another holds it, with its number.
  virtual Result<std::unique_ptr<FileLock>> lock_file(const std::string& path) = 0;
  // Locks a whole directory by the file `name` in it. Where the system can, it stays locked also
  // when somebody removes that file.
  virtual Result<std::unique_ptr<FileLock>> lock_directory(const std::string& path,
                                                           std::string_view name);
};

// The directory of a path, "." where it names none.
std::string directory_of(const std::string& path);

// The real one. Lives as long as the process.
Env& system_env();

}  // namespace thalweg
