#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/event_time.h"
#include "base/result.h"
#include "env/env.h"
#include "state/key_groups.h"
#include "state/state_table.h"
#include "stream/epoch_decider.h"

namespace thalweg {

// One partition of a source at an epoch.
struct PartitionEpoch {
  std::string name;
  std::uint32_t number = 0;  // Of the partition among its source's, as rows carry it.
  std::int64_t position = 0;
  std::string input;
  std::int64_t input_position = 0;
  std::string mark;
  EventTime watermark = kStartOfTime;
  bool ended = false;
  std::int64_t silent_micros = 0;  // For how long it had had nothing to read.
};

struct SourceEpoch {
  std::string id;  // Stable in the job: the table's name, and its number where it is read twice.
  std::vector<PartitionEpoch> partitions;
};

struct OperatorEpoch {
  std::string id;           // plan::Node::id
  std::string description;  // As EXPLAIN shows it.
  std::string fingerprint;  // Equal where the state means the same.
  std::vector<StateSchema> tables;
  EventTime watermark = kStartOfTime;
};

// All of an epoch but the rows of its tables.
struct EpochRecord {
  std::uint64_t epoch = 0;
  std::string job;          // The pipeline's name.
  std::string incarnation;  // Of the beginning from nothing that it descends from.
  EventTime made_at;        // Wall clock.
  std::uint32_t workers = 0;
  // The job has come to the end of its inputs and said all; there is nothing to go on with.
  bool finished = false;
  std::string decided_by;  // EpochDecider::name(); empty: by this record's being there.
  std::vector<SourceEpoch> sources;
  std::vector<OperatorEpoch> operators;
  std::vector<std::pair<std::string, std::uint64_t>> counters;  // rows_in, rejected.late, ...
  // Their ids, stable as those of sources. Empty: written by a program that did not keep them.
  std::vector<std::string> sinks;
};

// How an operator's rows go on under another query.
struct StateConversion {
  // Where a table's rows come from.
  struct Table {
    std::optional<std::uint32_t> from;  // By place among those so far; nothing: it begins empty.
    // By column: its place there; nothing: NULL, or a type's zero, in every row.
    std::vector<std::optional<std::uint32_t>> columns;
  };
  std::string from;           // The operator's id so far.
  OperatorEpoch to;           // What it is from now on, but for its watermark.
  std::vector<Table> tables;  // Of `to.tables`.
};

// Takes one worker's changes of one epoch. Used by that worker's thread.
class DeltaWriter {
 public:
  virtual ~DeltaWriter() = default;

  // Rows are dealt out to key groups here.
  virtual Status add(const std::string& operator_id, const StateSchema& schema,
                     const StateChanges& changes) = 0;

  // Nothing more comes. Does not wait for the disk.
  virtual Status finish() = 0;
};

// When a new base image is made.
enum class BaseMerge : std::uint8_t {
  kBesides,  // By a thread of the store's own.
  kAtOnce,   // In settled(), for worlds in which all must happen in one order.
};

struct EpochStoreOptions {
  BaseMerge merge = BaseMerge::kBesides;
  // It is made when the deltas outweigh the old one, and this. Each counts for 4 KiB at least, and
  // for a thousandth of the old image.
  std::uint64_t delta_bytes_min = std::uint64_t{1} << 20;
  // Where deltas have more bytes than this, it is only made if it leaves out a good part of the
  // rows or the deltas outweigh the old one four times: where keys come and do not change again, it
  // would be no smaller than what it is made of. There are never many more than four thousand
  // deltas.
  std::uint64_t delta_bytes_cheap = std::uint64_t{16} << 20;
  // Asked which epoch counts, once the lock is held; borrowed for open(). nullptr: the manifest
  // says it.
  EpochDecider* decider = nullptr;
  // The decider may know of another beginning of the job: this one takes its place.
  bool replaces_beginning = false;
};

// The state of one job in a directory: a base image, the deltas of the epochs since, and a manifest
// that says which count. docs/formats/checkpoint.md describes the bytes.
//
// Threading: begin_delta() from any thread, the rest from one at a time.
// Errors: after one of prepare(), decide() or a DeltaWriter nothing is tried again; the epoch may
// or may not count, and the store must be opened anew to know.
class EpochStore {
 public:
  // Opens or makes DIRECTORY/NAME, takes its lock (a second process is refused, with the holder's
  // pid), reads the manifest and checks that all it names is there. An epoch that is prepared
  // counts if the decider says so. What no manifest names is removed.
  static Result<std::unique_ptr<EpochStore>> open(Env& env, const std::string& directory,
                                                  const std::string& name,
                                                  const EpochStoreOptions& options = {});
  virtual ~EpochStore() = default;

  // The last epoch that counts; nothing: there is no state yet.
  virtual const std::optional<EpochRecord>& last() const = 0;

  // Of the beginning from nothing that the state descends from: made up where there is none yet.
  virtual const std::string& incarnation() const = 0;

  // Calls `visit` with the changes of one table's rows in some key groups, in the order in which
  // they must be applied: the base image's rows, then each delta's. Slices that were dropped are
  // left out here; no change says so. Every block is checked before it is handed on. May be called
  // from several threads at once. Only before the first decide().
  virtual Status read(const std::string& operator_id, const StateSchema& schema,
                      KeyGroupRange groups,
                      const std::function<Status(const StateChanges&)>& visit) const = 0;

  // Makes the last epoch that of these operators, in a new base image; what is kept of all others
  // is dropped. Until it is done all is as it was before. Requires: there is a last epoch, and
  // columns of keys come from columns of keys of the same types. Only before all that follows.
  virtual Status convert(const std::vector<StateConversion>& operators) = 0;

  // One for each worker that has state, for the epoch after the last decided one.
  virtual Result<std::unique_ptr<DeltaWriter>> begin_delta(std::uint32_t worker) = 0;

  // First half: the deltas of the epoch and its manifest are on the disk, under a name that does
  // not count.
  virtual Status prepare(const EpochRecord& record) = 0;
  // Second half: the manifest is renamed. The one deciding moment, from which on the epoch counts,
  // unless the job has a decider: then it has decided before, and this notes it.
  virtual Status decide() = 0;
  // All sinks have shown the epoch; old files may go, and a new base may be made when it pays.
  // Fails where the files do not read back as they were written; what else goes wrong with a base
  // image is tried again later, for nothing depends on it.
  virtual Status settled() = 0;
};

// Renames DIRECTORY/NAME, for a job that is to begin from nothing, and says what it is called now;
// empty: there was no state. Refused while a process uses it.
Result<std::string> set_state_aside(Env& env, const std::string& directory,
                                    const std::string& name);

}  // namespace thalweg
