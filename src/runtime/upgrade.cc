#include "runtime/upgrade.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "checkpoint/schema_codec.h"
#include "plan/state_meaning.h"

namespace thalweg {
namespace {

using plan::StateMeaning;

std::string joined(const std::vector<std::string>& texts, std::string_view between = ", ") {
  return fmt::format("{}", fmt::join(texts, between));
}

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::ranges::find(texts, text) != texts.end();
}

std::vector<std::string> without(const std::vector<std::string>& texts,
                                 const std::vector<std::string>& others) {
  std::vector<std::string> rest;
  std::ranges::copy_if(texts, std::back_inserter(rest),
                       [&](const std::string& text) { return !contains(others, text); });
  return rest;
}

// Whether a table or column is the state of one of these calls alone.
bool is_of(const std::string& name, const std::vector<std::string>& calls) {
  return std::ranges::any_of(
      calls, [&](const std::string& call) { return name.starts_with(call + ": "); });
}

// What an operator of one query is to one of another.
struct Comparison {
  std::vector<std::string> changes;  // What cannot be: "windows: TUMBLE 10 seconds -> ...".
  std::vector<std::string> added;    // Calls.
  std::vector<std::string> removed;
  bool calls_differ = false;  // Or their order does.
  StateConversion conversion;

  bool fits() const { return changes.empty(); }
  bool same_calls() const { return added.empty() && removed.empty(); }
};

std::optional<std::string> aspect_of(const StateMeaning& meaning, const std::string& name) {
  const auto found = std::ranges::find(meaning.aspects, name, &StateMeaning::Aspect::name);
  return found == meaning.aspects.end() ? std::nullopt : std::optional(found->text);
}

void compare_aspects(const StateMeaning& found, const StateMeaning& wanted,
                     std::vector<std::string>& changes) {
  std::vector<std::string> names;
  for (const StateMeaning* const meaning : {&found, &wanted}) {
    for (const StateMeaning::Aspect& aspect : meaning->aspects) {
      if (!contains(names, aspect.name)) {
        names.push_back(aspect.name);
      }
    }
  }
  for (const std::string& name : names) {
    const std::string before = aspect_of(found, name).value_or("none");
    const std::string now = aspect_of(wanted, name).value_or("none");
    if (before != now) {
      const bool ends = before == plan::kResultsAtEveryChange && now == plan::kResultsAtEnd;
      changes.push_back(fmt::format("{}: {} -> {}{}", name, before, now,
                                    ends ? " (EMIT CHANGES behind the query keeps them)" : ""));
    }
  }
}

std::string table_text(const StateSchema& table) {
  std::vector<std::string> columns;
  for (const Field& field : table.columns) {
    columns.push_back(to_string(field.type));
  }
  return fmt::format("{} ({})", table.name, joined(columns));
}

std::string tables_text(const OperatorEpoch& op) {
  std::vector<std::string> tables;
  std::ranges::transform(op.tables, std::back_inserter(tables), table_text);
  return joined(tables);
}

bool same_keys(const StateSchema& a, const StateSchema& b) {
  if (a.partition_columns != b.partition_columns || a.key_columns != b.key_columns) {
    return false;
  }
  for (std::uint32_t i = 0; i < a.key_columns; ++i) {
    if (!same_type(a.columns[i].type, b.columns[i].type)) {
      return false;
    }
  }
  return true;
}

// Where the columns of a table come from: keys by place, values by name. False: some column can
// come from nowhere, or is lost, and is of no call that was added or removed.
bool match_columns(const StateSchema& found, const StateSchema& wanted, Comparison& comparison,
                   StateConversion::Table& table) {
  if (!same_keys(found, wanted)) {
    return false;
  }
  std::vector<bool> taken(found.columns.size(), false);
  for (std::uint32_t i = 0; i < wanted.columns.size(); ++i) {
    std::uint32_t place = i;
    if (i >= wanted.key_columns) {
      const auto same = std::find_if(found.columns.begin() + found.key_columns, found.columns.end(),
                                     [&](const Field& field) {
                                       return field.name == wanted.columns[i].name &&
                                              same_type(field.type, wanted.columns[i].type);
                                     });
      if (same == found.columns.end()) {
        if (!is_of(wanted.columns[i].name, comparison.added)) {
          return false;
        }
        table.columns.emplace_back();
        continue;
      }
      place = static_cast<std::uint32_t>(same - found.columns.begin());
    }
    taken[place] = true;
    table.columns.emplace_back(place);
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i] && !is_of(found.columns[i].name, comparison.removed)) {
      return false;
    }
  }
  return true;
}

// The same where aggregates were added, removed or reordered.
bool match_tables(const OperatorEpoch& found, const OperatorEpoch& wanted, Comparison& comparison) {
  std::vector<bool> taken(found.tables.size(), false);
  for (const StateSchema& table : wanted.tables) {
    StateConversion::Table& conversion = comparison.conversion.tables.emplace_back();
    const auto same = std::ranges::find(found.tables, table.name, &StateSchema::name);
    if (same == found.tables.end()) {
      if (!is_of(table.name, comparison.added)) {
        return false;
      }
      continue;
    }
    conversion.from = static_cast<std::uint32_t>(same - found.tables.begin());
    taken[*conversion.from] = true;
    if (!match_columns(*same, table, comparison, conversion)) {
      return false;
    }
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i] && !is_of(found.tables[i].name, comparison.removed)) {
      return false;
    }
  }
  return true;
}

// Each table as it is; names do not count.
bool take_tables(const OperatorEpoch& found, const OperatorEpoch& wanted, Comparison& comparison) {
  if (!std::ranges::equal(found.tables, wanted.tables, same_layout)) {
    return false;
  }
  for (std::uint32_t i = 0; i < found.tables.size(); ++i) {
    StateConversion::Table& table = comparison.conversion.tables.emplace_back();
    table.from = i;
    for (std::uint32_t column = 0; column < found.tables[i].columns.size(); ++column) {
      table.columns.emplace_back(column);
    }
  }
  return true;
}

Comparison compare(const OperatorEpoch& found, const OperatorEpoch& wanted) {
  Comparison comparison;
  comparison.conversion = {.from = found.id, .to = wanted, .tables = {}};
  const StateMeaning before = plan::read_meaning(found.fingerprint);
  const StateMeaning now = plan::read_meaning(wanted.fingerprint);
  compare_aspects(before, now, comparison.changes);
  comparison.added = without(now.calls, before.calls);
  comparison.removed = without(before.calls, now.calls);
  comparison.calls_differ = before.calls != now.calls;
  const std::string calls =
      fmt::format("aggregates: {} -> {}", joined(before.calls), joined(now.calls));
  if (!comparison.fits()) {
    if (!comparison.same_calls()) {
      comparison.changes.push_back(calls);
    }
  } else if (!comparison.calls_differ) {
    if (!take_tables(found, wanted, comparison)) {
      comparison.changes.push_back(
          fmt::format("what is kept: {} -> {}", tables_text(found), tables_text(wanted)));
    }
  } else if (!comparison.added.empty() && aspect_of(now, plan::kChangingRows)) {
    comparison.changes.push_back(calls +
                                 " (rows may be taken back that a new one has not seen come)");
  } else if (!match_tables(found, wanted, comparison)) {
    comparison.changes.push_back(calls + " (they keep some of what they know together)");
  }
  return comparison;
}

// Judges one query's state for another.
class Judge {
 public:
  Judge(const QueryState& found, const QueryState& wanted, AllowedChanges allowed)
      : found_(found),
        wanted_(wanted),
        allowed_(allowed),
        found_taken_(found.operators.size(), false),
        wanted_taken_(wanted.operators.size(), false) {}

  Upgrade judge() {
    take_those_of_the_same_id(Calls::kAddedOrRemoved);
    take_those_that_mean_the_same();
    take_those_of_the_same_id(Calls::kAny);
    tell_the_others();
    compare_sources();
    compare_sinks();
    return upgrade();
  }

 private:
  // What may have become of an operator's calls; some replaced by others: one of another id may be
  // nearer.
  enum class Calls : std::uint8_t { kAddedOrRemoved, kAny };

  void take(std::size_t found, std::size_t wanted, const Comparison& comparison);
  void take_those_of_the_same_id(Calls calls);
  void take_those_that_mean_the_same();
  void tell_the_others();
  void compare_sources();
  void compare_sinks();
  Upgrade upgrade();
  std::string refusal() const;
  std::string kept_text() const;

  const QueryState& found_;
  const QueryState& wanted_;
  const AllowedChanges allowed_;
  std::vector<bool> found_taken_;
  std::vector<bool> wanted_taken_;

  std::vector<std::string> kept_;  // Operators, by id.
  std::vector<std::string> new_;   // What begins with nothing,
  std::vector<std::string> dropped_;
  std::vector<std::string> changed_;    // and what stands against it.
  std::vector<std::string> new_sinks_;  // These need no leave: sinks keep nothing.
  std::vector<std::string> old_sinks_;
  std::vector<StateConversion> conversions_;
  bool converts_ = false;
};

void Judge::take(std::size_t found, std::size_t wanted, const Comparison& comparison) {
  const OperatorEpoch& before = found_.operators[found];
  const OperatorEpoch& now = wanted_.operators[wanted];
  found_taken_[found] = wanted_taken_[wanted] = true;
  const bool moved = before.id != now.id;
  kept_.push_back(now.id + (moved ? fmt::format(" (so far {})", before.id) : ""));
  for (const std::string& call : comparison.added) {
    new_.push_back(fmt::format("{} {}", now.id, call));
  }
  for (const std::string& call : comparison.removed) {
    dropped_.push_back(fmt::format("{} {}", now.id, call));
  }
  converts_ |= moved || comparison.calls_differ;
  conversions_.push_back(comparison.conversion);
}

void Judge::take_those_of_the_same_id(Calls calls) {
  for (std::size_t i = 0; i < found_.operators.size(); ++i) {
    const OperatorEpoch& found = found_.operators[i];
    const auto same = std::ranges::find(wanted_.operators, found.id, &OperatorEpoch::id);
    const auto place = static_cast<std::size_t>(same - wanted_.operators.begin());
    if (same == wanted_.operators.end() || found_taken_[i] || wanted_taken_[place]) {
      continue;
    }
    const Comparison comparison = compare(found, *same);
    const bool replaces = !comparison.added.empty() && !comparison.removed.empty();
    if (comparison.fits() && (calls == Calls::kAny || !replaces)) {
      take(i, place, comparison);
    }
  }
}

// An operator whose sink or view is called otherwise now, or that another one stands before.
void Judge::take_those_that_mean_the_same() {
  for (std::size_t i = 0; i < found_.operators.size(); ++i) {
    for (std::size_t j = 0; j < wanted_.operators.size() && !found_taken_[i]; ++j) {
      const OperatorEpoch& found = found_.operators[i];
      const OperatorEpoch& wanted = wanted_.operators[j];
      if (wanted_taken_[j] || found.fingerprint != wanted.fingerprint) {
        continue;
      }
      const Comparison comparison = compare(found, wanted);
      if (comparison.fits()) {
        take(i, j, comparison);
      }
    }
  }
}

void Judge::tell_the_others() {
  for (std::size_t i = 0; i < found_.operators.size(); ++i) {
    if (found_taken_[i]) {
      continue;
    }
    const OperatorEpoch& found = found_.operators[i];
    const auto same = std::ranges::find(wanted_.operators, found.id, &OperatorEpoch::id);
    const auto place = static_cast<std::size_t>(same - wanted_.operators.begin());
    if (same == wanted_.operators.end() || wanted_taken_[place]) {
      dropped_.push_back(fmt::format("{} ({})", found.id, found.description));
      continue;
    }
    wanted_taken_[place] = true;
    for (const std::string& change : compare(found, *same).changes) {
      changed_.push_back(fmt::format("{} has changed: {}", found.id, change));
    }
  }
  for (std::size_t i = 0; i < wanted_.operators.size(); ++i) {
    if (!wanted_taken_[i]) {
      new_.push_back(
          fmt::format("{} ({})", wanted_.operators[i].id, wanted_.operators[i].description));
    }
  }
}

void Judge::compare_sources() {
  for (const std::string& source : without(wanted_.sources, found_.sources)) {
    new_.push_back(fmt::format("source {}, read from its beginning", source));
  }
  for (const std::string& source : without(found_.sources, wanted_.sources)) {
    dropped_.push_back(fmt::format("how far source {} has been read", source));
  }
}

void Judge::compare_sinks() {
  if (!found_.sinks.empty()) {
    new_sinks_ = without(wanted_.sinks, found_.sinks);
    old_sinks_ = without(found_.sinks, wanted_.sinks);
  }
}

Upgrade Judge::upgrade() {
  const bool refused = !changed_.empty() || (!new_.empty() && !allowed_.new_state) ||
                       (!dropped_.empty() && !allowed_.dropped_state);
  if (refused) {
    return {
        .verdict = Upgrade::Verdict::kRefused, .text = refusal(), .added = {}, .conversions = {}};
  }
  const bool same =
      new_.empty() && dropped_.empty() && new_sinks_.empty() && old_sinks_.empty() && !converts_;
  std::vector<std::string> added = new_;
  std::ranges::transform(new_sinks_, std::back_inserter(added),
                         [](const std::string& sink) { return "sink " + sink; });
  return {.verdict = same ? Upgrade::Verdict::kSame : Upgrade::Verdict::kKept,
          .text = kept_text(),
          .added = std::move(added),
          .conversions = converts_ ? std::move(conversions_) : std::vector<StateConversion>()};
}

std::string Judge::kept_text() const {
  std::string text = kept_.empty() ? "kept is how far sources have been read"
                                   : "the state is kept of " + joined(kept_);
  text += new_.empty() ? "" : "; new, with nothing: " + joined(new_);
  text += dropped_.empty() ? "" : "; dropped: " + joined(dropped_);
  text += new_sinks_.empty() ? ""
                             : fmt::format(
                                   "; new, with nothing of what has been read before: "
                                   "sink {}",
                                   joined(new_sinks_, ", sink "));
  text += old_sinks_.empty()
              ? ""
              : fmt::format("; no more rows come to sink {}", joined(old_sinks_, ", sink "));
  return text;
}

std::string Judge::refusal() const {
  std::string text;
  for (const std::string& change : changed_) {
    text += fmt::format("\n  {}", change);
  }
  for (const std::string& what : new_) {
    text += fmt::format("\n  new, and would begin with nothing: {}", what);
  }
  for (const std::string& what : dropped_) {
    text += fmt::format("\n  no longer there, and would be lost: {}", what);
  }
  text += "\nnothing has been touched; ";
  if (changed_.empty()) {
    std::vector<std::string> flags;
    if (!new_.empty()) {
      flags.emplace_back("--allow-new-state");
    }
    if (!dropped_.empty()) {
      flags.emplace_back("--allow-dropped-state");
    }
    text +=
        fmt::format("{} it, and the rest is kept; or ",
                    flags.size() == 1 ? flags[0] + " allows" : joined(flags, " and ") + " allow");
  }
  return text +
         "run the earlier query, give this one another --name, or begin anew with --from-scratch, "
         "which keeps the old state under another name";
}

}  // namespace

QueryState state_of(const EpochRecord& record) {
  QueryState state;
  for (const SourceEpoch& source : record.sources) {
    state.sources.push_back(source.id);
  }
  state.operators = record.operators;
  state.sinks = record.sinks;
  return state;
}

Upgrade judge_upgrade(const QueryState& found, const QueryState& wanted, AllowedChanges allowed) {
  return Judge(found, wanted, allowed).judge();
}

}  // namespace thalweg
