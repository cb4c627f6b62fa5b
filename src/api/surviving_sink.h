#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "stream/sink.h"

namespace thalweg {

// A sink that outlives the crashes of a job under test: what an epoch wrote is handed on when the
// epoch is committed, and forgotten when the job crashes before. Thread-safe.
class SurvivingSink {
 public:
  explicit SurvivingSink(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}

  Status open();
  Status close(bool completed);

  // The job's end of it in one life.
  std::unique_ptr<Sink> make_life();

 private:
  class Life;
  class Writer;

  const std::unique_ptr<Sink> sink_;
  std::unique_ptr<SinkWriter> writer_;
  std::mutex mutex_;                                     // Guards pending_.
  std::map<std::uint64_t, std::vector<Batch>> pending_;  // By epoch.
};

}  // namespace thalweg
