#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/epoch_store.h"
#include "checkpoint/manifest.h"

namespace thalweg {

// Looking at the state of a job, whether it runs or not: nothing is locked or changed.

// The names of the jobs that have state in a directory, in order.
Result<std::vector<std::string>> list_states(Env& env, const std::string& directory);

// The error that a job has no state there; names those that have.
Status no_state(Env& env, const std::string& directory, const std::string& name);

struct TableSummary {
  std::string operator_id;
  StateSchema schema;
  std::uint64_t base_rows = 0;    // In the base image, and
  std::uint64_t put_rows = 0;     // what deltas put and
  std::uint64_t erased_rows = 0;  // erase since.
  std::uint64_t bytes = 0;        // Of all of them on the disk.
};

struct FileSummary {
  std::string name;
  bool base = false;
  std::uint64_t epoch = 0;
  std::uint64_t bytes = 0;
};

// The last decided epoch of a job. While the job runs, the files may go as newer epochs come: what
// then fails can be opened anew.
class StateInspection {
 public:
  static Result<std::unique_ptr<StateInspection>> open(Env& env, const std::string& directory,
                                                       const std::string& name);
  virtual ~StateInspection() = default;

  virtual const EpochRecord& record() const = 0;
  virtual std::vector<FileSummary> files() const = 0;
  virtual std::vector<TableSummary> tables() const = 0;

  // Calls `visit` with the rows that a table has, all columns, some rows at a time.
  virtual Status visit_rows(
      const std::string& operator_id, const std::string& table,
      const std::function<Status(const std::vector<Column>& columns)>& visit) const = 0;
};

// What is wrong with a file that a manifest names, at most one text a block; empty: nothing is.
std::vector<std::string> verify_file(Env& env, const std::string& path, const FileEntry& entry);

// Checks every byte of a job's last decided epoch, and says what is wrong; empty: nothing is.
std::vector<std::string> verify_state(Env& env, const std::string& directory,
                                      const std::string& name);

}  // namespace thalweg
