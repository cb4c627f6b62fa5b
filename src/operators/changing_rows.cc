#include "operators/changing_rows.h"

#include <numeric>
#include <utility>

namespace thalweg {
namespace {

TopNSpec ranked(const KeyOrderSpec& spec) {
  TopNSpec ranked;
  ranked.types = spec.types;
  ranked.keys = spec.keys;
  ranked.order = spec.order;
  ranked.updating_input = true;
  return ranked;
}

}  // namespace

ChangingRows::ChangingRows(const KeyOrderSpec& spec)
    : spec_(ranked(spec)), keys_(spec_), rows_(spec_) {}

void ChangingRows::take(const Batch& batch) {
  touched_.clear();
  moves_.clear();
  missing_.clear();
  new_rows_.clear();
  new_slots_.clear();
  rows_.begin_batch(batch);
  const std::span<const GroupId> ids = keys_.find(batch);
  arrays_.grow_to(keys_.size());
  std::vector<std::uint32_t> arrivals(ids.size());
  std::iota(arrivals.begin(), arrivals.end(), 0U);
  std::stable_sort(arrivals.begin(), arrivals.end(), [&](std::uint32_t a, std::uint32_t b) {
    return ids[a] != ids[b] ? ids[a] < ids[b] : compare_new(batch.row(a), batch.row(b)) < 0;
  });
  for (std::size_t first = 0; first < arrivals.size();) {
    const GroupId id = ids[arrivals[first]];
    std::size_t end = first + 1;
    while (end < arrivals.size() && ids[arrivals[end]] == id) {
      ++end;
    }
    edits_.clear();
    find_edits(arrays_.get(id), std::span(arrivals).subspan(first, end - first), batch);
    if (!edits_.empty()) {
      apply_edits(id, batch);
    }
    first = end;
  }
  rows_.keep(new_rows_, new_slots_);
  rows_.end_batch();
  std::sort(missing_.begin(), missing_.end());
}

int ChangingRows::compare_new(RowIndex a, RowIndex b) const {
  if (rows_.word(a) != rows_.word(b)) {
    return rows_.word(a) < rows_.word(b) ? -1 : 1;
  }
  return rows_.compare_all(RowRef::in_batch(a), RowRef::in_batch(b));
}

// What the batch's rows of one key, in order, come to: rows that nothing tells apart side by side.
void ChangingRows::find_edits(Entries entries, std::span<const std::uint32_t> arrivals,
                              const Batch& batch) {
  for (std::size_t first = 0; first < arrivals.size();) {
    std::size_t end = first + 1;
    while (end < arrivals.size() &&
           compare_new(batch.row(arrivals[first]), batch.row(arrivals[end])) == 0) {
      ++end;
    }
    find_net(entries, arrivals.subspan(first, end - first), batch);
    first = end;
  }
}

// Of rows that are alike, one that is taken back cancels one that was there or came before it. What
// is left of them: the last that came, or the first that were taken back.
void ChangingRows::find_net(Entries entries, std::span<const std::uint32_t> alike,
                            const Batch& batch) {
  const std::int16_t* const signs =
      batch.changes ? batch.changes->values<std::int16_t>().data() : nullptr;
  const auto comes = [&](std::uint32_t arrival) {
    return signs == nullptr || signs[batch.row(arrival)] > 0;
  };
  const RowIndex row = batch.row(alike[0]);
  const std::uint64_t word = rows_.word(row);
  const std::size_t place = place_behind(entries, word, RowRef::in_batch(row));
  const auto coming = static_cast<std::size_t>(std::count_if(alike.begin(), alike.end(), comes));
  std::size_t before = 0;  // As many as may be taken back.
  while (before < std::min(place, alike.size() - coming) &&
         is_same(entries[place - 1 - before], word, RowRef::in_batch(row))) {
    ++before;
  }
  std::size_t now = before;
  for (const std::uint32_t arrival : alike) {
    if (comes(arrival)) {
      ++now;
    } else if (now > 0) {
      --now;
    } else {
      missing_.push_back(batch.row(arrival));
    }
  }
  if (now > before) {
    std::size_t skipped = coming - (now - before);
    for (const std::uint32_t arrival : alike) {
      if (!comes(arrival)) {
        continue;
      }
      if (skipped > 0) {
        --skipped;
        continue;
      }
      edits_.push_back({.place = place, .arrival = arrival, .word = word, .comes = true});
    }
    return;
  }
  std::size_t at = place - (before - now);
  for (auto arrival = alike.begin(); at < place; ++arrival) {
    if (!comes(*arrival)) {
      edits_.push_back({.place = at++, .arrival = *arrival, .word = word, .comes = false});
    }
  }
}

void ChangingRows::apply_edits(GroupId id, const Batch& batch) {
  const Entries entries = arrays_.get(id);
  const std::size_t first = edits_.front().place;
  behind_.assign(entries.begin() + static_cast<std::ptrdiff_t>(first), entries.end());
  arrays_.truncate(id, first);
  Touched touched{.id = id,
                  .rows = {.begin = first, .end = first},
                  .first_word = edits_.front().word,
                  .last_word = edits_.back().word,
                  .moves = {.begin = moves_.size(), .end = 0}};
  std::size_t number = first;
  std::size_t next = 0;
  const auto pass = [&](std::size_t end) {
    for (; next < end; ++next) {
      arrays_.insert(id, number++, behind_[next]);
    }
  };
  for (const Edit& edit : edits_) {
    pass(edit.place - first);
    if (edit.comes) {
      const RowSlot slot = rows_.store().obtain();
      new_rows_.push_back(batch.row(edit.arrival));
      new_slots_.push_back(slot);
      moves_.push_back({.arrival = edit.arrival, .slot = slot, .number = number});
      arrays_.insert(id, number++, {.word = edit.word, .slot = slot});
    } else {
      moves_.push_back({.arrival = edit.arrival, .slot = behind_[next++].slot, .number = kGone});
    }
    touched.rows.end = number;
  }
  pass(behind_.size());
  touched.moves.end = moves_.size();
  touched_.push_back(touched);
}

// Where a row belongs: behind all that come before it, and those like it.
std::size_t ChangingRows::place_behind(Entries entries, std::uint64_t word, RowRef row) const {
  const auto end = std::partition_point(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.word != word ? entry.word < word
                              : rows_.compare_all(RowRef::kept(entry.slot), row) <= 0;
  });
  return static_cast<std::size_t>(end - entries.begin());
}

bool ChangingRows::is_same(const Entry& entry, std::uint64_t word, RowRef row) const {
  return entry.word == word && rows_.compare_all(RowRef::kept(entry.slot), row) == 0;
}

std::vector<Column> ChangingRows::columns(std::span<const GroupId> ids,
                                          std::span<const RowSlot> slots) const {
  std::vector<RowRef> refs;
  refs.reserve(slots.size());
  for (const RowSlot slot : slots) {
    refs.push_back(RowRef::kept(slot));
  }
  return rows_.columns(refs, keys_.columns(ids));
}

void ChangingRows::keep_only(std::span<const GroupId> kept) {
  for_each_dropped(kept, keys_.size(), [this](GroupId id) {
    for (const Entry& entry : of(id)) {
      release(entry.slot);
    }
  });
  arrays_.keep_only(kept);
  keys_.keep_only(kept);
}

std::vector<GroupId> ChangingRows::restore(std::span<const RowTable::Row> rows) {
  std::vector<RowRef> refs;
  std::vector<GroupId> ids;
  for (const RowTable::Row& row : rows) {
    refs.push_back(RowRef::kept(row.slot));
    ids.push_back(row.id);
  }
  const std::vector<std::uint64_t> words = rows_.words(refs, keys_.columns(ids));
  arrays_.grow_to(keys_.size());
  std::vector<GroupId> there;
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < rows.size();) {
    const GroupId id = ids[i];
    entries.clear();
    for (; i < rows.size() && ids[i] == id; ++i) {
      entries.push_back({.word = words[i], .slot = rows[i].slot});
    }
    std::stable_sort(entries.begin(), entries.end(), [this](const Entry& a, const Entry& b) {
      return a.word != b.word ? a.word < b.word
                              : rows_.compare_all(RowRef::kept(a.slot), RowRef::kept(b.slot)) < 0;
    });
    for (std::size_t at = 0; at < entries.size(); ++at) {
      arrays_.insert(id, at, entries[at]);
    }
    there.push_back(id);
  }
  return there;
}

}  // namespace thalweg
