#include "connectors/file_sink.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "connectors/epoch_file.h"
#include "connectors/file_owner.h"

namespace thalweg {
namespace {

class FileSink final : public ByteSink {
 public:
  FileSink(Env& env, std::string path, std::string beginning, OldBytes old)
      : env_(env), path_(std::move(path)), beginning_(std::move(beginning)), old_(old) {}

  Status recover(const EpochStart& start) override {
    if (env_.is_written_in_place(path_)) {
      return {};
    }
    if (old_ == OldBytes::kKept) {
      return invalid_argument(
          fmt::format("{} was written by an earlier statement of this run; where state is kept, "
                      "what writes to one file runs together",
                      path_));
    }
    if (to_ == nullptr) {
      to_ = make_epoch_file(env_, env_.output_name(path_), beginning_);
    }
    return explained(to_->recover(start));
  }

  Status open() override {
    if (to_ == nullptr) {
      if (!env_.is_written_in_place(path_)) {
        owner_.emplace(env_, env_.output_name(path_));
        TW_TRY(owner_->take_from_nobody());
      }
      to_ = make_plain_sink([this] { return env_.create_output(path_, old_); },
                            old_ == OldBytes::kReplaced ? beginning_ : std::string());
    }
    return explained(to_->open());
  }

  std::unique_ptr<ByteWriter> make_writer() override { return to_->make_writer(); }
  Status prepare(std::uint64_t epoch) override { return to_->prepare(epoch); }
  Status commit(std::uint64_t epoch) override { return to_->commit(epoch); }
  bool is_exactly_once() const override { return to_ != nullptr && to_->is_exactly_once(); }

 protected:
  Status finish(bool completed) override {
    return to_ == nullptr ? Status() : to_->close(completed);
  }

 private:
  // A folder that is missing is told with the cure.
  Status explained(const Status& failure) {
    const std::string folder = directory_of(env_.output_name(path_));
    if (failure.code() != Code::kUnavailable || env_.list_directory(folder).ok()) {
      return failure;
    }
    const auto size = env_.file_size(folder);
    return !size.ok() || size.value()
               ? failure
               : unavailable(fmt::format(
                     "cannot write {}: there is no folder {}; make it first, or end the path with "
                     "a slash: folders of several files are made",
                     path_, folder));
  }

  Env& env_;
  const std::string path_;
  const std::string beginning_;
  const OldBytes old_;
  std::optional<FileOwner> owner_;  // Of a run without state.
  std::unique_ptr<ByteSink> to_;    // Known when it recovers, or else when it opens.
};

}  // namespace

std::unique_ptr<ByteSink> make_file_sink(Env& env, std::string path, std::string beginning,
                                         OldBytes old) {
  return std::make_unique<FileSink>(env, std::move(path), std::move(beginning), old);
}

}  // namespace thalweg
