#include "operators/over_calls.h"

#include <algorithm>
#include <utility>

#include "operators/fixed_column.h"
#include "operators/over_ranks.h"

namespace thalweg {

std::size_t OverColumns::place_of(std::uint32_t column) const {
  return static_cast<std::size_t>(std::find(kept.begin(), kept.end(), column) - kept.begin());
}

bool measures_distance(const OverCall& call) {
  return call.has_frame() && call.frame.unit == FrameUnit::kRange &&
         (call.frame.start.value_or(0) != 0 || call.frame.end.value_or(0) != 0);
}

bool tells_peers(const OverCall& call) {
  return call.has_frame() ? call.frame.unit == FrameUnit::kRange
                          : call.kind != OverKind::kRowNumber && call.kind != OverKind::kNtile;
}

bool counts_all_rows(const OverCall& call) {
  return call.kind == OverKind::kPercentRank || call.kind == OverKind::kCumeDist ||
         call.kind == OverKind::kNtile;
}

Column measured_values(const Column& column, bool descending) {
  const auto make = [&](auto value_at) {
    return fixed_column<std::int64_t>(
        type_of(TypeKind::kBigint), column.length(),
        [&](std::size_t i) { return descending ? -value_at(i) : value_at(i); },
        [&](std::size_t i) { return column.is_valid(static_cast<RowIndex>(i)); });
  };
  switch (value_width(column.type().kind)) {
    case 2:
      return make([&](std::size_t i) { return std::int64_t{column.values<std::int16_t>()[i]}; });
    case 4:
      return make([&](std::size_t i) { return std::int64_t{column.values<std::int32_t>()[i]}; });
    default:
      return make([&](std::size_t i) { return column.values<std::int64_t>()[i]; });
  }
}

OverCalls::OverCalls(const std::vector<OverCall>& calls, const std::vector<Type>& types,
                     OverColumns columns, bool nulls_first)
    : columns_(std::move(columns)) {
  for (const OverCall& call : calls) {
    Call& made = calls_.emplace_back(Call{.call = call, .frames = 0, .function = nullptr});
    if (!call.has_frame()) {
      continue;
    }
    const auto same = std::find_if(frames_.begin(), frames_.end(), [&](const OverFrames& frames) {
      return frames.frame() == call.frame;
    });
    made.frames = static_cast<std::size_t>(same - frames_.begin());
    if (same == frames_.end()) {
      frames_.emplace_back(call.frame, columns_.peers, columns_.value, nulls_first);
    }
    OverArguments args;
    if (call.arg) {
      args.arg = columns_.place_of(*call.arg);
      args.arg_type = types[*call.arg];
    }
    if (call.filter) {
      args.filter = columns_.place_of(*call.filter);
    }
    made.function = make_over_function(call, args);
  }
}

void OverCalls::grow_to(std::uint32_t count) {
  for (OverFrames& frames : frames_) {
    frames.grow_to(count);
  }
  for (Call& each : calls_) {
    if (each.function != nullptr) {
      each.function->grow_to(count);
    }
  }
}

void OverCalls::keep_only(std::span<const GroupId> kept) {
  for (OverFrames& frames : frames_) {
    frames.keep_only(kept);
  }
  for (Call& each : calls_) {
    if (each.function != nullptr) {
      each.function->keep_only(kept);
    }
  }
}

std::vector<Column> OverCalls::answer(const OverInput& input, std::vector<RowIndex>& overflow) {
  std::vector<FrameRows> frames;
  for (OverFrames& each : frames_) {
    frames.push_back(each.find(input));
  }
  std::vector<Column> answers;
  for (Call& each : calls_) {
    answers.push_back(each.function == nullptr
                          ? rank_rows(each.call, input, columns_.peers)
                          : each.function->compute(input, frames[each.frames], overflow));
  }
  std::sort(overflow.begin(), overflow.end());
  overflow.erase(std::unique(overflow.begin(), overflow.end()), overflow.end());
  return answers;
}

std::uint32_t OverCalls::first_needed(const OverRun& run) const {
  std::uint32_t first = run.out_end;
  for (const Call& each : calls_) {
    if (each.function != nullptr) {
      const bool all =
          each.call.kind == OverKind::kAggregate && each.call.aggregate == AggregateKind::kArrayAgg;
      first = std::min(first, frames_[each.frames].first_needed(run, all));
    }
  }
  return first;
}

}  // namespace thalweg
