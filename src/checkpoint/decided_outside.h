#pragma once

#include <string>

#include "env/env.h"
#include "stream/epoch_decider.h"

namespace thalweg {

// Makes the last epoch in a state directory the one that the decider says counts: what was prepared
// when a process ended counts if the decider has it. Fails where the two are of different times, so
// that going on would lose rows or repeat them. `replaces_beginning`: the decider may know of
// another beginning of the job, whose place the state takes.
Status follow_decider(Env& env, const std::string& path, EpochDecider& decider,
                      bool replaces_beginning);

// Whether the state in a directory may go on where another process runs the job now: asked before
// it is shut out. Fails where the decider knows epochs that the state has no part in.
Status check_goes_on(Env& env, const std::string& path, EpochDecider& decider);

}  // namespace thalweg
