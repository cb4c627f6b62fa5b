#include "connectors/epoch_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "connectors/file_owner.h"
#include "connectors/hidden_names.h"

namespace thalweg {
namespace {

constexpr std::string_view kOutboxEnd = ".outbox";
constexpr std::string_view kUnfinishedEnd = ".tmp";
constexpr std::size_t kCopyBytes = 256 * 1024;

// The rows of one epoch, on the disk and not yet in the file; what its name says.
struct Outbox {
  std::string incarnation;
  std::uint64_t epoch = 0;
  std::uint64_t length = 0;  // Of the file without them.
  bool finished = true;      // Else they are still coming, and the length is not known.
};

// The same as its writers know it.
struct Rows {
  std::unique_ptr<DurableFile> file;  // Until it is on the disk.
  Outbox outbox;
};

Status copy(Env& env, const std::string& from, const std::function<Status(std::string_view)>& to) {
  TW_TRY_ASSIGN(const std::unique_ptr<InputFile> file, env.open_input(from));
  std::vector<char> buffer(kCopyBytes);
  while (true) {
    TW_TRY_ASSIGN(const std::size_t count,
                  file->read(reinterpret_cast<std::byte*>(buffer.data()), buffer.size()));
    if (count == 0) {
      return {};
    }
    TW_TRY(to({buffer.data(), count}));
  }
}

class EpochFile final : public ByteSink {
 public:
  EpochFile(Env& env, std::string name, std::string beginning)
      : env_(env),
        name_(std::move(name)),
        directory_(directory_of(name_)),
        beginning_(std::move(beginning)),
        hidden_(hidden_beside(name_)),
        owner_(env, name_) {}

  Status recover(const EpochStart& start) override;
  Status open() override { return {}; }
  std::unique_ptr<ByteWriter> make_writer() override;
  Status prepare(std::uint64_t epoch) override;
  Status commit(std::uint64_t epoch) override;
  bool is_exactly_once() const override { return true; }

  // From any writer's thread.
  Status add(std::uint64_t epoch, std::string_view rows);

 protected:
  Status finish(bool /*completed*/) override { return {}; }

 private:
  std::string path_of(const Outbox& outbox) const {
    const std::string name =
        outbox.finished
            ? fmt::format("{}-{}-{}{}", outbox.incarnation, outbox.epoch, outbox.length, kOutboxEnd)
            : fmt::format("{}-{}{}", outbox.incarnation, outbox.epoch, kUnfinishedEnd);
    return directory_ + '/' + hidden_ + name;
  }
  std::optional<Outbox> parse_outbox(std::string_view name) const;
  Result<Rows*> at_epoch(std::uint64_t epoch);
  Status move_into_file(const Outbox& outbox);
  Status replace_file(const std::string& outbox);
  Status add_to_file(const Outbox& outbox);

  Env& env_;
  const std::string name_;
  const std::string directory_;
  const std::string beginning_;
  const std::string hidden_;  // How the names of the files beside it begin.
  FileOwner owner_;
  std::optional<EpochStart> start_;
  bool replaces_ = false;  // The file holds nothing of this beginning yet.
  std::mutex mutex_;       // Guards the map, and while an epoch's rows come what it has of it.
  std::map<std::uint64_t, Rows> epochs_;
};

class EpochFileWriter final : public ByteWriter {
 public:
  EpochFileWriter(EpochFile& file, std::uint64_t epoch) : file_(file), epoch_(epoch) {}

  Status write(std::string_view whole_rows) override { return file_.add(epoch_, whole_rows); }
  Status flush() override { return {}; }
  Status end_epoch(std::uint64_t epoch) override {
    epoch_ = epoch + 1;
    return {};
  }

 private:
  EpochFile& file_;
  std::uint64_t epoch_;
};

std::unique_ptr<ByteWriter> EpochFile::make_writer() {
  return std::make_unique<EpochFileWriter>(*this, start_->decided + 1);
}

Status EpochFile::add(std::uint64_t epoch, std::string_view rows) {
  const std::lock_guard lock(mutex_);
  TW_TRY_ASSIGN(Rows* const of_epoch, at_epoch(epoch));
  return of_epoch->file->write(rows);
}

// Called while the lock is held.
Result<Rows*> EpochFile::at_epoch(std::uint64_t epoch) {
  const auto found = epochs_.find(epoch);
  if (found != epochs_.end()) {
    return &found->second;
  }
  Rows rows{.file = nullptr,
            .outbox = {.incarnation = start_->incarnation, .epoch = epoch, .finished = false}};
  TW_TRY_ASSIGN(rows.file, env_.create_file(path_of(rows.outbox)));
  return &epochs_.emplace(epoch, std::move(rows)).first->second;
}

std::optional<Outbox> EpochFile::parse_outbox(std::string_view name) const {
  if (!name.starts_with(hidden_)) {
    return std::nullopt;
  }
  name.remove_prefix(hidden_.size());
  Outbox outbox;
  outbox.finished = take_end(name, kOutboxEnd);
  // With a dot it belongs to another file, whose name begins as this one's.
  if ((!outbox.finished && !take_end(name, kUnfinishedEnd)) ||
      name.find('.') != std::string_view::npos ||
      (outbox.finished && !take_number(name, outbox.length)) || !take_number(name, outbox.epoch)) {
    return std::nullopt;
  }
  outbox.incarnation = name;
  return outbox;
}

Status EpochFile::recover(const EpochStart& start) {
  if (start_) {
    return {};
  }
  TW_TRY(owner_.take(start));
  start_ = start;
  replaces_ = start.decided == 0;
  TW_TRY_ASSIGN(const std::vector<std::string> names, env_.list_directory(directory_));
  for (const std::string& name : names) {
    const std::optional<Outbox> outbox = parse_outbox(name);
    const bool ours = outbox && outbox->incarnation == start.incarnation;
    // One of an epoch before the last that counts is in the file, or the last would not count.
    if (ours && outbox->finished && outbox->epoch == start.decided) {
      TW_TRY(move_into_file(*outbox));
    } else if (ours || (outbox && replaces_)) {
      TW_TRY(env_.remove_file(directory_ + '/' + name));
    }
  }
  // One that came back would be taken for what the epoch of its number writes now.
  TW_TRY(env_.sync_directory(directory_));
  return owner_.check_length();
}

Status EpochFile::prepare(std::uint64_t epoch) {
  Rows* rows = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!replaces_ && !epochs_.contains(epoch)) {
      return {};
    }
    TW_TRY_ASSIGN(rows, at_epoch(epoch));
  }
  if (rows->file != nullptr) {
    TW_TRY(rows->file->sync());
    TW_TRY(rows->file->close());
    rows->file = nullptr;
  }
  if (!rows->outbox.finished) {
    TW_TRY_ASSIGN(const std::optional<std::uint64_t> length, env_.file_size(name_));
    Outbox finished = rows->outbox;
    finished.length = replaces_ ? 0 : length.value_or(0);
    finished.finished = true;
    TW_TRY(env_.rename_file(path_of(rows->outbox), path_of(finished)));
    rows->outbox = finished;
  }
  return env_.sync_directory(directory_);
}

Status EpochFile::commit(std::uint64_t epoch) {
  Outbox outbox;
  {
    const std::lock_guard lock(mutex_);
    const auto found = epochs_.find(epoch);
    if (found == epochs_.end()) {
      return {};
    }
    outbox = found->second.outbox;
  }
  TW_TRY(move_into_file(outbox));
  replaces_ = false;
  const std::lock_guard lock(mutex_);
  epochs_.erase(epoch);
  return {};
}

Status EpochFile::move_into_file(const Outbox& outbox) {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> bytes, env_.file_size(path_of(outbox)));
  const std::uint64_t before = outbox.length == 0 ? beginning_.size() : outbox.length;
  TW_TRY(owner_.note(outbox.epoch, before + bytes.value_or(0)));
  TW_TRY(outbox.length == 0 ? replace_file(path_of(outbox)) : add_to_file(outbox));
  return env_.remove_file(path_of(outbox));
}

Status EpochFile::replace_file(const std::string& outbox) {
  TW_TRY_ASSIGN(const std::unique_ptr<OutputFile> file,
                env_.create_output(name_, OldBytes::kReplaced));
  TW_TRY(file->write(beginning_));
  TW_TRY(copy(env_, outbox, [&](std::string_view bytes) { return file->write(bytes); }));
  TW_TRY(file->close());
  return env_.sync_directory(directory_);
}

Status EpochFile::add_to_file(const Outbox& outbox) {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> length, env_.file_size(name_));
  if (length.value_or(0) < outbox.length) {
    return Status(Code::kCorrupt,
                  fmt::format("{} has {} bytes and had {} when the rows of epoch {} were to be "
                              "added to it: it was cut or taken away; put it back, or begin anew "
                              "with --from-scratch",
                              name_, length.value_or(0), outbox.length, outbox.epoch));
  }
  if (*length > outbox.length) {
    TW_TRY(env_.truncate_file(name_, outbox.length));
  }
  TW_TRY_ASSIGN(const std::unique_ptr<DurableFile> file, env_.append_file(name_));
  TW_TRY(copy(env_, path_of(outbox), [&](std::string_view bytes) { return file->write(bytes); }));
  TW_TRY(file->sync());
  return file->close();
}

}  // namespace

std::unique_ptr<ByteSink> make_epoch_file(Env& env, std::string name, std::string beginning) {
  return std::make_unique<EpochFile>(env, std::move(name), std::move(beginning));
}

}  // namespace thalweg
