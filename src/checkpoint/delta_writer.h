#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/epoch_store.h"
#include "checkpoint/state_file.h"

namespace thalweg {

// Writes a worker's delta. The file is made when there is something to write.
class FileDeltaWriter final : public DeltaWriter {
 public:
  // What is called by finish(), with a finished file that is not synced, or null: nothing changed.
  using Finished = std::function<void(std::unique_ptr<StateFileWriter>)>;

  FileDeltaWriter(Env& env, std::string path, Finished finished);

  Status add(const std::string& operator_id, const StateSchema& schema,
             const StateChanges& changes) override;
  Status finish() override;

 private:
  // Rows of one table that wait until there are enough of them for blocks of a good size.
  struct Waiting {
    std::vector<std::vector<Column>> pieces;
    std::uint32_t rows = 0;
    std::size_t bytes = 0;
  };
  struct Table {
    std::string operator_id;
    StateSchema schema;
    Waiting puts;
    Waiting erased;
  };

  Table& table(const std::string& operator_id, const StateSchema& schema);
  Status keep(Table& table, BlockKind kind, const std::vector<Column>& columns);
  Status write(Table& table, BlockKind kind);
  Result<StateFileWriter*> file();

  Env& env_;
  const std::string path_;
  const Finished finished_;
  std::unique_ptr<StateFileWriter> file_;
  std::vector<std::unique_ptr<Table>> tables_;
};

}  // namespace thalweg
