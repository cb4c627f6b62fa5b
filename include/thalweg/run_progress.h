#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// What a job has found of an earlier run.
struct ResumedRun {
  std::uint64_t epoch = 0;  // The last that counted.
  double age_seconds = 0;   // Since it was made.
  std::uint64_t rows = 0;   // Of state that were read back.
  double seconds = 0;       // That this took.
  bool finished = false;    // The earlier run had come to its end: nothing is left to do.
  std::string changes;      // Where the query has changed: what is kept, new and dropped.
};

// What a run has done so far, and at its end the summary of it. Counters only grow, but for a job
// that had to wait: it then goes on from its last epoch, and counts from there.
struct RunProgress {
  struct Rejected {
    std::string reason;       // "malformed", "late", "division_by_zero".
    std::string explanation;  // One sentence for people.
    std::uint64_t rows = 0;
  };
  // One rejected row, kept as an example.
  struct Sample {
    std::string origin;  // "quakes.jsonl, byte 1204"
    std::string reason;
    std::string detail;
  };
  struct Partition {
    std::string source;  // The table's name.
    std::string name;    // The path or topic/partition.
    std::optional<std::int64_t> watermark_micros;
    bool ended = false;
    bool timed = false;  // Whether the run follows its event time.
    // How long it has been silent, where that is longer than its idle_timeout: it then holds nobody
    // back.
    std::optional<std::int64_t> idle_micros;
    bool holds_back = false;  // No active partition has a lower watermark.
    // How often its file was found cut or written anew, and was read from its beginning again.
    std::uint64_t restarts = 0;
  };
  struct Operator {
    std::string description;   // As EXPLAIN shows it.
    std::string explain_line;  // The same within the picture of the plan.
    std::uint64_t rows_in = 0;
    std::uint64_t rows_out = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t batches_in = 0;
    std::int64_t nanos = 0;  // Only where operators were measured; all workers together.
    std::uint64_t held = 0;  // Rows or groups kept for results to come.
    std::optional<std::int64_t> due_micros;  // The watermark at which the next result comes out.
  };

  std::uint64_t rows_in = 0;        // Read from sources, rejected ones included.
  std::uint64_t rows_out = 0;       // Written to sinks and results.
  std::uint64_t rows_filtered = 0;  // Dropped by WHERE and HAVING.
  std::uint64_t rows_late = 0;      // Those among `rejected`, for whatever cause of lateness.
  std::uint64_t rows_late_after_idle = 0;  // Those among `rows_late`; LATE(view) has none of them.
  std::uint64_t rows_held = 0;     // Rows and groups that operators keep for results to come.
  std::vector<Rejected> rejected;  // Reasons with at least one row, late ones too.
  std::vector<Sample> samples;
  // The lowest of all sources, microseconds since 1970 UTC; nothing before the first row with a
  // time and after the end of all inputs.
  std::optional<std::int64_t> watermark_micros;
  std::vector<Partition> partitions;
  std::vector<Operator> operators;    // In the order of EXPLAIN.
  double seconds = 0;                 // Since the run began.
  std::uint64_t epoch = 0;            // The last that counts, where state is kept.
  std::optional<ResumedRun> resumed;  // What the run went on from; absent: it began with nothing.
  std::uint64_t keys_expired = 0;     // Keys of state that were let go, their ttl being over.
  std::string waiting;  // What for: "disk full", "memory limit", "partitions of t"; empty: it runs.
  std::string reconnecting;  // To whom, as "broker 127.0.0.1:9092", that is away; empty: nobody.
  double seconds_reconnecting = 0;  // For how long already.
  double seconds_waited = 0;        // For room on a disk, so far and for all of it together.
  double seconds_paused = 0;        // The same of its sources, at its memory_limit.
  bool stopped = false;             // By request, before its inputs ended.

  std::uint64_t rows_rejected() const;
  // Whether an earlier run had done all there is to do.
  bool was_finished() const { return resumed && resumed->finished; }
};

// The last line of a run for people: rows in, out, late and in error, time. Below it a few of the
// rejected rows, as examples.
std::string summarize(const RunProgress& progress);

// The line, or two, that tell people what a run goes on from.
std::string describe_resumed(const ResumedRun& run);
// The line that tells them which sinks may show rows twice.
std::string describe_at_least_once(const std::vector<std::string>& sinks);
// The line that tells them what a job waits for.
std::string describe_waiting(std::string_view why);

// Numbers as that line shows them: 12 431; 850 ms, 3.2 s, 5 min 12 s.
std::string human_count(std::uint64_t count);
// Rows that came late, as that line shows them: 12 (3 after idle).
std::string human_late(const RunProgress& progress);
std::string human_duration(double seconds);

// Why an answer has no rows, in one sentence: rows read, filtered, late, in error, still held.
std::string explain_empty(const RunProgress& progress);

// The partitions that hold the watermark back while others are further, as in 't "b.jsonl"'; empty
// where none does.
std::string held_back_by(const RunProgress& progress);

// What time is doing, for people: each partition's watermark, whether it is idle and since when,
// which one holds the stream back, and what each operator holds until which watermark.
std::string explain_watermarks(const RunProgress& progress);

}  // namespace thalweg
