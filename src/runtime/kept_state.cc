#include "runtime/kept_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace thalweg {

KeptState::KeptState(const plan::Plan& plan, const JobOptions& options, Env& env, JobGraph& graph,
                     GraphFor purpose)
    : options_(options), env_(env), graph_(graph), purpose_(purpose) {
  if (asked_for()) {
    meanings_ = plan::state_meanings(plan);
  }
}

void KeptState::begin() {
  if (!options_.epochs) {
    return;
  }
  const EpochStore& store = *options_.epochs->store;
  last_ = store.last() ? &*store.last() : nullptr;
  graph_.start = {.incarnation = store.incarnation(),
                  .decided = last_ != nullptr ? last_->epoch : 0};
  if (last_ != nullptr) {
    graph_.resumed = {.resumed_from = last_->epoch,
                      .resumed_age_micros = env_.wall_now().micros - last_->made_at.micros,
                      .was_finished = last_->finished};
    graph_.before = to_totals(last_->counters);
  }
}

std::vector<AggregateCall> KeptState::calls_of(const plan::Node& node,
                                               const plan::Aggregate& aggregate) const {
  std::vector<AggregateCall> calls = aggregate.aggregates;
  if (const auto meaning = meanings_.find(&node); meaning != meanings_.end()) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      calls[i].name = meaning->second.calls[i];
    }
  }
  return calls;
}

Status KeptState::keep(const plan::Node& node, OperatorStep& step, KeyGroupRange groups) {
  if (!asked_for()) {
    return {};
  }
  Result<std::vector<StateTable*>> asked = step.state_tables();
  if (!asked.ok()) {
    return {asked.status().code(), fmt::format("the state of \"{}\" cannot be kept: {}",
                                               plan::describe(node), asked.status().message())};
  }
  const std::vector<StateTable*> tables = std::move(asked).take();
  if (tables.empty()) {
    return {};
  }
  TW_CHECK(!node.id.empty());
  TW_TRY_ASSIGN(const std::optional<EventTime> watermark,
                keep_tables({.id = node.id,
                             .description = plan::describe(node),
                             .fingerprint = plan::to_text(meanings_.at(&node)),
                             .tables = {}},
                            tables, groups, step));
  if (watermark) {
    step.restored(*watermark);
  }
  return {};
}

Status KeptState::keep(const SharedScan& scan, SourceStep& step) {
  RowsByKey* const rows = step.kept_rows();
  if (!asked_for() || rows == nullptr) {
    return {};
  }
  TW_TRY_ASSIGN(
      const std::optional<EventTime> watermark,
      keep_tables(
          {.id = scan.id + "/rows#1",
           .description = fmt::format("the last row of each key of {}", scan.table->name),
           .fingerprint = plan::to_text(plan::meaning_of_rows_by_key(*scan.table, scan.physical)),
           .tables = {}},
          {&rows->state()}, KeyGroupRange(), step));
  if (watermark) {
    rows->restored();
  }
  return {};
}

Result<std::optional<EventTime>> KeptState::keep_tables(OperatorEpoch kept,
                                                        const std::vector<StateTable*>& tables,
                                                        KeyGroupRange groups, Step& step) {
  const std::string id = kept.id;
  const std::string restoring = fmt::format("{} ({})", kept.description, id);
  if (std::ranges::find(graph_.kept, id, &OperatorEpoch::id) == graph_.kept.end()) {
    for (const StateTable* const table : tables) {
      kept.tables.push_back(table->schema());
    }
    graph_.kept.push_back(std::move(kept));
  }
  std::optional<EventTime> watermark;
  if (purpose_ == GraphFor::kLooking) {
    return watermark;
  }
  std::vector<StateTable*> own = tables;
  const auto shared = std::ranges::stable_partition(
      own, [](const StateTable* table) { return !table->on_every_worker(); });
  const std::vector<StateTable*> on_every_worker(shared.begin(), shared.end());
  own.erase(shared.begin(), shared.end());
  const bool is_first = groups.contains(0);
  step.keep_as(id, is_first ? tables : own, groups);
  if (last_ != nullptr) {
    const auto found = std::ranges::find(last_->operators, id, &OperatorEpoch::id);
    if (found != last_->operators.end()) {
      const std::int64_t begun = env_.steady_nanos();
      graph_.restoring = restoring;
      TW_TRY_ASSIGN(const std::uint64_t rows,
                    restore_tables(*options_.epochs->store, id, own, groups));
      TW_TRY_ASSIGN(const std::uint64_t shared_rows,
                    restore_tables(*options_.epochs->store, id, on_every_worker, KeyGroupRange()));
      graph_.restoring.clear();
      graph_.resumed.resumed_rows += rows + (is_first ? shared_rows : 0);
      graph_.resumed.resume_nanos += env_.steady_nanos() - begun;
      watermark = found->watermark;
    }
  }
  for (StateTable* const table : tables) {
    table->note_changes();
  }
  return watermark;
}

namespace {

Status other_inputs(const SharedScan& scan, const SourceEpoch& saved) {
  return invalid_argument(fmt::format(
      "\"{}\" has been read from {}, and no longer names it; {} would be read from its beginning, "
      "on top of what the state has already. Where that is meant, say --allow-new-state; else go "
      "back to the earlier path, give this pipeline another --name, or begin anew with "
      "--from-scratch, which keeps the old state under another name",
      scan.table->name, saved.partitions.front().name, scan.boards[0]->partition().name()));
}

}  // namespace

// Partitions go on where they stood. Those that have come since begin at their beginning, where the
// stream's time stands: files come and go in a directory, but a source with none of those it had is
// another one. Those that are not there now and may come again are kept for then.
Status KeptState::resume(SharedScan& scan) {
  if (!options_.epochs) {
    return {};
  }
  if (!scan.source->can_resume()) {
    return invalid_argument(fmt::format(
        "\"{}\" cannot be read again from where a run left it, so that a job that reads "
        "it cannot keep its state",
        scan.table->name));
  }
  if (last_ == nullptr) {
    return {};
  }
  const auto saved = std::find_if(last_->sources.begin(), last_->sources.end(),
                                  [&](const SourceEpoch& source) { return source.id == scan.id; });
  if (saved == last_->sources.end()) {
    return {};
  }
  bool any_there = false;
  scan.next_number = 0;
  for (const PartitionEpoch& partition : saved->partitions) {
    scan.next_number = std::max(scan.next_number, partition.number + 1);
  }
  std::vector<Partition*> came;
  for (std::size_t i = 0; i < scan.boards.size(); ++i) {
    PartitionBoard& board = *scan.boards[i];
    const auto partition = std::find_if(
        saved->partitions.begin(), saved->partitions.end(),
        [&](const PartitionEpoch& entry) { return entry.name == board.partition().name(); });
    if (partition == saved->partitions.end()) {
      scan.numbers[i] = scan.next_number++;
      came.push_back(&board.partition());
      continue;
    }
    any_there = true;
    scan.numbers[i] = partition->number;
    TW_TRY(board.resume(cut_of(*partition, last_->epoch)));
  }
  for (const PartitionEpoch& partition : saved->partitions) {
    const bool is_there = std::ranges::any_of(scan.boards, [&](const auto& board) {
      return board->partition().name() == partition.name;
    });
    if (!is_there && scan.source->may_come(partition.name)) {
      scan.absent.push_back(partition);
    }
  }
  const bool are_others =
      !any_there && scan.absent.empty() && !saved->partitions.empty() && !scan.boards.empty();
  const bool all_allowed = options_.epochs->allow_new_inputs;
  if (are_others && !all_allowed) {
    return other_inputs(scan, *saved);
  }
  if (are_others) {
    graph_.resumed.read_anew += fmt::format("{}read from its beginning: {} ({})",
                                            graph_.resumed.read_anew.empty() ? "" : "; ",
                                            scan.table->name, scan.boards[0]->partition().name());
  }
  std::vector<ReadPosition> earlier;
  if (!all_allowed) {
    for (const PartitionEpoch& partition : saved->partitions) {
      earlier.push_back(cut_of(partition, last_->epoch).position);
    }
  }
  for (Partition* const partition : came) {
    TW_TRY(partition->read_whole(earlier));
  }
  return {};
}

}  // namespace thalweg
