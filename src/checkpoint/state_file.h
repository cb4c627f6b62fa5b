#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/event_time.h"
#include "base/result.h"
#include "columnar/column.h"
#include "env/env.h"
#include "state/state_table.h"

namespace thalweg {

// Base images and deltas: blocks of rows, and a directory that says where which are.
// docs/formats/checkpoint.md describes the bytes.

enum class BlockKind : std::uint8_t { kPuts, kErased };

struct StoredTable {
  std::string operator_id;
  StateSchema schema;
  std::optional<EventTime> dropped_to;
  KeyGroupRange dropped_groups = {};
};

struct StateBlock {
  std::uint32_t table = 0;
  BlockKind kind = BlockKind::kPuts;
  std::uint8_t group = 0;
  std::uint32_t rows = 0;
  std::uint32_t bytes = 0;
  EventTime first_slice;
  EventTime last_slice;
  std::uint64_t checksum = 0;
  std::uint64_t offset = 0;  // In the file; follows from the blocks before.
};

struct StateFileDirectory {
  std::vector<StoredTable> tables;
  std::vector<StateBlock> blocks;
};

// Writes one such file. Used by one thread at a time.
class StateFileWriter {
 public:
  static Result<std::unique_ptr<StateFileWriter>> create(Env& env, const std::string& path);

  // The number of a table in this file.
  std::uint32_t table(const std::string& operator_id, const StateSchema& schema);
  void drop(std::uint32_t table, EventTime dropped_to, KeyGroupRange groups);

  // Rows of one key group: all columns of puts, the key columns of erased ones. Not empty.
  Status add(std::uint32_t table, BlockKind kind, std::uint32_t group,
             std::span<const Column> columns);

  // Writes the directory. Does not wait for the disk.
  Status finish();
  // Waits for the disk; afterwards the file can only be destroyed.
  Status sync();

  // Requires: finished.
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t directory_checksum() const { return directory_checksum_; }

 private:
  explicit StateFileWriter(std::unique_ptr<DurableFile> file);
  Status flush();

  std::unique_ptr<DurableFile> file_;
  StateFileDirectory directory_;
  std::string pending_;
  std::uint64_t bytes_ = 0;  // With those pending.
  std::uint64_t directory_checksum_ = 0;
};

// Such a file that is to be read.
struct StateFile {
  std::string path;
  StateFileDirectory directory;
};

// Checks head, directory and the sizes of all parts. Blocks are checked when they are read.
// `bytes` and `directory_checksum`: as the writer said.
Result<StateFile> open_state_file(Env& env, const std::string& path, std::uint64_t bytes,
                                  std::uint64_t directory_checksum);

// Reads the blocks of these numbers, ascending, and checks and decodes each.
using BlockVisitor = std::function<Status(const StateBlock& block, std::vector<Column> columns)>;
Status read_blocks(Env& env, const StateFile& file, std::span<const std::uint32_t> blocks,
                   const BlockVisitor& visit);

}  // namespace thalweg
