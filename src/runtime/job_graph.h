#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/exchange.h"
#include "runtime/job.h"
#include "runtime/run_totals.h"
#include "runtime/source_step.h"
#include "runtime/worker.h"

namespace thalweg {

// A step of the plan as all workers run it, for progress and EXPLAIN ANALYZE.
struct GraphStep {
  const plan::Node* node = nullptr;
  std::string stage;  // "first stage"; empty for the node's own.
  std::string id;     // The node's, where it has one.
  std::string description;
  std::string explain_line;  // In the picture of the plan; the steps are in its order.
  bool source = false;
  bool sink = false;
  bool filters = false;  // Rows that come in and do not go out were dropped by a predicate.
  std::vector<const StepCounters*> counters;  // One per worker that has the step.
};

// The workers of a job with their steps, and all that these share.
struct JobGraph {
  SourceSignals signals;
  std::vector<std::unique_ptr<SharedScan>> scans;
  std::vector<std::unique_ptr<ExchangeQueues>> exchanges;
  std::vector<std::unique_ptr<Sink>> sinks;
  std::vector<std::string> sink_ids;
  std::vector<std::unique_ptr<WorkerDelta>> deltas;  // By worker, where state is kept.
  std::vector<OperatorEpoch> kept;  // What is kept of operators, but for their watermarks.
  EpochStart start;
  EpochProgress resumed;
  std::string restoring;                         // The step whose state is being taken back.
  RunTotals before;                              // Of the runs that the job goes on from.
  std::vector<std::unique_ptr<Worker>> workers;  // Destroyed first: their steps borrow the rest.
  std::vector<GraphStep> steps;
};

// What the steps have done, with the counts that `counts_of` gives for a step on one worker.
template <typename CountsOf>
RunTotals total(const std::vector<GraphStep>& steps, CountsOf counts_of) {
  RunTotals totals;
  for (const GraphStep& step : steps) {
    StepCounts sum;
    std::uint64_t rejected = 0;
    for (const StepCounters* counters : step.counters) {
      const StepCounts counts = counts_of(*counters);
      sum.rows_in += counts.rows_in;
      sum.rows_out += counts.rows_out;
      totals.keys_expired += counts.keys_expired;
      for (std::size_t reason = 0; reason < counts.rejected.size(); ++reason) {
        totals.rejected[reason] += counts.rejected[reason];
        rejected += counts.rejected[reason];
      }
    }
    if (step.source) {
      totals.rows_in += sum.rows_in;
    } else if (step.sink) {
      totals.rows_out += sum.rows_in - std::min(sum.rows_in, rejected);
    }
    if (step.filters) {
      const std::uint64_t kept = sum.rows_out + rejected;
      totals.rows_filtered += sum.rows_in > kept ? sum.rows_in - kept : 0;
    }
  }
  return totals;
}

// Whether a graph is made to run, or to see what is kept of its operators: that is in `kept` then,
// whether the job has epochs or not.
enum class GraphFor : std::uint8_t { kRunning, kLooking };

// Makes sources, sinks and each worker's steps. Sources and sinks are open when it returns, and all
// is as it was at the last epoch where there has been one.
Status build_graph(const plan::Plan& plan, const JobOptions& options,
                   const JobConnections& connections, Env& env, JobGraph& graph,
                   GraphFor purpose = GraphFor::kRunning);

}  // namespace thalweg
