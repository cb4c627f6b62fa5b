#include "connectors/parts_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

constexpr std::string_view kStart = "part-";
constexpr std::string_view kHiddenEnd = ".tmp";
constexpr char kCutMark = '_';  // Sorts behind the dot, so that names are in order.
constexpr std::string_view kLockName = ".thalweg-lock";

template <typename Integer>
bool parse_number(std::string_view text, Integer& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// Takes what stands behind the last dash.
std::string_view take_last_field(std::string_view& text) {
  const std::size_t dash = text.rfind('-');
  const std::string_view field = text.substr(dash == std::string_view::npos ? 0 : dash + 1);
  text = text.substr(0, dash == std::string_view::npos ? 0 : dash);
  return field;
}

// A part that its writer has finished.
struct Part {
  PartName name;
  std::unique_ptr<DurableFile> file;  // Until it is on the disk.
  bool shown = false;
};

// What the writers of a job whose state is kept have in common.
class EpochParts {
 public:
  EpochParts(Env& env, const PartsPlace& place, EpochStart start)
      : env_(env), place_(place), start_(std::move(start)) {}

  const EpochStart& start() const { return start_; }
  std::size_t part_bytes() const { return place_.part_bytes; }
  PartName name(std::uint64_t epoch, std::uint32_t number) const {
    return {.incarnation = start_.incarnation,
            .epoch = epoch,
            .number = number,
            .extension = place_.extension,
            .hidden = true};
  }
  Result<std::unique_ptr<DurableFile>> create(const PartName& name) {
    TW_TRY_ASSIGN(std::unique_ptr<DurableFile> file,
                  env_.create_file(path_of(name), Audience::kEverybody));
    TW_TRY(file->write(place_.beginning));
    return file;
  }

  // From any writer's thread.
  void add(PartName name, std::unique_ptr<DurableFile> file) {
    const std::lock_guard lock(mutex_);
    finished_[name.epoch].push_back({.name = name, .file = std::move(file)});
  }

  Status recover();
  Status prepare(std::uint64_t epoch);
  Status commit(std::uint64_t epoch);

 private:
  std::string path_of(const PartName& name) const { return place_.directory + '/' + to_text(name); }
  std::vector<Part>* parts_of(std::uint64_t epoch);
  Status show(PartName name);
  Status refuse_foreign(const std::vector<PartName>& found) const;

  Env& env_;
  const PartsPlace& place_;
  const EpochStart start_;
  std::unique_ptr<FileLock> lock_;
  std::mutex mutex_;                                     // Guards the map, not what is in it:
  std::map<std::uint64_t, std::vector<Part>> finished_;  // an epoch's own when all have ended it.
};

std::vector<Part>* EpochParts::parts_of(std::uint64_t epoch) {
  const std::lock_guard lock(mutex_);
  const auto found = finished_.find(epoch);
  return found == finished_.end() ? nullptr : &found->second;
}

Status EpochParts::show(PartName name) {
  const std::string from = path_of(name);
  name.hidden = false;
  return env_.rename_file(from, path_of(name));
}

// Their rows would be read a second time: a beginning from nothing gives them all, and one from a
// savepoint those of later epochs.
Status EpochParts::refuse_foreign(const std::vector<PartName>& found) const {
  for (const PartName& name : found) {
    if (name.hidden || name.incarnation == start_.incarnation) {
      continue;
    }
    if (start_.decided == 0) {
      return invalid_argument(
          fmt::format("{}/ holds {}, a part of a run that began before this one, and both would be "
                      "read together; move its parts away, or write to another directory",
                      place_.directory, to_text(name)));
    }
    if (name.epoch > start_.decided) {
      return invalid_argument(
          fmt::format("{}/ holds {}, a part of another run of epoch {}, and this one goes on from "
                      "epoch {}: what both write would be read together; move the other's parts of "
                      "later epochs away, or write to another directory",
                      place_.directory, to_text(name), name.epoch, start_.decided));
    }
  }
  return {};
}

Status EpochParts::recover() {
  TW_TRY(env_.make_directories(place_.directory, Audience::kEverybody));
  TW_TRY_ASSIGN(lock_, env_.lock_directory(place_.directory, kLockName));
  TW_TRY_ASSIGN(const std::vector<std::string> names, env_.list_directory(place_.directory));
  std::vector<PartName> found;
  for (const std::string& name : names) {
    if (std::optional<PartName> part = parse_part_name(name)) {
      found.push_back(*std::move(part));
    }
  }
  const bool from_nothing = start_.decided == 0;
  TW_TRY(refuse_foreign(found));
  for (const PartName& name : found) {
    const bool ours = name.incarnation == start_.incarnation;
    if (ours && name.hidden && name.epoch <= start_.decided) {
      TW_TRY(show(name));
    } else if (ours ? name.epoch > start_.decided : name.hidden && from_nothing) {
      TW_TRY(env_.remove_file(path_of(name)));
    }
  }
  return env_.sync_directory(place_.directory);
}

Status EpochParts::prepare(std::uint64_t epoch) {
  std::vector<Part>* const parts = parts_of(epoch);
  if (parts == nullptr) {
    return {};
  }
  for (Part& part : *parts) {
    if (part.file != nullptr) {
      TW_TRY(part.file->sync());
      TW_TRY(part.file->close());
      part.file = nullptr;
    }
  }
  return env_.sync_directory(place_.directory);
}

Status EpochParts::commit(std::uint64_t epoch) {
  std::vector<Part>* const parts = parts_of(epoch);
  if (parts == nullptr) {
    return {};
  }
  for (Part& part : *parts) {
    if (!part.shown) {
      TW_TRY(show(part.name));
      part.shown = true;
    }
  }
  TW_TRY(env_.sync_directory(place_.directory));
  const std::lock_guard lock(mutex_);
  finished_.erase(epoch);
  return {};
}

class EpochPartWriter final : public ByteWriter {
 public:
  EpochPartWriter(EpochParts& parts, std::uint32_t number)
      : parts_(parts), name_(parts.name(parts.start().decided + 1, number)) {}

  Status write(std::string_view whole_rows) override {
    if (file_ == nullptr) {
      TW_TRY_ASSIGN(file_, parts_.create(name_));
      bytes_ = 0;
    }
    TW_TRY(file_->write(whole_rows));
    bytes_ += whole_rows.size();
    if (bytes_ >= parts_.part_bytes()) {
      parts_.add(name_, std::move(file_));
      ++name_.cut;
    }
    return {};
  }

  Status flush() override { return {}; }

  Status end_epoch(std::uint64_t epoch) override {
    if (file_ != nullptr) {
      parts_.add(name_, std::move(file_));
    }
    name_.epoch = epoch + 1;
    name_.cut = 0;
    return {};
  }

 private:
  EpochParts& parts_;
  PartName name_;
  std::unique_ptr<DurableFile> file_;  // Null: there are no rows for it yet.
  std::size_t bytes_ = 0;              // Of its rows.
};

// What the writers of a job that keeps no state have made.
class RunParts {
 public:
  RunParts(Env& env, const PartsPlace& place) : env_(env), place_(place) {}

  Status open();
  // From any thread, as what follows.
  std::uint32_t next_number() { return next_++; }
  std::size_t part_bytes() const { return place_.part_bytes; }

  // The file stays with the others until the end.
  Result<OutputFile*> create(std::uint32_t number) {
    TW_TRY_ASSIGN(std::unique_ptr<OutputFile> file,
                  env_.create_output(path_of(number), OldBytes::kReplaced));
    TW_TRY(file->write(place_.beginning));
    const std::lock_guard lock(mutex_);
    return (files_[number] = std::move(file)).get();
  }

  Status finish();

 private:
  std::string path_of(std::uint32_t number) const {
    const PartName name{
        .incarnation = {}, .epoch = 0, .number = number, .extension = place_.extension};
    return place_.directory + '/' + to_text(name);
  }

  Env& env_;
  const PartsPlace& place_;
  std::atomic<std::uint32_t> next_ = 0;
  std::set<std::string> old_;  // Names of the parts that this run replaces.
  std::mutex mutex_;           // Guards the files.
  std::map<std::uint32_t, std::unique_ptr<OutputFile>> files_;
};

Status RunParts::open() {
  TW_TRY(env_.make_directories(place_.directory, Audience::kEverybody));
  TW_TRY_ASSIGN(const std::vector<std::string> names, env_.list_directory(place_.directory));
  for (const std::string& name : names) {
    const std::optional<PartName> part = parse_part_name(name);
    if (!part || part->hidden) {
      continue;
    }
    if (!part->incarnation.empty()) {
      return invalid_argument(
          fmt::format("{}/ holds {}, a part of a job whose state is kept, which this run does not "
                      "go on with; give --state-dir, or write to another directory",
                      place_.directory, name));
    }
    if (place_.old == OldBytes::kReplaced) {
      old_.insert(name);
    } else {
      next_ = std::max(next_.load(), part->number + 1);
    }
  }
  return {};
}

Status RunParts::finish() {
  for (const auto& [number, file] : files_) {
    TW_TRY(file->close());
    old_.erase(path_of(number).substr(place_.directory.size() + 1));
  }
  files_.clear();
  for (const std::string& name : old_) {
    TW_TRY(env_.remove_file(place_.directory + '/' + name));
  }
  return env_.sync_directory(place_.directory);
}

class RunPartWriter final : public ByteWriter {
 public:
  RunPartWriter(RunParts& parts, std::uint32_t number) : parts_(parts), number_(number) {}

  Status write(std::string_view whole_rows) override {
    if (file_ == nullptr) {
      TW_TRY_ASSIGN(file_, parts_.create(number_));
      bytes_ = 0;
    }
    TW_TRY(file_->write(whole_rows));
    bytes_ += whole_rows.size();
    if (bytes_ >= parts_.part_bytes()) {
      TW_TRY(file_->flush());
      file_ = nullptr;
      number_ = parts_.next_number();
    }
    return {};
  }

  Status flush() override { return file_ == nullptr ? Status() : file_->flush(); }
  Status end_epoch(std::uint64_t /*epoch*/) override { return flush(); }

 private:
  RunParts& parts_;
  std::uint32_t number_;
  OutputFile* file_ = nullptr;  // Null: there are no rows for it yet.
  std::size_t bytes_ = 0;       // Of its rows.
};

class PartsSink final : public ByteSink {
 public:
  PartsSink(Env& env, PartsPlace place) : env_(env), place_(std::move(place)) {}

  Status recover(const EpochStart& start) override {
    if (epochs_ != nullptr) {
      return {};
    }
    if (place_.old == OldBytes::kKept) {
      return invalid_argument(fmt::format(
          "{}/ was written by an earlier statement of this run; where state is kept, what writes "
          "to one directory runs together",
          place_.directory));
    }
    epochs_ = std::make_unique<EpochParts>(env_, place_, start);
    return epochs_->recover();
  }

  Status open() override {
    if (epochs_ != nullptr || run_ != nullptr) {
      return {};
    }
    run_ = std::make_unique<RunParts>(env_, place_);
    return run_->open();
  }

  std::unique_ptr<ByteWriter> make_writer() override {
    if (epochs_ != nullptr) {
      return std::make_unique<EpochPartWriter>(*epochs_, writers_++);
    }
    return std::make_unique<RunPartWriter>(*run_, run_->next_number());
  }

  Status prepare(std::uint64_t epoch) override {
    return epochs_ != nullptr ? epochs_->prepare(epoch) : Status();
  }
  Status commit(std::uint64_t epoch) override {
    return epochs_ != nullptr ? epochs_->commit(epoch) : Status();
  }
  bool is_exactly_once() const override { return epochs_ != nullptr; }

 protected:
  Status finish(bool completed) override {
    return completed && run_ != nullptr ? run_->finish() : Status();
  }

 private:
  Env& env_;
  const PartsPlace place_;
  std::uint32_t writers_ = 0;
  std::unique_ptr<EpochParts> epochs_;  // Where the job's state is kept;
  std::unique_ptr<RunParts> run_;       // else this.
};

}  // namespace

std::string to_text(const PartName& name) {
  std::string fields = name.incarnation.empty()
                           ? fmt::format("{}", name.number)
                           : fmt::format("{}-{:08}-{}", name.incarnation, name.epoch, name.number);
  if (name.cut > 0) {
    fields += fmt::format("{}{:06}", kCutMark, name.cut);
  }
  return fmt::format("{}{}{}.{}{}", name.hidden ? "." : "", kStart, fields, name.extension,
                     name.hidden ? kHiddenEnd : "");
}

std::optional<PartName> parse_part_name(std::string_view name) {
  PartName part;
  part.hidden = name.starts_with('.');
  if (part.hidden && !(name.size() > kHiddenEnd.size() && name.ends_with(kHiddenEnd))) {
    return std::nullopt;
  }
  name.remove_prefix(part.hidden ? 1 : 0);
  name.remove_suffix(part.hidden ? kHiddenEnd.size() : 0);
  const std::size_t dot = name.find('.');
  if (!name.starts_with(kStart) || dot == std::string_view::npos) {
    return std::nullopt;
  }
  part.extension = name.substr(dot + 1);
  std::string_view fields = name.substr(kStart.size(), dot - kStart.size());
  const std::size_t mark = fields.rfind(kCutMark);
  if (mark != std::string_view::npos && mark > fields.rfind('-') &&
      fields.rfind('-') != std::string_view::npos) {
    if (!parse_number(fields.substr(mark + 1), part.cut) || part.cut == 0) {
      return std::nullopt;
    }
    fields = fields.substr(0, mark);
  }
  if (!parse_number(take_last_field(fields), part.number)) {
    return std::nullopt;
  }
  if (fields.empty()) {
    return part.hidden ? std::nullopt : std::optional(part);
  }
  if (!parse_number(take_last_field(fields), part.epoch) || fields.empty()) {
    return std::nullopt;
  }
  part.incarnation = fields;
  return part;
}

std::unique_ptr<ByteSink> make_parts_sink(Env& env, PartsPlace place) {
  return std::make_unique<PartsSink>(env, std::move(place));
}

}  // namespace thalweg
