#include "operators/conditional_steps.h"

#include <absl/hash/hash.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace thalweg {
namespace {

constexpr std::size_t kWordsMin = std::size_t{1} << 16;
constexpr std::uint32_t kNoThread = UINT32_MAX;
constexpr std::uint32_t kFewThreads = 8;  // So few are compared one by one.

std::uint64_t hash_of(std::span<const std::uint64_t> words) {
  return absl::HashOf(
      std::string_view(reinterpret_cast<const char*>(words.data()), words.size_bytes()));
}

}  // namespace

ConditionalSteps::ConditionalSteps(Spec spec)
    : program_(std::move(spec.program)),
      conditions_(std::move(spec.conditions)),
      columns_(spec.types.size()),
      memory_(conditions_.terms, std::move(spec.variables), std::move(spec.types)),
      stride_(1 + memory_.words()),
      crowded_at_(kWordsMin) {
  for (const ExprPtr& expr : conditions_.by_variable) {
    std::optional<Condition>& condition = evaluators_.emplace_back();
    if (expr == nullptr) {
      continue;
    }
    condition.emplace(Condition{.evaluator = Evaluator(expr)});
    std::vector<bool> used(columns_ + conditions_.terms.size());
    collect_columns(*expr, used);
    for (std::uint32_t i = 0; i < used.size(); ++i) {
      if (used[i] && i < columns_) {
        condition->columns.push_back(i);
      } else if (used[i]) {
        condition->terms.push_back(i - static_cast<std::uint32_t>(columns_));
      }
    }
  }
  evaluators_.resize(kPatternVariablesMax);
  for (const PatternProgram::Place& place : program_.places) {
    TW_CHECK(!place.is_gap());  // What may come next is known of the row alone.
  }
  find_parts();
  put({});
  put({});
  for (const std::uint32_t place : program_.first) {
    if (place != PatternProgram::kAccept) {
      first_variables_ |= VariableSet{1} << program_.places[place].variable;
      next_.push_back(place);
      next_.resize(next_.size() + memory_.words());
    }
  }
  first_ = state_of(next_);
}

// What is looked at by no condition from a place on makes no difference between its threads.
void ConditionalSteps::find_parts() {
  for (const PatternProgram::Place& place : program_.places) {
    MatchMemory::Parts& parts = parts_.emplace_back(0);
    if (const std::optional<Condition>& condition = evaluators_[place.variable]) {
      for (const std::uint32_t term : condition->terms) {
        parts |= memory_.parts_of(term);
      }
    }
  }
  // Most places are followed by later ones, so that few rounds are enough.
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t place = parts_.size(); place-- > 0;) {
      const MatchMemory::Parts before = parts_[place];
      for (const std::uint32_t next : program_.next[place]) {
        parts_[place] |= next == PatternProgram::kAccept ? 0 : parts_[next];
      }
      changed = changed || parts_[place] != before;
    }
  }
}

void ConditionalSteps::ask(State state, const RowsSoFar& rows, const RowSource& source) {
  ask(list(state), rows, source);
}

void ConditionalSteps::ask(std::span<const std::uint64_t> threads, const RowsSoFar& rows,
                           const RowSource& source) {
  const auto number = static_cast<std::uint32_t>(asked_.size());
  const VariableSet can_be = rows.rows.back().can_be;
  asked_.push_back({.rows = rows, .begin = candidates_.size(), .end = 0});
  for (std::size_t at = 0; at < threads.size(); at += stride_) {
    const auto place = static_cast<std::uint32_t>(threads[at]);
    const std::uint32_t variable = program_.places[place].variable;
    if ((can_be >> variable & 1) == 0) {
      continue;
    }
    const std::size_t memory = memories_.size();
    memories_.insert(memories_.end(), threads.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                     threads.begin() + static_cast<std::ptrdiff_t>(at + stride_));
    memory_.take(variable, rows, source, {memories_.data() + memory, memory_.words()});
    std::optional<Condition>& condition = evaluators_[variable];
    if (condition) {
      condition->asked.push_back(static_cast<std::uint32_t>(candidates_.size()));
    }
    candidates_.push_back({.place = place,
                           .thread = static_cast<std::uint32_t>(at / stride_),
                           .asked = number,
                           .holds = !condition,
                           .error = RowError::kNone});
  }
  asked_.back().end = candidates_.size();
}

void ConditionalSteps::answer(const RowSource& source) {
  for (std::optional<Condition>& condition : evaluators_) {
    if (condition && !condition->asked.empty()) {
      evaluate(*condition, source);
      condition->asked.clear();
    }
  }
}

void ConditionalSteps::evaluate(Condition& condition, const RowSource& source) {
  seen_.clear();
  refs_.clear();
  for (const std::uint32_t number : condition.asked) {
    const RowsSoFar& rows = asked_[candidates_[number].asked].rows;
    seen_.push_back({.memory = memories_.data() + number * memory_.words(), .rows = &rows});
    refs_.push_back(rows.rows.back().ref);
  }
  Batch batch;
  batch.length = static_cast<std::uint32_t>(seen_.size());
  batch.columns.resize(columns_ + conditions_.terms.size());
  for (const std::uint32_t column : condition.columns) {
    batch.columns[column] = source.column(refs_, column);
  }
  std::vector<RowIndex> overflow;
  for (const std::uint32_t term : condition.terms) {
    batch.columns[columns_ + term] = memory_.term(term, seen_, source, overflow);
  }
  const Verdict verdict = judge(batch, condition.evaluator.evaluate(batch, context_));
  for (const RowIndex row : verdict.kept) {
    candidates_[condition.asked[row]].holds = true;
  }
  for (std::size_t i = 0; i < verdict.failed.size(); ++i) {
    candidates_[condition.asked[verdict.failed[i]]].error = verdict.errors[i];
  }
  for (const RowIndex row : overflow) {
    Candidate& candidate = candidates_[condition.asked[row]];
    candidate.holds = false;
    candidate.error = RowError::kOverflow;
  }
}

std::size_t ConditionalSteps::threads_most(std::size_t number) const {
  std::size_t most = 0;
  for (std::size_t i = asked_[number].begin; i < asked_[number].end; ++i) {
    most += candidates_[i].holds ? program_.next[candidates_[i].place].size() : 0;
  }
  return most;
}

PatternSteps::Step ConditionalSteps::step(std::size_t number, std::size_t most) {
  const Advance advanced = advance(number, most, next_, nullptr);
  return {.next = advanced.crowded ? kCrowded : state_of(next_), .accepts = advanced.accepts};
}

// Fills `next` with the threads behind the row, and `from` with the candidates that they come of.
ConditionalSteps::Advance ConditionalSteps::advance(std::size_t number, std::size_t most,
                                                    Words& next, std::vector<std::uint32_t>* from) {
  Advance advanced;
  next.clear();
  found_.clear();
  next_alike_.clear();
  const Asked& asked = asked_[number];
  for (std::size_t i = asked.begin; i < asked.end; ++i) {
    if (!candidates_[i].holds) {
      if (candidates_[i].error != RowError::kNone) {
        note_failure(asked, candidates_[i].error);
      }
      continue;
    }
    for (const std::uint32_t place : program_.next[candidates_[i].place]) {
      if (place == PatternProgram::kAccept) {
        advanced.accepts = true;
        advanced.accepted = static_cast<std::uint32_t>(i);
        return advanced;
      }
      if (!add_thread(place, i, next)) {
        continue;
      }
      if (from != nullptr) {
        from->push_back(static_cast<std::uint32_t>(i));
      }
      if (next.size() > most * stride_) {
        advanced.crowded = true;
        return advanced;
      }
    }
  }
  return advanced;
}

// False: there is one like it already, which is preferred.
bool ConditionalSteps::add_thread(std::uint32_t place, std::size_t candidate, Words& next) {
  const std::size_t words = memory_.words();
  const std::size_t begin = next.size();
  const auto number = static_cast<std::uint32_t>(begin / stride_);
  next.push_back(place);
  const auto memory = memories_.begin() + static_cast<std::ptrdiff_t>(candidate * words);
  next.insert(next.end(), memory, memory + static_cast<std::ptrdiff_t>(words));
  memory_.keep(parts_[place], {next.data() + begin + 1, words});
  const auto thread = [&](std::uint32_t at) {
    return std::span<const std::uint64_t>(next.data() + at * stride_, stride_);
  };
  const auto enter = [&](std::uint32_t at) {
    // Those with equal hashes hang one behind the other, the last in front.
    const auto [found, is_new] = found_.try_emplace(hash_of(thread(at)), at);
    next_alike_.push_back(is_new ? kNoThread : std::exchange(found->second, at));
  };
  bool is_known = false;
  if (number < kFewThreads) {
    for (std::uint32_t at = 0; at < number && !is_known; ++at) {
      is_known = std::ranges::equal(thread(at), thread(number));
    }
  } else {
    while (next_alike_.size() < number) {
      enter(static_cast<std::uint32_t>(next_alike_.size()));
    }
    const auto found = found_.find(hash_of(thread(number)));
    for (std::uint32_t at = found == found_.end() ? kNoThread : found->second;
         at != kNoThread && !is_known; at = next_alike_[at]) {
      is_known = std::ranges::equal(thread(at), thread(number));
    }
  }
  if (is_known) {
    next.resize(begin);
  }
  return !is_known;
}

void ConditionalSteps::note_failure(const Asked& asked, RowError error) {
  const RowRef ref = asked.rows.rows.back().ref;
  const bool is_noted = !failures_.empty() && failures_.back().ref.is_kept == ref.is_kept &&
                        failures_.back().ref.number == ref.number;
  if (!is_noted) {
    failures_.push_back({.ref = ref, .error = error});
  }
}

void ConditionalSteps::forget_asked() {
  asked_.clear();
  candidates_.clear();
  memories_.clear();
}

void ConditionalSteps::trace(const RowsSoFar& rows, const RowSource& source,
                             std::vector<std::uint32_t>& places) {
  // For each row the places that could take it, and by which of the row before they were reached.
  struct Reached {
    std::uint32_t place;
    std::uint32_t from;
  };
  TW_DCHECK(asked_.empty());
  const std::size_t failures = failures_.size();
  const std::size_t count = rows.rows.size();
  std::vector<Reached> reached;
  std::vector<std::size_t> begins;
  Words threads(list(first_).begin(), list(first_).end());
  std::vector<std::uint32_t> from(threads.size() / stride_);
  Words next;
  std::uint32_t last = 0;
  for (std::size_t row = 0; row < count; ++row) {
    ask(threads, {.rows = rows.rows.first(row + 1), .first = rows.first}, source);
    answer(source);
    begins.push_back(reached.size());
    for (const Candidate& candidate : candidates_) {
      reached.push_back({.place = candidate.place, .from = from[candidate.thread]});
    }
    from.clear();
    const Advance advanced = advance(0, SIZE_MAX / stride_, next, &from);
    std::swap(threads, next);
    last = advanced.accepted;
    TW_CHECK(advanced.accepts || row + 1 < count);
    forget_asked();
  }
  failures_.resize(failures);
  places.resize(count);
  for (std::size_t row = count; row-- > 0;) {
    const Reached& each = reached[begins[row] + last];
    places[row] = each.place;
    last = each.from;
  }
}

ConditionalSteps::State ConditionalSteps::put(std::span<const std::uint64_t> threads) {
  lists_.push_back(
      {.begin = words_.size(), .threads = static_cast<std::uint32_t>(threads.size() / stride_)});
  words_.insert(words_.end(), threads.begin(), threads.end());
  return static_cast<State>(lists_.size() - 1);
}

ConditionalSteps::State ConditionalSteps::state_of(std::span<const std::uint64_t> threads) {
  if (threads.empty()) {
    return kOver;
  }
  const std::uint64_t hash = hash_of(threads);
  const auto found = states_.find(hash);
  if (found != states_.end() && std::ranges::equal(list(found->second), threads)) {
    return found->second;
  }
  const State state = put(threads);
  states_.try_emplace(hash, state);
  return state;
}

void ConditionalSteps::keep_only(std::span<State* const> in_use) {
  const std::vector<List> lists = std::move(lists_);
  const Words words = std::move(words_);
  const auto moved = [&](State state) {
    return state_of({words.data() + lists[state].begin, lists[state].threads * stride_});
  };
  lists_.clear();
  words_.clear();
  states_.clear();
  put({});
  put({});
  first_ = moved(first_);
  for (State* const state : in_use) {
    if (*state != kCrowded) {
      *state = moved(*state);
    }
  }
  crowded_at_ = std::max(kWordsMin, 2 * words_.size());
}

std::size_t ConditionalSteps::memory_bytes() const {
  return words_.capacity() * sizeof(std::uint64_t) + lists_.capacity() * sizeof(List) +
         states_.size() * 2 * sizeof(std::pair<std::uint64_t, State>);
}

}  // namespace thalweg
