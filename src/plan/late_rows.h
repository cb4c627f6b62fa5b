#pragma once

#include <vector>

#include "plan/plan.h"

namespace thalweg::plan {

// A step that judges whether rows are late, and where these come from: a table's scan, or the last
// function of the program that they went through.
struct Judge {
  NodePtr step;
  std::size_t input;  // Of the step: the one whose rows it judges.
  NodePtr source;
};

// Every such pair below a relation, itself included. One step may judge rows of several sources.
std::vector<Judge> find_judges(const NodePtr& relation);

// The rule by which a step judges rows of an input of its, over rows that are in windows by their
// time.
LateRows lateness_of(const Node& step, std::size_t input = 0);

// The rows that come late for the step, with the source's columns, and window_start, window_end and
// late_by after them, and late_change where the source's rows change. See LateRows.
NodePtr late_rows_of(const Judge& judge);

}  // namespace thalweg::plan
