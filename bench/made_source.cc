#include "made_source.h"

#include <algorithm>
#include <utility>

#include "measure.h"

namespace thalweg::bench {
namespace {

constexpr std::uint32_t kBlockRows = 16 * 1024;

class MadePartition final : public Partition {
 public:
  explicit MadePartition(const MadeRows& rows) : rows_(rows) {}

  std::string_view name() const override { return "made"; }

  Result<Claim> claim(Block& block) override {
    if (rows_.on_turn) {
      rows_.on_turn(next_);
    }
    const std::uint64_t there = std::min(rows_.rows, rows_by_now());
    if (there == next_) {
      return next_ == rows_.rows && rows_.ends ? Claim::kEnd : Claim::kNothingYet;
    }
    block = Block{
        .number = blocks_++,
        .position = static_cast<std::int64_t>(next_),
        .bytes = nullptr,
        .rows = static_cast<std::uint32_t>(std::min<std::uint64_t>(kBlockRows, there - next_))};
    next_ += block.rows;
    return Claim::kBlock;
  }

  ReadPosition position() const override { return {.position = static_cast<std::int64_t>(next_)}; }
  Status resume(const ReadPosition& place) override {
    next_ = static_cast<std::uint64_t>(place.position);
    return {};
  }

 private:
  std::uint64_t rows_by_now() {
    if (rows_.rows_per_second == 0 || next_ < rows_.paced_from) {
      return rows_.rows_per_second == 0 ? rows_.rows : rows_.paced_from;
    }
    const double now = seconds_now(Clock::kWall);
    if (pace_begin_ == 0) {
      pace_begin_ = now;
      pace_row_ = next_;
    }
    return std::max(
        next_, pace_row_ + static_cast<std::uint64_t>((now - pace_begin_) *
                                                      static_cast<double>(rows_.rows_per_second)));
  }

  const MadeRows& rows_;
  std::uint64_t next_ = 0;
  std::uint64_t blocks_ = 0;
  double pace_begin_ = 0;
  std::uint64_t pace_row_ = 0;
};

class MadeReader final : public BlockReader {
 public:
  MadeReader(const MadeRows& rows, const std::vector<std::uint32_t>& columns)
      : rows_(rows), columns_(columns) {}

  void begin(const Partition& /*partition*/, const Block& block) override {
    begin_ = next_ = static_cast<std::uint64_t>(block.position);
    end_ = begin_ + block.rows;
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    if (next_ == end_) {
      return false;
    }
    out.rows = static_cast<std::uint32_t>(std::min<std::uint64_t>(rows_max, end_ - next_));
    const std::vector<Column> all = rows_.make(next_, out.rows);
    out.columns.clear();
    for (const std::uint32_t column : columns_) {
      out.columns.push_back(all[column]);
    }
    out.first_offset = next_ - begin_;
    next_ += out.rows;
    return true;
  }

 private:
  const MadeRows& rows_;
  const std::vector<std::uint32_t>& columns_;
  std::uint64_t begin_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
};

class MadeSource final : public Source {
 public:
  MadeSource(const MadeRows& rows, std::vector<std::uint32_t> columns)
      : rows_(rows), columns_(std::move(columns)), partition_(rows) {}

  Status open() override { return {}; }
  bool bounded() const override { return rows_.ends; }
  bool can_resume() const override { return true; }
  std::vector<Partition*> partitions() override { return {&partition_}; }
  std::unique_ptr<BlockReader> make_reader() override {
    return std::make_unique<MadeReader>(rows_, columns_);
  }

 private:
  const MadeRows& rows_;
  const std::vector<std::uint32_t> columns_;
  MadePartition partition_;
};

}  // namespace

std::unique_ptr<Source> make_made_source(const MadeRows& rows, std::vector<std::uint32_t> columns) {
  return std::make_unique<MadeSource>(rows, std::move(columns));
}

}  // namespace thalweg::bench
