#include "operators/pending_matches.h"

#include <absl/container/flat_hash_map.h>

#include <utility>

namespace thalweg {
namespace {

constexpr std::uint32_t kFewWays = 8;  // So few are compared one by one.

}  // namespace

void PendingMatches::keep_only(std::span<const GroupId> kept) {
  rows_.keep_only(kept);
  ways_.keep_only(kept);
  numbers_.keep_only(kept);
}

void PendingMatches::add(GroupId id, RowRef ref, VariableSet can_be, std::int64_t time) {
  const std::int64_t number = numbers_[id];
  if (rows_.size(id) == 0 && !steps_.matches_nothing()) {
    const PatternSteps::Step step = steps_.step(steps_.first(), can_be);
    if (step.next == PatternSteps::kOver && !step.accepts) {
      return;  // Nothing begins here, as with most rows.
    }
  }
  make_room_for_states();
  numbers_[id] = number + 1;
  rows_.append(id, 1)[0] = {.ref = ref, .can_be = can_be, .time = time, .heir = number};
  const std::int64_t end = steps_.matches_nothing() ? kNoRows : kNone;
  if (steps_.first() == PatternSteps::kOver) {
    row_at(id, number).end = end;
  } else {
    row_at(id, number).way = ways_.size(id);
    ways_.append(id, 1)[0] = {.state = steps_.first(), .end = end, .last = number};
  }
  step_ways(id, number, can_be);
  unite_ways(id);
}

void PendingMatches::step_ways(GroupId id, std::int64_t number, VariableSet can_be) {
  for (std::uint32_t i = 0; i < ways_.size(id);) {
    Way& way = ways_.edit(id)[i];
    const PatternSteps::Step step = steps_.step(way.state, can_be);
    way.state = step.next;
    if (step.accepts) {
      way.end = number;
    }
    if (step.next != PatternSteps::kOver) {
      ++i;
      continue;
    }
    Row& row = row_at(id, way.last);
    row.end = way.end;
    row.way = kNoWay;
    drop_way(id, i);
  }
}

void PendingMatches::unite_ways(GroupId id) {
  if (ways_.size(id) <= kFewWays) {
    for (std::uint32_t i = 1; i < ways_.size(id);) {
      const std::span<const Way> ways = ways_.get(id);
      std::uint32_t like = 0;
      while (!ways[like].is_like(ways[i])) {
        ++like;
      }
      if (like < i) {
        unite(id, like, i);
      } else {
        ++i;
      }
    }
    return;
  }
  absl::flat_hash_map<std::pair<PatternSteps::State, std::int64_t>, std::uint32_t> known;
  for (std::uint32_t i = 0; i < ways_.size(id);) {
    const Way& way = ways_.get(id)[i];
    const auto [found, is_new] = known.try_emplace(std::pair(way.state, way.end), i);
    if (is_new) {
      ++i;
    } else {
      unite(id, found->second, i);
    }
  }
}

void PendingMatches::unite(GroupId id, std::uint32_t into, std::uint32_t way) {
  Way& kept = ways_.edit(id)[into];
  const std::int64_t other = ways_.get(id)[way].last;
  const std::int64_t last = std::max(kept.last, other);
  row_at(id, std::min(kept.last, other)).heir = last;
  row_at(id, last).way = into;
  kept.last = last;
  drop_way(id, way);
}

void PendingMatches::drop_way(GroupId id, std::uint32_t way) {
  const std::span<Way> ways = ways_.edit(id);
  if (way + 1 < ways.size()) {
    ways[way] = ways.back();
    row_at(id, ways[way].last).way = way;
  }
  ways_.drop_back(id, 1);
}

// Rows on the way there are led straight to it.
std::int64_t PendingMatches::heir_of(GroupId id, std::int64_t number) {
  std::int64_t heir = number;
  while (row_at(id, heir).heir != heir) {
    heir = row_at(id, heir).heir;
  }
  while (number != heir) {
    number = std::exchange(row_at(id, number).heir, heir);
  }
  return heir;
}

PendingMatches::Outcome PendingMatches::first_match(GroupId id) {
  const std::int64_t first = first_number(id);
  const Row& row = row_at(id, heir_of(id, first));
  const std::int64_t end = row.way == kNoWay ? row.end : ways_.get(id)[row.way].end;
  return {.certain = row.way == kNoWay,
          .matches = end != kNone,
          .rows = end >= 0 ? static_cast<std::uint32_t>(end - first + 1) : 0};
}

void PendingMatches::drop_first(GroupId id) {
  const Row& row = rows_.get(id)[0];
  if (row.way != kNoWay && row.heir == first_number(id)) {
    drop_way(id, row.way);
  }
  rows_.drop_front(id, 1);
}

void PendingMatches::trace(GroupId id, std::uint32_t rows, std::vector<std::uint32_t>& places) {
  can_be_.clear();
  for (const Row& row : rows_.get(id).first(rows)) {
    can_be_.push_back(row.can_be);
  }
  steps_.trace(can_be_, places);
}

void PendingMatches::make_room_for_states() {
  if (!steps_.is_crowded()) {
    return;
  }
  std::vector<PatternSteps::State*> in_use;
  for (GroupId id = 0; id < ways_.groups(); ++id) {
    for (Way& way : ways_.edit(id)) {
      in_use.push_back(&way.state);
    }
  }
  steps_.keep_only(in_use);
}

}  // namespace thalweg
