#pragma once

#include <string>

#include "base/result.h"
#include "checkpoint/epoch_store.h"
#include "env/env.h"

namespace thalweg {

// Writes the last decided epoch of a job into one file that needs nothing else, for another
// directory or machine. The job may run meanwhile. A savepoint of that name is replaced, once the
// new one is whole; any other file is refused.
Status write_savepoint(Env& env, const std::string& directory, const std::string& name,
                       const std::string& path);

// All of the epoch in such a file but its rows.
Result<EpochRecord> savepoint_record(Env& env, const std::string& path);

// Makes the state DIRECTORY/NAME out of such a file, for EpochStore::open() to find. Refused where
// there is state. It is a new beginning, with an incarnation of its own, so that two jobs may come
// of one file.
Status restore_savepoint(Env& env, const std::string& path, const std::string& directory,
                         const std::string& name);

}  // namespace thalweg
