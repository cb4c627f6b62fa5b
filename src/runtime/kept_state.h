#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "plan/state_meaning.h"
#include "runtime/job_graph.h"
#include "runtime/operator_step.h"

namespace thalweg {

// The part of making a graph that is about state: what is kept of its steps, and what they go on
// from. Does nothing for a job without epochs. What there is of state must be that of the plan, as
// judge_upgrade() tells.
class KeptState {
 public:
  KeptState(const plan::Plan& plan, const JobOptions& options, Env& env, JobGraph& graph,
            GraphFor purpose);

  // Before all else.
  void begin();
  // Requires: the source is open, and the scan knows its partitions.
  Status resume(SharedScan& scan);
  // Keeps the state of a node's own step on one worker, which has these key groups, and fills it
  // with what there is of it.
  Status keep(const plan::Node& node, OperatorStep& step, KeyGroupRange groups);
  // The same of the rows that a source's step keeps by key, if it does; they are on one worker.
  Status keep(const SharedScan& scan, SourceStep& step);

  // The aggregate's calls under the names that their columns of state have.
  std::vector<AggregateCall> calls_of(const plan::Node& node,
                                      const plan::Aggregate& aggregate) const;

 private:
  bool asked_for() const { return options_.epochs || purpose_ == GraphFor::kLooking; }
  // Nothing: there was no such operator when the state was made.
  Result<std::optional<EventTime>> keep_tables(OperatorEpoch kept,
                                               const std::vector<StateTable*>& tables,
                                               KeyGroupRange groups, Step& step);

  const JobOptions& options_;
  Env& env_;
  JobGraph& graph_;
  const GraphFor purpose_;
  const EpochRecord* last_ = nullptr;  // What the job goes on from; nullptr: nothing.
  std::unordered_map<const plan::Node*, plan::StateMeaning> meanings_;
};

}  // namespace thalweg
