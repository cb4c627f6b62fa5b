#include "operators/pending_matches.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace thalweg {
namespace {

constexpr std::uint32_t kFewWays = 8;  // So few are compared one by one.
constexpr std::size_t kQuestionsAtOnce = 16'384;

}  // namespace

void PendingMatches::keep_only(std::span<const GroupId> kept) {
  rows_.keep_only(kept);
  ways_.keep_only(kept);
  numbers_.keep_only(kept);
}

std::uint32_t PendingMatches::ways(GroupId id) const {
  if (!conditional_) {
    return ways_.size(id);
  }
  std::size_t threads = 0;
  for (const Way& way : ways_.get(id)) {
    threads += way.state == ConditionalSteps::kCrowded ? std::size_t{threads_max_} + 1
                                                       : conditional_->threads(way.state);
  }
  return static_cast<std::uint32_t>(std::min<std::size_t>(threads, UINT32_MAX));
}

bool PendingMatches::add(std::span<const NewRow> rows, const RowSource& source) {
  make_room_for_states();
  added_.clear();
  for (const NewRow& row : rows) {
    if (begin(row)) {
      added_.push_back(row.id);
    }
  }
  if (conditional_) {
    step_threads(source);
  } else {
    for (const GroupId id : added_) {
      step_ways(id, rows_.get(id).back().can_be);
    }
  }
  for (const GroupId id : added_) {
    close_ways(id);
    unite_ways(id);
  }
  return !added_.empty();
}

bool PendingMatches::may_begin(VariableSet can_be) {
  if (steps_.matches_nothing()) {
    return true;
  }
  if (conditional_) {
    return conditional_->may_begin(can_be);
  }
  const PatternSteps::Step step = steps_.step(steps_.first(), can_be);
  return step.next != PatternSteps::kOver || step.accepts;
}

// Whether it makes no difference to what has begun. Rows that were kept when they came made one,
// though only to what is gone by now.
bool PendingMatches::is_passed_over(const NewRow& row) {
  return rows_.size(row.id) == 0 || (steps_.has_gaps() && !row.ref.is_kept &&
                                     std::ranges::all_of(ways_.get(row.id), [&](const Way& way) {
                                       return steps_.step(way.state, row.can_be).passes_over;
                                     }));
}

// False: nothing begins here, as with most rows, and nothing goes on.
bool PendingMatches::begin(const NewRow& added) {
  const GroupId id = added.id;
  if (is_passed_over(added) && !may_begin(added.can_be)) {
    return false;
  }
  const std::int64_t number = numbers_[id]++;
  rows_.append(id, 1)[0] = {
      .ref = added.ref, .can_be = added.can_be, .time = added.time, .heir = number};
  const std::int64_t end = steps_.matches_nothing() ? kNoRows : kNone;
  row_at(id, number).end = end;
  if (first_state() != PatternSteps::kOver) {
    row_at(id, number).way = ways_.size(id);
    ways_.append(id, 1)[0] = {.state = first_state(), .end = end, .last = number};
  }
  return true;
}

void PendingMatches::step_ways(GroupId id, VariableSet can_be) {
  for (std::uint32_t i = 0; i < ways_.size(id); ++i) {
    take_step(id, i, steps_.step(ways_.get(id)[i].state, can_be));
  }
}

void PendingMatches::step_threads(const RowSource& source) {
  for (std::size_t done = 0; done < added_.size();) {
    std::size_t end = done;
    for (; end < added_.size() && conditional_->questions() < kQuestionsAtOnce; ++end) {
      const GroupId id = added_[end];
      for (const Way& way : ways_.get(id)) {
        conditional_->ask(way.state, {.rows = rows_.get(id), .first = first_number(id)}, source);
      }
    }
    conditional_->answer(source);
    for (std::size_t asked = 0; done < end; ++done) {
      asked = step_threads(added_[done], asked);
    }
    conditional_->forget_asked();
  }
}

// `asked` counts ways; so does what is returned.
std::size_t PendingMatches::step_threads(GroupId id, std::size_t asked) {
  const std::uint32_t count = ways_.size(id);
  std::size_t most = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    most += conditional_->threads_most(asked + i);
  }
  if (most > threads_max_) {
    step_many_threads(id, asked);
  } else {
    for (std::uint32_t i = 0; i < count; ++i) {
      take_step(id, i, conditional_->step(asked + i, most));
    }
  }
  return asked + count;
}

// Those ways that begin last come first: where there are too many threads, what begins with the
// first rows is given up. Ways that are alike will be one.
void PendingMatches::step_many_threads(GroupId id, std::size_t asked) {
  std::vector<std::uint32_t> order(ways_.size(id));
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return ways_.get(id)[a].last > ways_.get(id)[b].last;
  });
  absl::flat_hash_set<std::pair<PatternSteps::State, std::int64_t>> known;
  std::size_t threads = 0;
  for (const std::uint32_t i : order) {
    const bool is_full = threads > threads_max_;
    take_step(id, i, conditional_->step(asked + i, is_full ? 0 : threads_max_));
    Way& way = ways_.edit(id)[i];
    if (way.state != ConditionalSteps::kCrowded && known.emplace(way.state, way.end).second) {
      threads += conditional_->threads(way.state);
    }
    if (way.state == ConditionalSteps::kCrowded || threads > threads_max_) {
      threads = std::size_t{threads_max_} + 1;
      way.state = ConditionalSteps::kCrowded;
    }
  }
}

void PendingMatches::take_step(GroupId id, std::uint32_t number, PatternSteps::Step step) {
  Way& way = ways_.edit(id)[number];
  way.state = step.next;
  if (step.accepts) {
    way.end = numbers_[id] - 1;
  }
}

void PendingMatches::close_ways(GroupId id) {
  for (std::uint32_t i = 0; i < ways_.size(id);) {
    const Way& way = ways_.get(id)[i];
    if (way.state != PatternSteps::kOver) {
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

void PendingMatches::trace(GroupId id, std::uint32_t rows, const RowSource& source,
                           std::vector<std::uint32_t>& places) {
  const std::span<const Row> matched = rows_.get(id).first(rows);
  if (conditional_) {
    conditional_->trace({.rows = matched, .first = first_number(id)}, source, places);
    return;
  }
  can_be_.clear();
  for (const Row& row : matched) {
    can_be_.push_back(row.can_be);
  }
  steps_.trace(can_be_, places);
}

void PendingMatches::make_room_for_states() {
  if (!(conditional_ ? conditional_->is_crowded() : steps_.is_crowded())) {
    return;
  }
  std::vector<PatternSteps::State*> in_use;
  for (GroupId id = 0; id < ways_.groups(); ++id) {
    for (Way& way : ways_.edit(id)) {
      in_use.push_back(&way.state);
    }
  }
  if (conditional_) {
    conditional_->keep_only(in_use);
  } else {
    steps_.keep_only(in_use);
  }
}

}  // namespace thalweg
