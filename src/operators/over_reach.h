#pragma once

#include <span>

#include "expr/over.h"
#include "operators/changing_rows.h"

namespace thalweg {

// The rows of a key whose answers to the call may be others now, at least: what a batch has touched
// and those whose frames reach it. RANGE is judged by the words of rows, between which distances
// are what they are between values.
ChangingRows::Extent rows_to_answer(const OverCall& call,
                                    std::span<const ChangingRows::Entry> entries,
                                    const ChangingRows::Touched& touched);

// The rows that the answers of `rows`, one or more, are computed from, at least.
ChangingRows::Extent rows_to_see(const OverCall& call, std::span<const ChangingRows::Entry> entries,
                                 ChangingRows::Extent rows);

}  // namespace thalweg
