#include "operators/sort_limit.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
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
  explicit SortLimit(SortLimitSpec spec) : spec_(std::move(spec)), needed_(rows_needed(spec_)) {}

  Result<std::vector<StateTable*>> state_tables() override {
    return invalid_argument("the state of ORDER BY or LIMIT cannot be kept yet");
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    if (needed_ == 0) {
      return Progress::kDone;
    }
    buffer_.add(std::move(batch));
    if (buffer_.rows() > needed_ && buffer_.rows() - needed_ >= std::max(needed_, kPruneRowsMin)) {
      buffer_.add(sorted(needed_));
    }
    out.hold({.count = buffer_.rows(), .due = kEndOfTime});
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (clock != Clock::kWatermark || now != kEndOfTime || buffer_.rows() == 0) {
      return Progress::kDone;
    }
    const Batch all = sorted(needed_);
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

 private:
  // The first `count` rows of all that is kept, which is kept no longer.
  Batch sorted(std::uint64_t count) {
    Batch all = buffer_.take();
    std::vector<RowIndex> order = sort_rows(all.columns, spec_.keys, all.length);
    order.resize(std::min<std::uint64_t>(order.size(), count));
    for (Column& column : all.columns) {
      column = gather(column, order);
    }
    for (auto* column :
         {&all.event_time, &all.stamps, &all.changes, &all.partition, &all.position}) {
      if (*column) {
        *column = gather(**column, order);
      }
    }
    all.length = static_cast<std::uint32_t>(order.size());
    return all;
  }

  const SortLimitSpec spec_;
  const std::uint64_t needed_;
  RowBuffer buffer_;
  Batch result_;
  std::uint32_t emitted_ = 0;
};

// Without keys: the first rows to come, as they come.
class Limit final : public Operator {
 public:
  explicit Limit(const SortLimitSpec& spec) : skip_(spec.offset) {
    left_ = spec.limit.value_or(std::numeric_limits<std::uint64_t>::max());
  }

  Result<std::vector<StateTable*>> state_tables() override {
    return invalid_argument("the state of ORDER BY or LIMIT cannot be kept yet");
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    const auto skipped =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(skip_, batch.num_rows()));
    const auto taken =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(left_, batch.num_rows() - skipped));
    skip_ -= skipped;
    left_ -= taken;
    if (taken == batch.num_rows()) {
      out.emit(Port::kMain, std::move(batch));
    } else if (taken > 0) {
      out.emit(Port::kMain, batch.slice(skipped, taken));
    }
    return Progress::kDone;
  }

 private:
  std::uint64_t skip_;
  std::uint64_t left_;
};

}  // namespace

std::unique_ptr<Operator> make_sort_limit(SortLimitSpec spec) {
  if (spec.keys.empty()) {
    return std::make_unique<Limit>(spec);
  }
  return std::make_unique<SortLimit>(std::move(spec));
}

}  // namespace thalweg
