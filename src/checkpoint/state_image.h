#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/manifest.h"
#include "checkpoint/state_file.h"
#include "state/key_groups.h"

namespace thalweg {

// The rows of an epoch, in its files: a base image and deltas. Reading only; thread-safe.
class StateImage {
 public:
  static Result<StateImage> open(Env& env, const std::string& directory, const Manifest& manifest);

  // Each table once, in the order in which the files first name them, as the newest has it.
  std::vector<StoredTable> tables() const;

  // See EpochStore::read().
  Status read(const std::string& operator_id, const StateSchema& schema, KeyGroupRange groups,
              const std::function<Status(const StateChanges&)>& visit) const;

  // The rows that a table has in one key group, all columns, some at a time. Holds no more memory
  // than the keys that all files speak of there, and some blocks.
  using RowsVisitor = std::function<Status(std::vector<Column> columns)>;
  Status rows(const std::string& operator_id, const std::string& table, std::uint32_t group,
              const RowsVisitor& visit) const;

  // All blocks of a table's rows that count, whether newer ones speak of the same rows or not.
  void visit_blocks(const std::string& operator_id, const std::string& table,
                    const std::function<void(const FileEntry&, const StateBlock&)>& visit) const;

  struct File {
    FileEntry entry;
    StateFile file;
    std::vector<std::uint32_t> by_group;  // Numbers of blocks by table, key group and place.
  };
  const std::vector<File>& files() const { return files_; }

 private:
  StateImage(Env& env, std::vector<Forgotten> forgotten)
      : env_(&env), forgotten_(std::move(forgotten)) {}

  Env* env_;
  std::vector<Forgotten> forgotten_;
  std::vector<File> files_;
};

}  // namespace thalweg
