#include "connectors/byte_sink.h"

#include <mutex>
#include <utility>

namespace thalweg {
namespace {

// A file that several workers write to. Thread-safe.
class SharedFile {
 public:
  explicit SharedFile(std::unique_ptr<OutputFile> file) : file_(std::move(file)) {}

  Status write(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    return file_->write(bytes);
  }
  Status flush() {
    const std::lock_guard lock(mutex_);
    return file_->flush();
  }
  Status close() {
    const std::lock_guard lock(mutex_);
    return file_->close();
  }

 private:
  std::mutex mutex_;  // Guards the file.
  const std::unique_ptr<OutputFile> file_;
};

class PlainWriter final : public ByteWriter {
 public:
  explicit PlainWriter(SharedFile& file) : file_(file) {}

  Status write(std::string_view whole_rows) override { return file_.write(whole_rows); }
  Status flush() override { return file_.flush(); }
  Status end_epoch(std::uint64_t /*epoch*/) override { return file_.flush(); }

 private:
  SharedFile& file_;
};

class PlainSink final : public ByteSink {
 public:
  PlainSink(std::function<Result<std::unique_ptr<OutputFile>>()> open_output, std::string beginning)
      : open_output_(std::move(open_output)), beginning_(std::move(beginning)) {}

  Status open() override {
    if (file_ != nullptr) {
      return {};
    }
    TW_TRY_ASSIGN(std::unique_ptr<OutputFile> file, open_output_());
    TW_TRY(file->write(beginning_));
    file_ = std::make_unique<SharedFile>(std::move(file));
    return {};
  }

  std::unique_ptr<ByteWriter> make_writer() override {
    return std::make_unique<PlainWriter>(*file_);
  }

 protected:
  Status finish(bool completed) override {
    return completed && file_ != nullptr ? file_->close() : Status();
  }

 private:
  const std::function<Result<std::unique_ptr<OutputFile>>()> open_output_;
  const std::string beginning_;
  std::unique_ptr<SharedFile> file_;
};

}  // namespace

std::unique_ptr<ByteSink> make_plain_sink(
    std::function<Result<std::unique_ptr<OutputFile>>()> open_output, std::string beginning) {
  return std::make_unique<PlainSink>(std::move(open_output), std::move(beginning));
}

}  // namespace thalweg
