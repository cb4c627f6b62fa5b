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
// `.NAME.INCARNATION-EPOCH-LENGTH.owner` names that run, the last epoch whose rows the file may
// hold, and how long it is with them.
class FileOwner {
 public:
  // `name`: where the file is, links followed.
  FileOwner(Env& env, std::string name);

  // Refused where another process writes the file, or where it holds rows of another run that this
  // one would replace, or give again.
  Status take(const EpochStart& start);

  // For a run without state, which would replace the file: refused where another process writes it,
  // or where it holds rows of a run that has state.
  Status take_from_nobody();

  // Before rows of an epoch that counts come into the file. Durable.
  Status note(std::uint64_t epoch, std::uint64_t length);

  // Once all rows that count are in the file: refused where it is not as long as was noted. It may
  // have been taken away, or emptied.
  Status check_length() const;

 private:
  struct Mark {
    std::string incarnation;
    std::uint64_t epoch = 0;
    std::uint64_t length = 0;
  };

  std::string path_of(const Mark& mark) const;
  std::string lock_name() const;
  Status lock();
  Status find_marks();
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
