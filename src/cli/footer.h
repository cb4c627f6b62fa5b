#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "screen.h"
#include "thalweg/session.h"

namespace thalweg::cli {

// Shows on stderr how far a run is: on a terminal one line redrawn four times a second, elsewhere
// a line of NAME=VALUE every 30 seconds. Stops, and clears its line, when destroyed.
class Footer {
 public:
  Footer(const Session& session, Screen& screen);
  ~Footer();
  Footer(const Footer&) = delete;
  Footer& operator=(const Footer&) = delete;

 private:
  void loop();
  void show(const RunProgress& progress);

  const Session& session_;
  Screen& screen_;
  const bool terminal_;
  std::mutex mutex_;  // Guards stopping_.
  std::condition_variable wake_;
  bool stopping_ = false;
  std::deque<RunProgress> before_;  // What was shown last, the oldest first.
  std::jthread thread_;
};

}  // namespace thalweg::cli
