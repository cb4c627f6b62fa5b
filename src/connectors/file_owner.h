#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/env.h"
#include "stream/sink.h"

namespace thalweg {

// Whose a file is that a job whose state is kept writes: one process at a time may write it, which
// holds `.NAME.lock` beside it, and what is in it comes from one run.
// `.NAME.INCARNATION-EPOCH.owner` names that run, and the last epoch whose rows the file may hold.
class FileOwner {
 public:
  // `name`: where the file is, links followed.
  FileOwner(Env& env, std::string name);

  // Refused where another process writes the file, or where it holds rows of another run that this
  // one would replace, or give again.
  Status take(const EpochStart& start);

  // Before rows of an epoch that counts come into the file. Durable.
  Status note(std::uint64_t epoch);

 private:
  struct Mark {
    std::string incarnation;
    std::uint64_t epoch = 0;
  };

  std::string path_of(const Mark& mark) const;
  Status refuse_foreign(const EpochStart& start) const;

  Env& env_;
  const std::string name_;
  const std::string directory_;
  const std::string hidden_;  // How the names of the files beside it begin.
  std::unique_ptr<FileLock> lock_;
  std::string incarnation_;
  std::vector<Mark> marks_;  // That are there.
};

}  // namespace thalweg
