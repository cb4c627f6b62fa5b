#include "operators/over_calls.h"

#include <algorithm>
#include <string>
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

Schema OverCalls::state_columns() const {
  Schema columns;
  for (std::size_t i = 1; i <= frames_.size(); ++i) {
    for (const char* const bound : {"begin", "end"}) {
      columns.push_back({.name = std::string(bound) + " of frame " + std::to_string(i),
                         .type = type_of(TypeKind::kBigint)});
    }
  }
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    if (calls_[i].function != nullptr) {
      for (const Field& field : calls_[i].function->state_columns()) {
        columns.push_back(
            {.name = "call " + std::to_string(i + 1) + ": " + field.name, .type = field.type});
      }
    }
  }
  return columns;
}

void OverCalls::append_state(std::span<const GroupId> ids, std::vector<Column>& out) const {
  for (const OverFrames& frames : frames_) {
    for (std::uint64_t OverFrames::Numbers::* const bound :
         {&OverFrames::Numbers::begin, &OverFrames::Numbers::end}) {
      out.push_back(bigint_column_of(ids.size(), [&](std::size_t i) {
        return static_cast<std::int64_t>(frames.last(ids[i]).*bound);
      }));
    }
  }
  for (const Call& each : calls_) {
    if (each.function != nullptr) {
      each.function->append_state(ids, out);
    }
  }
}

Status OverCalls::restore_state(std::span<const GroupId> ids, std::span<const Column> state) {
  for (OverFrames& frames : frames_) {
    const auto begins = state[0].values<std::int64_t>();
    const auto ends = state[1].values<std::int64_t>();
    for (RowIndex row = 0; row < ids.size(); ++row) {
      frames.set_last(ids[row], {.begin = static_cast<std::uint64_t>(begins[row]),
                                 .end = static_cast<std::uint64_t>(ends[row])});
    }
    state = state.subspan(2);
  }
  for (const Call& each : calls_) {
    if (each.function != nullptr) {
      const std::size_t count = each.function->state_columns().size();
      TW_TRY(each.function->restore_state(ids, state.first(count)));
      state = state.subspan(count);
    }
  }
  return {};
}

void OverCalls::restore_rows(const OverInput& input) {
  for (const Call& each : calls_) {
    if (each.function != nullptr) {
      std::vector<RowRange> previous;
      for (const OverRun& run : input.runs) {
        previous.push_back(frames_[each.frames].last_of(run));
      }
      each.function->restore_rows(input, previous);
    }
  }
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
