#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "columnar/kernels.h"
#include "connectors/connector.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kBlockRows = 16 * 1024;
constexpr std::uint32_t kShortBlockRows = 2;

// Batches smaller than this are put together when they are stored.
constexpr std::uint32_t kStoredRowsMin = 4 * 1024;

// The table's rows as they were when the scan began.
struct Snapshot {
  std::vector<Batch> batches;
  std::vector<std::uint64_t> starts;  // Number of each batch's first row; one more for the end.

  explicit Snapshot(const MemoryRows& rows) : batches(rows.batches), starts{0} {
    for (const Batch& batch : batches) {
      starts.push_back(starts.back() + batch.length);
    }
  }
  std::uint64_t rows() const { return starts.back(); }
};

class MemoryPartition final : public Partition {
 public:
  MemoryPartition(const Snapshot& snapshot, std::string name, std::uint32_t block_rows)
      : snapshot_(snapshot), name_(std::move(name)), block_rows_(block_rows) {}

  std::string_view name() const override { return name_; }

  Result<Claim> claim(Block& block) override {
    if (next_ == snapshot_.rows()) {
      return Claim::kEnd;
    }
    const std::uint64_t rows = std::min<std::uint64_t>(block_rows_, snapshot_.rows() - next_);
    block = Block{.number = blocks_++,
                  .position = static_cast<std::int64_t>(next_),
                  .bytes = nullptr,
                  .rows = static_cast<std::uint32_t>(rows)};
    next_ += rows;
    return Claim::kBlock;
  }

  ReadPosition position() const override {
    return {.position = static_cast<std::int64_t>(next_),
            .mark = fmt::format("{:x}", hash_of_claimed())};
  }

  // What fills the table runs again after a restart; it must have come to the same rows.
  Status resume(const ReadPosition& place) override {
    next_ = std::min(static_cast<std::uint64_t>(place.position), snapshot_.rows());
    if (position() == place) {
      return {};
    }
    return invalid_argument(fmt::format(
        "cannot go on reading table \"{}\" at row {}: its first rows are others than in "
        "the last run; begin anew with --from-scratch",
        name_, place.position));
  }

 private:
  // In their order, however they are cut into batches.
  std::uint64_t hash_of_claimed() const {
    std::vector<std::uint64_t> hashes;
    while (hashed_ < next_) {
      const auto after =
          std::upper_bound(snapshot_.starts.begin(), snapshot_.starts.end(), hashed_);
      const std::uint64_t start = *(after - 1);
      const Batch& batch =
          snapshot_.batches[static_cast<std::size_t>(after - snapshot_.starts.begin()) - 1];
      const auto rows = static_cast<std::uint32_t>(std::min(next_, *after) - hashed_);
      std::vector<Column> columns;
      for (const Column& column : batch.columns) {
        columns.push_back(column.slice(static_cast<RowIndex>(hashed_ - start), rows));
      }
      hashes.resize(rows);
      hash_keys(columns, rows, hashes);
      for (const std::uint64_t row : hashes) {
        hash_ = hash_key(static_cast<std::int64_t>(hash_ ^ row));
      }
      hashed_ += rows;
    }
    return hash_;
  }

  const Snapshot& snapshot_;
  const std::string name_;
  const std::uint32_t block_rows_;
  std::uint64_t next_ = 0;
  std::uint64_t blocks_ = 0;
  mutable std::uint64_t hashed_ = 0;  // So many rows
  mutable std::uint64_t hash_ = 0;    // have this hash.
};

class MemoryReader final : public BlockReader {
 public:
  MemoryReader(const Snapshot& snapshot, const std::vector<std::uint32_t>& columns)
      : snapshot_(snapshot), columns_(columns) {}

  void begin(const Partition& /*partition*/, const Block& block) override {
    begin_ = static_cast<std::uint64_t>(block.position);
    next_ = begin_;
    end_ = next_ + block.rows;
    const auto after = std::upper_bound(snapshot_.starts.begin(), snapshot_.starts.end(), next_);
    batch_ = static_cast<std::size_t>(after - snapshot_.starts.begin()) - 1;
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    if (next_ == end_) {
      return false;
    }
    while (next_ >= snapshot_.starts[batch_ + 1]) {
      ++batch_;
    }
    const Batch& batch = snapshot_.batches[batch_];
    const auto from = static_cast<RowIndex>(next_ - snapshot_.starts[batch_]);
    const std::uint64_t rows = std::min(end_, snapshot_.starts[batch_ + 1]) - next_;
    out.rows = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows_max, rows));
    out.columns.clear();
    for (const std::uint32_t column : columns_) {
      out.columns.push_back(batch.columns[column].slice(from, out.rows));
    }
    out.first_offset = next_ - begin_;
    next_ += out.rows;
    return true;
  }

 private:
  const Snapshot& snapshot_;
  const std::vector<std::uint32_t>& columns_;
  std::uint64_t begin_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
  std::size_t batch_ = 0;
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(const ScanRequest& request)
      : snapshot_(*request.table.memory),
        partition_(snapshot_, request.table.name,
                   request.short_blocks ? kShortBlockRows : kBlockRows) {
    for (const std::uint32_t column : request.columns) {
      columns_.push_back(physical_index(request.table, column));
    }
  }

  Status open() override { return {}; }
  bool bounded() const override { return true; }
  bool can_resume() const override { return true; }
  std::vector<Partition*> partitions() override { return {&partition_}; }
  std::unique_ptr<BlockReader> make_reader() override {
    return std::make_unique<MemoryReader>(snapshot_, columns_);
  }

 private:
  const Snapshot snapshot_;
  std::vector<std::uint32_t> columns_;
  MemoryPartition partition_;
};

// Rows that wait for the end of the job which writes them, in order of arrival.
class PendingRows {
 public:
  void add(Batch batch) {
    const std::lock_guard lock(mutex_);
    batches_.push_back(std::move(batch));
  }

  std::vector<Batch> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(batches_, {});
  }

 private:
  std::mutex mutex_;  // Guards the batches.
  std::vector<Batch> batches_;
};

class MemoryWriter final : public SinkWriter {
 public:
  explicit MemoryWriter(PendingRows& pending) : pending_(pending) {}

  Status write(const Batch& batch) override {
    Batch stored;
    stored.columns = batch.columns;
    stored.length = batch.length;
    stored.selection = batch.selection;
    pending_.add(std::move(stored).compacted());
    return {};
  }

  Status flush() override { return {}; }

 private:
  PendingRows& pending_;
};

// Appends `batches` to `rows`, neighbouring small ones put together.
void store(std::vector<Batch> batches, MemoryRows& rows) {
  std::vector<Batch> small;
  std::uint32_t small_rows = 0;
  const auto store_small = [&] {
    if (!small.empty()) {
      rows.batches.push_back(small.size() == 1 ? std::move(small[0]) : concat(small));
      small.clear();
      small_rows = 0;
    }
  };
  for (Batch& batch : batches) {
    if (small_rows + batch.length > kStoredRowsMin) {
      store_small();
    }
    small_rows += batch.length;
    small.push_back(std::move(batch));
  }
  store_small();
}

class MemorySink final : public Sink {
 public:
  explicit MemorySink(std::shared_ptr<MemoryRows> rows) : rows_(std::move(rows)) {}

  Status open() override { return {}; }
  std::unique_ptr<SinkWriter> make_writer() override {
    return std::make_unique<MemoryWriter>(pending_);
  }
  // A statement that fails leaves the table as it was.
  Status close(bool completed) override {
    if (completed) {
      store(pending_.take(), *rows_);
    }
    return {};
  }

 private:
  const std::shared_ptr<MemoryRows> rows_;
  PendingRows pending_;
};

Result<std::unique_ptr<Source>> make_source(World& /*world*/, const ScanRequest& request) {
  TW_CHECK(request.table.memory != nullptr);
  return std::unique_ptr<Source>(std::make_unique<MemorySource>(request));
}

Result<std::unique_ptr<Sink>> make_sink(World& /*world*/, const SinkRequest& request) {
  TW_CHECK(request.table.memory != nullptr);
  return std::unique_ptr<Sink>(std::make_unique<MemorySink>(request.table.memory));
}

}  // namespace

Connector memory_connector() {
  return {.info = {.name = "memory",
                   .aliases = {},
                   .text = "Rows kept by the session; the connector of a table without WITH.",
                   .can_read = true,
                   .can_write = true,
                   .takes_format = false,
                   .takes_changes = false,
                   .default_format = {},
                   .options = {},
                   .bounded = [](const Options&) { return true; },
                   .own_schema = nullptr},
          .make_source = make_source,
          .make_sink = make_sink};
}

}  // namespace thalweg
