#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/epoch_store.h"
#include "env/env.h"
#include "plan/plan.h"

namespace thalweg {

// What is kept of a query: as its plan asks for, or as an epoch has it.
struct QueryState {
  std::vector<std::string> sources;      // Their ids.
  std::vector<OperatorEpoch> operators;  // Watermarks aside.
  std::vector<std::string> sinks;        // Their ids; empty: unknown.
};

QueryState state_of(const EpochRecord& record);
// Makes the plan's operators to ask them; neither sources nor sinks. An error: some state cannot be
// kept. The plan must have been rewritten.
Result<QueryState> state_of(const plan::Plan& plan, Env& env);

// What people have said may happen to state; nothing of it happens otherwise.
struct AllowedChanges {
  bool new_state = false;      // What is new begins with nothing.
  bool dropped_state = false;  // What is no longer there is lost.
};

// Whether what is kept of one query is right for another.
struct Upgrade {
  enum class Verdict : std::uint8_t {
    kSame,  // It means the same.
    kKept,  // What both have is kept; `text` says in one line what, and what becomes of the rest.
    kRefused,  // `text` names, in lines, each operator in the way, what changed, and the ways out.
  };
  Verdict verdict = Verdict::kSame;
  std::string text;
  // What is new in it, sinks too, and so has nothing of what has been read already.
  std::vector<std::string> added;
  // Not empty: the rows must become those of these operators first, by EpochStore::convert().
  std::vector<StateConversion> conversions;
};

Upgrade judge_upgrade(const QueryState& found, const QueryState& wanted, AllowedChanges allowed);

}  // namespace thalweg
