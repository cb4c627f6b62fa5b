#pragma once

#include <memory>
#include <string>

#include "connectors/byte_sink.h"

namespace thalweg {

// Writes one file, exactly once, for a job whose state is kept. The rows of an epoch wait in a
// hidden file beside it, the outbox, and are added to it when the epoch counts; the first epoch of
// a beginning from nothing replaces what the file held, unless another run has written it so
// (FileOwner). The outbox's name says how long the file was before, so that an addition that a
// crash has cut short is made anew: `.NAME.INCARNATION-EPOCH-LENGTH.outbox`, and
// `.NAME.INCARNATION-EPOCH.tmp` until it is on the disk. `name`: where the file is, links followed.
// `beginning` stands before the rows.
std::unique_ptr<ByteSink> make_epoch_file(Env& env, std::string name, std::string beginning);

}  // namespace thalweg
