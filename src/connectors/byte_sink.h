#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "env/env.h"
#include "stream/sink.h"

namespace thalweg {

// One worker's way to where the bytes of a sink go. Owned and called by that worker's thread.
class ByteWriter {
 public:
  virtual ~ByteWriter() = default;
  virtual Status write(std::string_view whole_rows) = 0;
  virtual Status flush() = 0;
  virtual Status end_epoch(std::uint64_t epoch) = 0;
};

// Where the bytes of a sink go: a Sink that knows nothing of rows. Several sinks of a job may share
// one; each of them calls everything, and what is done already is not done again.
class ByteSink {
 public:
  virtual ~ByteSink() = default;

  // Another sink writes here too, and closes it too.
  void join() { ++sinks_; }

  virtual Status recover(const EpochStart& /*start*/) { return {}; }
  virtual Status open() = 0;
  virtual std::unique_ptr<ByteWriter> make_writer() = 0;
  virtual Status prepare(std::uint64_t /*epoch*/) { return {}; }
  virtual Status commit(std::uint64_t /*epoch*/) { return {}; }
  virtual bool is_exactly_once() const { return false; }
  // The last of its sinks finishes it.
  Status close(bool completed) { return --sinks_ > 0 ? Status() : finish(completed); }

 protected:
  virtual Status finish(bool completed) = 0;

 private:
  int sinks_ = 1;
};

// Writes to a file or pipe as rows come: what has been written twice is seen twice. `open_output`
// is called when the sink opens, `beginning` is written first. What did not complete is destroyed
// without being closed.
std::unique_ptr<ByteSink> make_plain_sink(
    std::function<Result<std::unique_ptr<OutputFile>>()> open_output, std::string beginning);

}  // namespace thalweg
