#pragma once

#include "plan/plan.h"

// The passes of rewrite(), each a whole rewriting of its own. Each keeps what the sinks receive.
namespace thalweg::plan {

// Literals for everything that is constant; filters that are always true are gone.
Plan fold_plan(const Plan& plan);

// Filters moved towards the scans, through what neither shares rows nor limits them.
Plan push_predicates(const Plan& plan, PushThrough push);

// Aggregates over windows that overlap find them by the time of rows, so that rows need not be
// repeated for each window, unless something asks which window a row stands for.
Plan find_windows_by_time(const Plan& plan);

// Columns nobody reads are neither computed nor read.
Plan prune_columns(const Plan& plan);

// Neighbouring filters and projections made one; projections that change nothing are gone.
Plan fuse_steps(const Plan& plan);

// Rows carry their origin where an aggregate above depends on their order.
Plan mark_origins(const Plan& plan);

}  // namespace thalweg::plan
