#pragma once

#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "thalweg/session.h"

namespace thalweg {

// A diagnostic in all the forms in which users see it.
Problem to_problem(const SourceText& source, const Diagnostic& diagnostic, bool color);

std::vector<Problem> to_problems(const SourceText& source, const Diagnostics& diagnostics,
                                 bool color);

// A failed status while running, which has no place in the text.
Problem to_problem(const SourceText& source, const Status& status, bool color);

// What a status means for the run.
Outcome outcome_of(const Status& status);

}  // namespace thalweg
