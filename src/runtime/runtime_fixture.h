#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columnar/builder.h"
#include "columnar/value.h"
#include "env/fake_env.h"
#include "expr/expr_fixture.h"
#include "plan/build.h"
#include "runtime/job.h"
#include "runtime/step.h"
#include "stream/collecting_emitter.h"

// A source and a sink in memory, for the tests of this folder.
namespace thalweg::fixture {

// A row of the test table: key TEXT, amount BIGINT, time TIMESTAMP.
struct TestRow {
  std::string key;
  std::int64_t amount = 0;
  std::optional<std::int64_t> time;
};

inline constexpr std::uint32_t kKeyColumn = 0;
inline constexpr std::uint32_t kAmountColumn = 1;
inline constexpr std::uint32_t kTimeColumn = 2;

inline ExprPtr key_column() { return column_expr(kKeyColumn, type_of(TypeKind::kText), "key"); }
inline ExprPtr amount_column() {
  return column_expr(kAmountColumn, type_of(TypeKind::kBigint), "amount");
}
inline ExprPtr time_column() {
  return column_expr(kTimeColumn, type_of(TypeKind::kTimestamp), "time");
}

inline std::shared_ptr<Table> test_table(std::int64_t delay_micros) {
  auto table = std::make_shared<Table>();
  table->name = "events";
  table->columns.push_back({.field = {"key", type_of(TypeKind::kText)}, .computed = {}});
  table->columns.push_back({.field = {"amount", type_of(TypeKind::kBigint)}, .computed = {}});
  table->columns.push_back({.field = {"time", type_of(TypeKind::kTimestamp)}, .computed = {}});
  table->watermark =
      Watermark{.column = kTimeColumn, .bound = time_column(), .delay_micros = delay_micros};
  return table;
}

// One partition of rows, handed out some at a time.
class TestPartition final : public Partition {
 public:
  TestPartition(std::vector<TestRow> rows, std::uint32_t block_rows)
      : rows_(std::move(rows)), block_rows_(block_rows) {}

  std::string_view name() const override { return called; }

  Result<Claim> claim(Block& block) override {
    const std::uint32_t claimed = claimed_.load();
    if (fail_at && claimed >= *fail_at) {
      return invalid_argument("the disk is gone");
    }
    if (claimed == rows_.size()) {
      return live ? Claim::kNothingYet : Claim::kEnd;
    }
    block.number = next_block_++;
    block.position = claimed;
    block.rows = std::min(block_rows_, static_cast<std::uint32_t>(rows_.size()) - claimed);
    claimed_ += block.rows;
    return Claim::kBlock;
  }

  ReadPosition position() const override { return {.position = claimed_.load()}; }
  Status resume(const ReadPosition& place) override {
    claimed_ = static_cast<std::uint32_t>(place.position);
    return {};
  }

  const std::vector<TestRow>& rows() const { return rows_; }
  std::uint32_t claimed() const { return claimed_.load(); }

  std::string called = "memory";
  bool live = false;                     // It never ends.
  std::optional<std::uint32_t> fail_at;  // Claims fail once so many rows were claimed.

 private:
  const std::vector<TestRow> rows_;
  const std::uint32_t block_rows_;
  std::uint64_t next_block_ = 0;
  std::atomic<std::uint32_t> claimed_{0};
};

class TestReader final : public BlockReader {
 public:
  explicit TestReader(std::vector<std::uint32_t> columns) : columns_(std::move(columns)) {}

  void begin(const Partition& partition, const Block& block) override {
    rows_ = &static_cast<const TestPartition&>(partition).rows();
    next_ = static_cast<std::uint32_t>(block.position);
    end_ = next_ + block.rows;
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    if (next_ == end_) {
      return false;
    }
    out.rows = std::min(rows_max, end_ - next_);
    for (const std::uint32_t column : columns_) {
      out.columns.push_back(decode(column, out.rows));
    }
    next_ += out.rows;
    return true;
  }

 private:
  Column decode(std::uint32_t column, std::uint32_t count) const {
    ColumnBuilder builder(type_of(column == kKeyColumn      ? TypeKind::kText
                                  : column == kAmountColumn ? TypeKind::kBigint
                                                            : TypeKind::kTimestamp));
    for (std::uint32_t i = next_; i < next_ + count; ++i) {
      const TestRow& row = (*rows_)[i];
      if (column == kKeyColumn) {
        builder.append_text(row.key);
      } else if (column == kAmountColumn) {
        builder.append(row.amount);
      } else if (row.time) {
        builder.append(*row.time);
      } else {
        builder.append_null();
      }
    }
    return builder.finish();
  }

  const std::vector<std::uint32_t> columns_;
  const std::vector<TestRow>* rows_ = nullptr;
  std::uint32_t next_ = 0;
  std::uint32_t end_ = 0;
};

// Borrows its partitions.
class TestSource final : public Source {
 public:
  TestSource(std::vector<TestPartition*> partitions, std::vector<std::uint32_t> columns)
      : partitions_(std::move(partitions)), columns_(std::move(columns)) {}

  Status open() override { return {}; }
  bool bounded() const override { return true; }
  std::vector<Partition*> partitions() override { return {partitions_.begin(), partitions_.end()}; }
  std::unique_ptr<BlockReader> make_reader() override {
    return std::make_unique<TestReader>(columns_);
  }

 private:
  const std::vector<TestPartition*> partitions_;
  const std::vector<std::uint32_t> columns_;
};

// Everything that all writers wrote, as text; what happens at each write is the test's to say.
struct Written {
  std::mutex mutex;  // Guards rows and changes.
  std::vector<std::vector<std::string>> rows;
  std::vector<int> changes;
  std::function<Status()> on_write;  // Called under the lock, after the rows are in.
  std::optional<bool> completed;     // What close() was told.

  std::map<std::vector<std::string>, int> folded() const {
    std::map<std::vector<std::string>, int> sums;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if ((sums[rows[i]] += changes[i]) == 0) {
        sums.erase(rows[i]);
      }
    }
    return sums;
  }
};

class TestSinkWriter final : public SinkWriter {
 public:
  explicit TestSinkWriter(Written& written) : written_(written) {}

  Status write(const Batch& batch) override {
    const std::lock_guard lock(written_.mutex);
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      std::vector<std::string>& texts = written_.rows.emplace_back();
      for (const Value& value : CollectingEmitter::row_values(batch, row)) {
        texts.push_back(value.is_null() ? "NULL" : to_string(value));
      }
      written_.changes.push_back(batch.changes ? batch.changes->values<std::int16_t>()[row] : 1);
    }
    return written_.on_write ? written_.on_write() : Status();
  }
  Status flush() override { return {}; }

 private:
  Written& written_;
};

class TestSink final : public Sink {
 public:
  explicit TestSink(Written& written) : written_(written) {}
  Status open() override { return {}; }
  std::unique_ptr<SinkWriter> make_writer() override {
    return std::make_unique<TestSinkWriter>(written_);
  }
  Status close(bool completed) override {
    written_.completed = completed;
    return {};
  }

 private:
  Written& written_;
};

// Keeps what a step sends, and says whether there is room.
class RecordingOutlet final : public Outlet {
 public:
  RecordingOutlet(std::vector<Message>& sent, bool& room) : sent_(sent), room_(room) {}
  void send(Message message) override { sent_.push_back(std::move(message)); }
  bool has_room() override { return room_; }

 private:
  std::vector<Message>& sent_;
  bool& room_;
};

}  // namespace thalweg::fixture
