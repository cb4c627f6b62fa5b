#pragma once

#include <string>
#include <vector>

#include "thalweg/session.h"

namespace thalweg {

// Whether a script that has been changed can go on with the state of the one before.
struct UpgradeReport {
  Outcome outcome = Outcome::kDone;  // kInvalid: a script is wrong, as `problems` say.
  std::vector<Problem> problems;
  // One for each job that keeps state; see StateOptions.
  struct Job {
    bool is_kept = false;
    std::string text;  // What is kept, new and dropped, in one line; or, in lines, why it is not.
  };
  std::vector<Job> jobs;

  bool is_kept() const;
};

// Judges as a run with such options would, without running anything.
UpgradeReport check_upgrade(const Script& before, const Script& now,
                            const SessionOptions& options = {});

}  // namespace thalweg
