#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/buffer.h"
#include "columnar/decoded_rows.h"
#include "stream/outage.h"

namespace thalweg {

// What a source hands to its own readers with a block beside bytes.
struct BlockContent {
  virtual ~BlockContent() = default;
};

// A run of whole rows of one partition: the unit that one worker reads at a time. Blocks of a
// partition are numbered in order from 0, so that workers sharing a partition agree on its order.
struct Block {
  std::uint64_t number = 0;
  std::int64_t position = 0;  // Of its first row in the partition: byte offset, row number, offset.
  BufferRef bytes;            // Rows in a format; absent where the source has columns already.
  std::uint32_t size = 0;     // Bytes used of `bytes`.
  std::uint32_t rows = 0;     // Sources of columns: how many rows, from `position` on.
  bool first = false;         // Begins an input of its own: a header may stand here.
  // What every reader of the input must know to read any of its blocks (a CSV header); may be null.
  std::shared_ptr<const std::string> header;
  bool too_long = false;  // The beginning of one row that is longer than the limit.
  // Where the partition is read from several inputs in turn: the one that the rows come from, and
  // where in the partition that begins. Null: the partition's own name says it.
  std::shared_ptr<const std::string> input;
  std::int64_t input_position = 0;
  std::shared_ptr<const BlockContent> content;  // May be null.
};

// How far a partition has been read, as kept across restarts.
struct ReadPosition {
  std::int64_t position = 0;  // Of the next block's first row: byte offset, row number, offset.
  // Where a partition is read from several inputs in turn: the one it stands in, and where in it.
  std::string input = {};
  std::int64_t input_position = 0;
  // What the source recognises by that what stood before is still there; may be empty.
  std::string mark = {};
  friend bool operator==(const ReadPosition&, const ReadPosition&) = default;
};

enum class Claim : std::uint8_t {
  kBlock,
  kNothingYet,  // A live partition has been read to its end: ask again later.
  kEnd,         // There will never be more.
};

// One ordered part of a source: a file, a topic's partition. Shared by all workers.
class Partition {
 public:
  virtual ~Partition() = default;

  // The path or topic/partition, for people.
  virtual std::string_view name() const = 0;
  // What a position counts, for people.
  virtual std::string_view position_unit() const { return "byte"; }

  // Hands the next block to the caller alone. Called by any worker, one at a time: the runtime
  // serialises claims of one partition.
  virtual Result<Claim> claim(Block& block) = 0;

  // Where the block begins that claim() would hand out next. Serialised with claim(). Requires:
  // Source::can_resume().
  virtual ReadPosition position() const { return {}; }

  // Goes on from where an earlier run of the program stood; blocks are numbered from 0 again. At
  // most once, before the first claim(). Fails when what was read is no longer there, so that going
  // on would lose or repeat rows. Requires: Source::can_resume().
  virtual Status resume(const ReadPosition& /*position*/) { return {}; }

  // Is read from its beginning, wherever the source's options say that reading begins: it has come
  // since an earlier run, which left the source's partitions at `earlier`. Fails where it holds
  // what was read then under another name. At most once, in place of resume(). Those of
  // Source::new_partitions() are read so without being told.
  virtual Status read_whole(std::span<const ReadPosition> /*earlier*/) { return {}; }

  // How often what had been read was found cut or written anew, and was read from its beginning.
  // From any thread.
  virtual std::uint64_t restarts() const { return 0; }
};

// A row as it stood in the source. Views, until the reader's next begin().
struct SourceRow {
  std::string_view topic;  // Empty: the partition's name, or the block's input, is it.
  std::optional<std::int32_t> partition;  // Of the topic.
  std::optional<std::string_view> key;
  std::optional<std::string_view> payload;
};

// Turns blocks into columns. One per worker.
class BlockReader {
 public:
  virtual ~BlockReader() = default;

  // The block must stay alive until the next begin().
  virtual void begin(const Partition& partition, const Block& block) = 0;

  // The next up to `rows_max` rows of the block; false when the block is used up. Row offsets are
  // relative to the block.
  virtual bool next(std::uint32_t rows_max, DecodedRows& out) = 0;

  // What stands at a row's offset in the block, so far as there are bytes.
  virtual SourceRow row_at(std::uint64_t /*offset*/) const { return {}; }
};

// Where rows come from. Made for one scan of one job: it yields only the columns asked for.
class Source {
 public:
  virtual ~Source() = default;

  virtual Status open() = 0;

  // Whether every partition ends by itself.
  virtual bool bounded() const = 0;

  // Whether rows that have been read can be read again after a restart, from a position on.
  virtual bool can_resume() const { return false; }

  // After open(). Borrowed; they live as long as the source.
  virtual std::vector<Partition*> partitions() = 0;

  // Whether partitions may come while it is read. It does not end then, with whatever it has.
  virtual bool may_grow() const { return false; }
  // Those that have come since partitions(), each told once, to be read from their beginning or
  // from where resume() says. Called often, by any worker, one at a time. Requires: may_grow().
  virtual Result<std::vector<Partition*>> new_partitions() { return std::vector<Partition*>(); }
  // Whether a partition that an earlier run read, and that is not among partitions(), may be among
  // new_partitions() yet. After open().
  virtual bool may_come(std::string_view /*partition*/) const { return false; }

  virtual std::unique_ptr<BlockReader> make_reader() = 0;

  // What it cannot reach now. From any thread.
  virtual std::optional<Outage> outage() const { return std::nullopt; }

  // What was read before `positions`, one for each of partitions() in their order and then of
  // new_partitions(), but for those that came last, is in an epoch that counts. By one thread at a
  // time, while workers go on. Requires: can_resume().
  virtual void epoch_counts(const std::vector<ReadPosition>& /*positions*/) {}
};

}  // namespace thalweg
