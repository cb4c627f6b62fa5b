#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// The state that pipelines keep in a directory. The functions look at it from outside: whether
// they run or not, nothing is locked or changed.
namespace thalweg {

// How Pipeline::checkpoint_now() has ended.
struct Checkpoint {
  // All that had been read before the call is in it: a run that starts after a crash goes on from
  // there or later, and sinks that show rows exactly once have shown what came of it.
  std::uint64_t epoch = 0;
  std::string problem;  // Why there is none; empty: there is.
  bool ok() const { return problem.empty(); }
};

// What was found, for people or as JSON; or, where there is a problem, what it is.
struct CheckpointReport {
  std::string problem;  // Empty: none.
  std::string text;     // Lines, each with its newline.
};

// The pipelines that have state in the directory, a line each.
CheckpointReport list_checkpoints(const std::string& directory, bool json);

// One pipeline's last epoch: sources with positions and watermarks, operators with their tables,
// files.
CheckpointReport show_checkpoint(const std::string& directory, const std::string& name, bool json);

// Reads every byte of the last epoch. What is wrong, a line each; empty: nothing is.
std::vector<std::string> verify_checkpoint(const std::string& directory, const std::string& name);

// Writes each row of state as a line of JSON: the operator, the table, and the row's columns. Stops
// early when `write` returns false. The problem, or nothing.
std::string export_checkpoint(const std::string& directory, const std::string& name,
                              const std::function<bool(std::string_view lines)>& write);

// Writes a pipeline's last epoch into one file that needs nothing else, for another directory or
// machine: see StateOptions::from_savepoints. A savepoint that is there already is replaced, any
// other file is not. The text says what has been written.
CheckpointReport create_savepoint(const std::string& directory, const std::string& name,
                                  const std::string& path);

}  // namespace thalweg
