#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/exchange.h"
#include "runtime/job.h"
#include "runtime/source_step.h"
#include "runtime/worker.h"

namespace thalweg {

// A step of the plan as all workers run it, for progress and EXPLAIN ANALYZE.
struct GraphStep {
  const plan::Node* node = nullptr;
  std::string stage;  // "first stage"; empty for the node's own.
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
  std::vector<std::unique_ptr<Worker>> workers;  // Destroyed first: their steps borrow the rest.
  std::vector<GraphStep> steps;
};

// Makes sources, sinks and each worker's steps. Sources and sinks are open when it returns.
Status build_graph(const plan::Plan& plan, const JobOptions& options,
                   const JobConnections& connections, Env& env, JobGraph& graph);

}  // namespace thalweg
