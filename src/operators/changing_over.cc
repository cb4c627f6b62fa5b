#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "operators/changing_rows.h"
#include "operators/fixed_column.h"
#include "operators/over.h"
#include "operators/over_calls.h"
#include "operators/over_reach.h"
#include "operators/told_rows.h"
#include "state/row_table.h"

// Calls OVER windows of rows that may be taken back. Each key's rows are kept in order. Where rows
// come or go, the answers of those around them that can see it are computed anew, from the rows
// that their frames reach, and compared with what was told.
namespace thalweg {
namespace {

constexpr std::uint32_t kResultRows = 4096;
constexpr std::size_t kRowsAtATime = std::size_t{1} << 16;

using Entry = ChangingRows::Entry;
using Extent = ChangingRows::Extent;
using Move = ChangingRows::Move;
using Touched = ChangingRows::Touched;

std::vector<Type> answer_types(const OverSpec& spec) {
  std::vector<Type> types;
  for (const OverCall& call : spec.calls) {
    types.push_back(call.type);
  }
  return types;
}

bool measures_any(const OverSpec& spec) {
  return std::any_of(spec.calls.begin(), spec.calls.end(), measures_distance);
}

bool tells_peers_of_any(const OverSpec& spec) {
  return std::any_of(spec.calls.begin(), spec.calls.end(), tells_peers);
}

// What the calls read: all of the input's columns, what RANGE measures, what is known of peers.
OverColumns columns_of(const OverSpec& spec) {
  OverColumns columns;
  columns.kept.resize(spec.rows.types.size());
  std::iota(columns.kept.begin(), columns.kept.end(), 0U);
  columns.value = columns.kept.size();
  const std::size_t peers = columns.value + (measures_any(spec) ? 1 : 0);
  columns.peers = {.first = peers, .end = peers + 1, .group = peers + 2};
  return columns;
}

std::vector<Type> seen_types(const OverSpec& spec) {
  std::vector<Type> types = spec.rows.types;
  const std::size_t more = (measures_any(spec) ? 1 : 0) + (tells_peers_of_any(spec) ? 3 : 0);
  types.insert(types.end(), more, type_of(TypeKind::kBigint));
  return types;
}

// Rows of some keys whose answers are computed together.
struct Asked {
  std::vector<OverRun> runs;
  std::vector<GroupId> ids;  // By row that is seen: its key,
  std::vector<RowSlot> slots;
  std::vector<std::int64_t> peer_first;  // and PeerColumns.
  std::vector<std::int64_t> peer_end;
  std::vector<std::int64_t> peer_group;
  std::uint32_t answers = 0;
};

class ChangingOver final : public Operator {
 public:
  explicit ChangingOver(OverSpec spec)
      : spec_(std::move(spec)),
        rows_(spec_.rows),
        told_(answer_types(spec_)),
        state_(*this),
        idle_(spec_.ttl),
        idle_state_(idle_, rows_.key_types(), rows_.index()),
        columns_(columns_of(spec_)),
        nothing_kept_(seen_types(spec_)) {}

  Result<std::vector<StateTable*>> state_tables() override {
    std::vector<StateTable*> tables{&state_};
    if (idle_.on()) {
      tables.push_back(&idle_state_);
    }
    return tables;
  }

  void restored(EventTime watermark) override;

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    rows_.take(batch);
    out.reject(batch, rows_.missing(), RowError::kNotThere);
    note_new_rows();
    if (spec_.emit == OverEmit::kAtEnd) {
      hold(out);
      return Progress::kDone;
    }
    if (idle_.on()) {
      idle_.touch(batch, rows_of(batch), rows_.ids());
      idle_state_.mark(rows_.ids());
    }
    touched_.assign(rows_.touched().begin(), rows_.touched().end());
    return resume(out);
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& out) override {
    if (spec_.emit == OverEmit::kAtEnd) {
      if (clock == Clock::kWatermark && now == kEndOfTime) {
        touch_all();
        out.hold({});
      }
    } else if (const auto kept = idle_.find_kept(clock, now)) {
      out.expire(rows_.keys() - kept->size());
      keep_only(*kept);
    }
    return resume(out);
  }

  Result<Progress> resume(Emitter& out) override;

  Kept kept() const override {
    return {.count = rows_.rows(), .bytes = rows_.memory_bytes() + told_.memory_bytes()};
  }

 private:
  // What has become of a row.
  struct Question {
    std::uint32_t arrival;
    GroupId id;
    RowSlot slot;
    RowIndex answer;  // ToldRows::kNoRow: it has gone.
  };

  // The rows, and what has been told of each.
  class State final : public RowTable {
   public:
    explicit State(ChangingOver& owner)
        : RowTable("rows", owner.rows_.key_types(), columns(owner), owner.rows_.store(),
                   owner.rows_.index()),
          owner_(owner) {}

   protected:
    std::vector<Column> values_of(std::span<const RowSlot> slots) override;
    void restore(std::span<const RowSlot> slots, std::span<const Column> values) override;
    void forget(RowSlot slot) override { owner_.told_.forget(slot); }

   private:
    static Schema columns(const ChangingOver& owner);

    ChangingOver& owner_;
  };

  static KeyIndex::Rows rows_of(const Batch& batch) {
    return batch.selection == nullptr ? KeyIndex::Rows{.rows = {}, .all = true}
                                      : KeyIndex::Rows{.rows = *batch.selection};
  }

  bool tells_changes() const { return spec_.emit != OverEmit::kAtEnd; }
  void note_new_rows();
  void let_go(RowSlot slot);
  void keep_only(std::span<const GroupId> kept);
  void hold(Emitter& out);
  void touch_all();
  Batch answer_some(Emitter& out);
  void ask(const Touched& touched, Asked& asked) const;
  void add_peers(std::span<const Entry> entries, Extent seen, Asked& asked) const;
  std::vector<Column> seen_columns(const Asked& asked) const;
  std::vector<Column> answers_of(const Asked& asked, std::vector<RowIndex>& overflow);
  Batch final_rows(const Asked& asked, std::vector<Column> answers,
                   std::span<const RowIndex> overflow, Emitter& out) const;

  std::vector<Question> questions_of(std::span<const Touched> touched, const Asked& asked,
                                     std::vector<bool>& is_new) const;
  Batch changes_of(std::span<const Touched> touched, const Asked& asked,
                   const std::vector<Column>& answers, std::span<const RowIndex> overflow,
                   Emitter& out);
  void refuse(std::span<const Question> refused, Emitter& out) const;
  Batch batch_of(std::span<const GroupId> ids, std::span<const RowSlot> slots) const;

  const OverSpec spec_;
  ChangingRows rows_;
  ToldRows told_;  // Answers, by the slot of the row.
  State state_;
  std::int64_t next_number_ = 0;  // Of rows in it.
  IdleKeys idle_;
  IdleKeysState idle_state_;
  std::uint64_t held_ = 0;  // kAtEnd: rows of all keys.
  const OverColumns columns_;
  const RowStore nothing_kept_;
  GroupQueues<RowSlot> no_slots_;

  std::vector<Touched> touched_;
  std::size_t answered_ = 0;  // How many of touched_.
  Batch due_;
  std::uint32_t emitted_ = 0;
};

Schema ChangingOver::State::columns(const ChangingOver& owner) {
  Schema columns = owner.rows_.stored_columns();
  if (owner.tells_changes()) {
    columns.push_back({.name = "told", .type = type_of(TypeKind::kBoolean)});
    for (std::size_t i = 0; i < owner.spec_.calls.size(); ++i) {
      columns.push_back(
          {.name = "answer " + std::to_string(i + 1), .type = owner.spec_.calls[i].type});
    }
  }
  return columns;
}

std::vector<Column> ChangingOver::State::values_of(std::span<const RowSlot> slots) {
  if (!owner_.tells_changes()) {
    return {};
  }
  const auto count = static_cast<std::uint32_t>(slots.size());
  Column told(type_of(TypeKind::kBoolean), count);
  told.set_values(pack_bits(count, [&](std::size_t i) { return owner_.told_.has(slots[i]); }));
  std::vector<Column> columns = owner_.told_.rows(slots);
  columns.insert(columns.begin(), std::move(told));
  return columns;
}

void ChangingOver::State::restore(std::span<const RowSlot> slots, std::span<const Column> values) {
  if (!owner_.tells_changes()) {
    return;
  }
  std::vector<RowSlot> told;
  std::vector<RowIndex> rows;
  for (RowIndex row = 0; row < slots.size(); ++row) {
    if (values[0].bit(row)) {
      told.push_back(slots[row]);
      rows.push_back(row);
    } else {
      forget(slots[row]);
    }
  }
  owner_.told_.restore(told, rows, values.subspan(1));
}

void ChangingOver::restored(EventTime watermark) {
  const std::vector<RowTable::Row> rows = state_.take_restored();
  for (const RowTable::Row& row : rows) {
    next_number_ = std::max(next_number_, row.number + 1);
  }
  held_ = tells_changes() ? 0 : rows.size();
  std::vector<GroupId> kept = rows_.restore(rows);
  if (idle_.on()) {
    idle_.restored(rows_.keys(), watermark);
    kept = idle_state_.take_restored();
  }
  keep_only(kept);
}

void ChangingOver::note_new_rows() {
  if (!state_.notes()) {
    return;
  }
  for (const Touched& touched : rows_.touched()) {
    for (std::size_t at = touched.moves.begin; at < touched.moves.end; ++at) {
      if (const Move& move = rows_.moves()[at]; move.number != ChangingRows::kGone) {
        state_.add({.id = touched.id, .number = next_number_++, .slot = move.slot});
      }
    }
  }
}

void ChangingOver::let_go(RowSlot slot) {
  state_.remove(slot);
  rows_.release(slot);
}

void ChangingOver::keep_only(std::span<const GroupId> kept) {
  for_each_dropped(kept, rows_.keys(), [this](GroupId id) {
    for (const Entry& entry : rows_.of(id)) {
      told_.forget(entry.slot);
      state_.remove(entry.slot);
    }
  });
  state_.renumber(kept);
  if (idle_.on()) {
    idle_state_.renumber(kept);
    idle_.keep_only(kept);
  }
  rows_.keep_only(kept);
}

// No answers have been told: nobody asks about rows that have gone.
void ChangingOver::hold(Emitter& out) {
  for (const Move& move : rows_.moves()) {
    if (move.number == ChangingRows::kGone) {
      let_go(move.slot);
      --held_;
    } else {
      ++held_;
    }
  }
  out.hold({.count = held_});
}

void ChangingOver::touch_all() {
  for (GroupId id = 0; id < rows_.keys(); ++id) {
    if (const std::size_t count = rows_.of(id).size(); count > 0) {
      touched_.push_back({.id = id,
                          .rows = {.begin = 0, .end = count},
                          .first_word = 0,
                          .last_word = 0,
                          .moves = {.begin = 0, .end = 0}});
    }
  }
}

Result<Progress> ChangingOver::resume(Emitter& out) {
  while (true) {
    while (emitted_ < due_.num_rows()) {
      if (!out.has_room()) {
        return Progress::kMore;
      }
      std::uint32_t end = std::min(due_.num_rows(), emitted_ + kResultRows);
      if (due_.changes && end < due_.num_rows()) {
        const auto changes = due_.changes->values<std::int16_t>();
        end += changes[end - 1] < 0 && changes[end] > 0 ? 1 : 0;  // -old and +new stay together.
      }
      out.emit(Port::kMain, due_.slice(emitted_, end - emitted_));
      emitted_ = end;
    }
    due_ = Batch();
    emitted_ = 0;
    if (answered_ == touched_.size()) {
      if (!tells_changes() && !touched_.empty()) {
        keep_only({});  // All has been said.
      }
      touched_.clear();
      answered_ = 0;
      return Progress::kDone;
    }
    due_ = answer_some(out);
  }
}

Batch ChangingOver::answer_some(Emitter& out) {
  const std::size_t first = answered_;
  Asked asked;
  while (answered_ < touched_.size() && (answered_ == first || asked.slots.size() < kRowsAtATime)) {
    ask(touched_[answered_++], asked);
  }
  std::vector<RowIndex> overflow;
  std::vector<Column> answers = answers_of(asked, overflow);
  if (spec_.emit == OverEmit::kAtEnd) {
    return final_rows(asked, std::move(answers), overflow, out);
  }
  return changes_of(std::span(touched_).subspan(first, answered_ - first), asked, answers, overflow,
                    out);
}

void ChangingOver::ask(const Touched& touched, Asked& asked) const {
  const std::span<const Entry> entries = rows_.of(touched.id);
  Extent rows = touched.rows;
  for (const OverCall& call : spec_.calls) {
    rows.widen(rows_to_answer(call, entries, touched));
  }
  Extent seen = rows;
  for (const OverCall& call : spec_.calls) {
    seen.widen(rows.size() > 0 ? rows_to_see(call, entries, rows) : rows);
  }
  asked.runs.push_back({.id = static_cast<GroupId>(asked.runs.size()),
                        .number = seen.begin,
                        .kept = 0,
                        .first = static_cast<RowIndex>(asked.slots.size()),
                        .count = static_cast<std::uint32_t>(seen.size()),
                        .out_begin = static_cast<std::uint32_t>(rows.begin - seen.begin),
                        .out_end = static_cast<std::uint32_t>(rows.end - seen.begin),
                        .answer = asked.answers});
  asked.answers += static_cast<std::uint32_t>(rows.size());
  for (std::size_t number = seen.begin; number < seen.end; ++number) {
    asked.ids.push_back(touched.id);
    asked.slots.push_back(entries[number].slot);
  }
  if (tells_peers_of_any(spec_)) {
    add_peers(entries, seen, asked);
  }
}

// Where groups are counted all of the key's rows are seen.
void ChangingOver::add_peers(std::span<const Entry> entries, Extent seen, Asked& asked) const {
  std::int64_t group = 0;
  for (std::size_t begin = seen.begin; begin < seen.end;) {
    std::size_t end = begin + 1;
    while (end < seen.end && rows_.are_peers(entries[end - 1], entries[end])) {
      ++end;
    }
    asked.peer_first.insert(asked.peer_first.end(), end - begin, static_cast<std::int64_t>(begin));
    asked.peer_end.insert(asked.peer_end.end(), end - begin, static_cast<std::int64_t>(end));
    asked.peer_group.insert(asked.peer_group.end(), end - begin, ++group);
    begin = end;
  }
}

std::vector<Column> ChangingOver::seen_columns(const Asked& asked) const {
  std::vector<Column> columns = rows_.columns(asked.ids, asked.slots);
  if (measures_any(spec_)) {
    const SortKey& key = spec_.rows.order[0];
    columns.push_back(measured_values(columns[key.column], key.descending));
  }
  if (tells_peers_of_any(spec_)) {
    for (const auto* numbers : {&asked.peer_first, &asked.peer_end, &asked.peer_group}) {
      columns.push_back(fixed_column<std::int64_t>(type_of(TypeKind::kBigint), numbers->size(),
                                                   [&](std::size_t i) { return (*numbers)[i]; }));
    }
  }
  return columns;
}

// Computed as those of rows that stay, of keys of which nothing is known yet.
std::vector<Column> ChangingOver::answers_of(const Asked& asked, std::vector<RowIndex>& overflow) {
  if (asked.answers == 0) {
    std::vector<Column> none;
    for (const Type& type : answer_types(spec_)) {
      none.push_back(null_column(type, 0));
    }
    return none;
  }
  const auto keys = static_cast<std::uint32_t>(asked.runs.size());
  const bool nulls_first = !spec_.rows.order.empty() && spec_.rows.order[0].nulls_first;
  OverCalls calls(spec_.calls, spec_.rows.types, columns_, nulls_first);
  calls.grow_to(keys);
  no_slots_.grow_to(keys);
  const std::vector<Column> columns = seen_columns(asked);
  return calls.answer({.runs = asked.runs,
                       .columns = columns,
                       .store = nothing_kept_,
                       .slots = no_slots_,
                       .answers = asked.answers},
                      overflow);
}

// All rows of the keys, which are all asked about.
Batch ChangingOver::final_rows(const Asked& asked, std::vector<Column> answers,
                               std::span<const RowIndex> overflow, Emitter& out) const {
  Batch batch = batch_of(asked.ids, asked.slots);
  for (Column& column : answers) {
    batch.columns.push_back(std::move(column));
  }
  if (overflow.empty()) {
    return batch;
  }
  out.reject(batch, overflow, RowError::kOverflow);
  std::vector<RowIndex> fitting;
  for (RowIndex row = 0; row < batch.length; ++row) {
    if (!std::binary_search(overflow.begin(), overflow.end(), row)) {
      fitting.push_back(row);
    }
  }
  return std::move(batch).select(std::move(fitting));
}

// First the rows that came and went, in the order in which they did so, so that where one takes the
// place of another the old one goes first; then those around them.
std::vector<ChangingOver::Question> ChangingOver::questions_of(std::span<const Touched> touched,
                                                               const Asked& asked,
                                                               std::vector<bool>& is_new) const {
  std::vector<Question> questions;
  for (std::size_t i = 0; i < touched.size(); ++i) {
    const OverRun& run = asked.runs[i];
    for (std::size_t at = touched[i].moves.begin; at < touched[i].moves.end; ++at) {
      const Move& move = rows_.moves()[at];
      RowIndex answer = ToldRows::kNoRow;
      if (move.number != ChangingRows::kGone) {
        const auto row = static_cast<std::uint32_t>(move.number - run.number);
        answer = run.answer + (row - run.out_begin);
        is_new[answer] = true;
      }
      questions.push_back(
          {.arrival = move.arrival, .id = touched[i].id, .slot = move.slot, .answer = answer});
    }
  }
  std::sort(questions.begin(), questions.end(),
            [](const Question& a, const Question& b) { return a.arrival < b.arrival; });
  for (std::size_t i = 0; i < touched.size(); ++i) {
    const OverRun& run = asked.runs[i];
    for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
      const RowIndex answer = run.answer + (row - run.out_begin);
      if (!is_new[answer]) {
        questions.push_back({.arrival = 0,
                             .id = touched[i].id,
                             .slot = asked.slots[run.first + row],
                             .answer = answer});
      }
    }
  }
  return questions;
}

Batch ChangingOver::changes_of(std::span<const Touched> touched, const Asked& asked,
                               const std::vector<Column>& answers,
                               std::span<const RowIndex> overflow, Emitter& out) {
  std::vector<bool> is_new(asked.answers, false);
  const std::vector<Question> questions = questions_of(touched, asked, is_new);
  std::vector<RowSlot> slots;
  std::vector<RowIndex> rows;
  std::vector<Question> refused;
  for (const Question& each : questions) {
    const bool fits = each.answer == ToldRows::kNoRow ||
                      !std::binary_search(overflow.begin(), overflow.end(), each.answer);
    if (!fits && (is_new[each.answer] || told_.has(each.slot))) {
      refused.push_back(each);
    }
    slots.push_back(each.slot);
    rows.push_back(fits ? each.answer : ToldRows::kNoRow);
  }
  refuse(refused, out);
  ToldRows::Changes told = told_.tell(slots, rows, answers);
  std::vector<GroupId> told_ids;
  std::vector<RowSlot> told_slots;
  for (const std::uint32_t place : told.places) {
    told_ids.push_back(questions[place].id);
    told_slots.push_back(questions[place].slot);
    state_.change(questions[place].slot);
  }
  Batch batch = batch_of(told_ids, told_slots);
  for (Column& column : told.columns) {
    batch.columns.push_back(std::move(column));
  }
  batch.changes = std::move(told.changes);
  for (const Question& each : questions) {
    if (each.answer == ToldRows::kNoRow) {
      let_go(each.slot);
    }
  }
  return batch;
}

void ChangingOver::refuse(std::span<const Question> refused, Emitter& out) const {
  std::vector<GroupId> ids;
  std::vector<RowSlot> slots;
  std::vector<RowIndex> rows;
  for (const Question& each : refused) {
    ids.push_back(each.id);
    slots.push_back(each.slot);
    rows.push_back(static_cast<RowIndex>(rows.size()));
  }
  if (!rows.empty()) {
    out.reject(batch_of(ids, slots), rows, RowError::kOverflow);
  }
}

Batch ChangingOver::batch_of(std::span<const GroupId> ids, std::span<const RowSlot> slots) const {
  Batch batch;
  batch.length = static_cast<std::uint32_t>(slots.size());
  if (batch.length > 0) {
    batch.columns = rows_.columns(ids, slots);
  }
  return batch;
}

}  // namespace

std::unique_ptr<Operator> make_changing_over(OverSpec spec) {
  return std::make_unique<ChangingOver>(std::move(spec));
}

}  // namespace thalweg
