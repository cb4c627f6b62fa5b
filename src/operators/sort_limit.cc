#include "operators/sort_limit.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "operators/fixed_column.h"
#include "state/key_table.h"
#include "state/row_buffer.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kResultRowsMax = 4096;
// A prune sorts everything kept; it is worth it once this much has come on top.
constexpr std::uint64_t kPruneRowsMin = 65'536;

std::uint64_t rows_needed(const SortLimitSpec& spec) {
  std::uint64_t sum;
  if (!spec.limit || __builtin_add_overflow(*spec.limit, spec.offset, &sum)) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return sum;
}

// With keys: keeps rows until the input has ended.
class SortLimit final : public Operator {
 public:
  explicit SortLimit(SortLimitSpec spec)
      : spec_(std::move(spec)), needed_(rows_needed(spec_)), buffer_(spec_.rows) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&buffer_};
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    if (needed_ == 0) {
      return Progress::kDone;
    }
    buffer_.add(std::move(batch));
    if (buffer_.rows() > needed_ && buffer_.rows() - needed_ >= std::max(needed_, kPruneRowsMin)) {
      buffer_.sort(spec_.keys, needed_);
    }
    out.hold({.count = buffer_.rows(), .due = kEndOfTime});
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (clock != Clock::kWatermark || now != kEndOfTime || buffer_.rows() == 0) {
      return Progress::kDone;
    }
    buffer_.sort(spec_.keys, needed_);
    const Batch all = buffer_.take();
    const std::uint64_t skipped = std::min<std::uint64_t>(spec_.offset, all.num_rows());
    result_ = all.slice(static_cast<std::uint32_t>(skipped),
                        all.num_rows() - static_cast<std::uint32_t>(skipped));
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override {
    while (emitted_ < result_.num_rows()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      const std::uint32_t count = std::min(kResultRowsMax, result_.num_rows() - emitted_);
      out.emit(Port::kMain, result_.slice(emitted_, count));
      emitted_ += count;
    }
    result_ = Batch();
    emitted_ = 0;
    out.hold({});
    return Progress::kDone;
  }

  Kept kept() const override {
    return {.count = buffer_.rows() + result_.num_rows(),
            .bytes = buffer_.memory_bytes() + result_.memory_bytes()};
  }

 private:
  const SortLimitSpec spec_;
  const std::uint64_t needed_;
  RowBuffer buffer_;
  Batch result_;
  std::uint32_t emitted_ = 0;
};

// How many rows have come, where only a first few of them count.
class RowCount final : public KeyTable {
 public:
  RowCount()
      : KeyTable("rows", {}, {{.name = "rows", .type = type_of(TypeKind::kBigint)}}, index_),
        index_(KeyIndex::make({})) {}

  std::uint64_t rows() const { return rows_; }
  void add(std::uint64_t rows) {
    constexpr GroupId kOnly[] = {0};
    rows_ += rows;
    mark(kOnly);
  }

 protected:
  std::vector<Column> values_of(std::size_t /*part*/, std::span<const GroupId> ids) override {
    return {fixed_column<std::int64_t>(type_of(TypeKind::kBigint), ids.size(), [this](std::size_t) {
      return static_cast<std::int64_t>(rows_);
    })};
  }
  Status restore(std::span<const GroupId> /*ids*/, std::span<const Column> values) override {
    const std::int64_t rows = values[0].values<std::int64_t>().back();
    rows_ = static_cast<std::uint64_t>(rows);
    return rows < 0 ? wrong("there are less than none") : Status();
  }

 private:
  const std::unique_ptr<KeyIndex> index_;
  std::uint64_t rows_ = 0;
};

// Without keys: the first rows to come, as they come.
class Limit final : public Operator {
 public:
  explicit Limit(const SortLimitSpec& spec) : offset_(spec.offset), end_(rows_needed(spec)) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return std::vector<StateTable*>{&come_};
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const std::uint64_t before = come_.rows();
    if (before >= end_) {
      return Progress::kDone;
    }
    const std::uint64_t rows = batch.num_rows();
    const std::uint64_t first = std::min(rows, offset_ - std::min(offset_, before));
    const std::uint64_t last = std::min(rows, end_ - before);
    come_.add(rows);
    if (first == 0 && last == rows) {
      out.emit(Port::kMain, std::move(batch));
    } else if (first < last) {
      out.emit(Port::kMain, batch.slice(static_cast<std::uint32_t>(first),
                                        static_cast<std::uint32_t>(last - first)));
    }
    return Progress::kDone;
  }

  EventTime output_watermark(EventTime watermark) const override {
    return come_.rows() >= end_ ? kEndOfTime : watermark;
  }

 private:
  const std::uint64_t offset_;
  const std::uint64_t end_;
  RowCount come_;
};

}  // namespace

std::unique_ptr<Operator> make_sort_limit(SortLimitSpec spec) {
  if (spec.keys.empty()) {
    return std::make_unique<Limit>(spec);
  }
  return std::make_unique<SortLimit>(std::move(spec));
}

}  // namespace thalweg
