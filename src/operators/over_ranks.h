#pragma once

#include "operators/over_frames.h"

namespace thalweg {

// The answers of a call without a frame: row_number and its kin. Those that measure against the
// whole partition require that all its rows are at hand.
Column rank_rows(const OverCall& call, const OverInput& input, const PeerColumns& peers);

}  // namespace thalweg
