#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "made_source.h"

namespace thalweg::bench {

// A job whose state may be kept, from SQL text, into nothing.
struct KeptJob {
  std::string table;    // Its name,
  std::string columns;  // and its columns as CREATE TABLE has them.
  std::string query;    // Over it.
  MadeRows input;
  std::uint32_t workers = 1;
  std::string directory = {};  // Of the state; empty: none is kept.
  std::int64_t interval_micros = std::int64_t{3'600} * 1'000'000;  // Between epochs,
  std::uint64_t epoch_rows = 0;  // and after so many rows; 0: however many.
};

// What was seen of a run, in seconds of wall time.
struct KeptRun {
  double seconds = 0;
  double restore_seconds = 0;       // Reading state back, by its own account.
  std::uint64_t restored_rows = 0;  // Of state.
  double first_result_seconds = 0;  // From the start to the first row of the result.
};

// Runs it to its end.
Result<KeptRun> run(const KeptJob& job);

// A folder for state that goes with the object.
class StateFolder {
 public:
  static Result<StateFolder> make(const std::string& folder);
  ~StateFolder();
  StateFolder(StateFolder&& other) noexcept;
  StateFolder& operator=(StateFolder&&) = delete;

  const std::string& path() const { return path_; }
  // Bytes of all files in it.
  std::uint64_t bytes() const;

 private:
  explicit StateFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Many groups of integers, at about 60 bytes of a file each: row i is of group i, and from
// `groups` on of random ones.
KeptJob many_groups(std::uint64_t groups);

}  // namespace thalweg::bench
