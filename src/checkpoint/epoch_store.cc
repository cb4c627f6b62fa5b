#include "checkpoint/epoch_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "checkpoint/base_merge.h"
#include "checkpoint/decided_outside.h"
#include "checkpoint/delta_writer.h"
#include "checkpoint/file_bytes.h"
#include "checkpoint/manifest.h"
#include "checkpoint/state_directory.h"
#include "checkpoint/state_image.h"
#include "env/thread_priority.h"

namespace thalweg {
namespace {

// Nobody waits for a base image.
constexpr int kMergePrioritySteps = 10;

// Where deltas outweigh the old image so many times, a new one is made even if it is no smaller.
constexpr std::uint64_t kWeightMax = 4;

// Makes one base image, where that is worth it.
class Merging {
 public:
  Merging(Env& env, const std::string& path, const Manifest& manifest, BaseMerge how,
          bool in_any_case)
      : result_(unavailable("not made yet")) {
    const auto merge = [this, &env, path, manifest, in_any_case] {
      result_ = make(env, path, manifest, in_any_case);
      done_.store(true, std::memory_order_release);
    };
    if (how == BaseMerge::kAtOnce) {
      merge();
    } else {
      thread_ = std::thread([merge] {
        lower_thread_priority(kMergePrioritySteps);
        merge();
      });
    }
  }
  Merging(const Merging&) = delete;
  Merging& operator=(const Merging&) = delete;
  ~Merging() {
    stop_.store(true, std::memory_order_relaxed);
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  bool done() const { return done_.load(std::memory_order_acquire); }
  // Nothing: there is little that it would leave out. Requires: done().
  const Result<std::optional<FileEntry>>& result() const { return result_; }
  bool made() const { return done() && result_.ok() && result_.value(); }

 private:
  Result<std::optional<FileEntry>> make(Env& env, const std::string& path, const Manifest& manifest,
                                        bool in_any_case) const {
    if (!in_any_case) {
      TW_TRY_ASSIGN(const bool shrinks, merge_shrinks(env, path, manifest, stop_));
      if (!shrinks) {
        return std::optional<FileEntry>();
      }
    }
    const FileEntry name{.kind = FileKind::kBase, .epoch = manifest.record.epoch};
    TW_TRY_ASSIGN(const FileEntry base,
                  merge_base(env, path, manifest,
                             path + '/' + file_name(name, manifest.record.incarnation), stop_));
    return std::optional<FileEntry>(base);
  }

  std::atomic<bool> stop_{false};
  std::atomic<bool> done_{false};
  Result<std::optional<FileEntry>> result_;  // The thread's until it is done.
  std::thread thread_;
};

class FileEpochStore final : public EpochStore {
 public:
  FileEpochStore(Env& env, StateDirectory state, const EpochStoreOptions& options)
      : env_(env), path_(std::move(state.path)), lock_(std::move(state.lock)), options_(options) {}

  Status recover() {
    // What is seen of the last rename may not be durable yet.
    TW_TRY(env_.sync_directory(path_));
    TW_TRY_ASSIGN(decided_, read_manifest(env_, name_of(kManifestName)));
    TW_TRY_ASSIGN(const std::vector<std::string> names, env_.list_directory(path_));
    if (!decided_) {
      TW_TRY(check_no_epoch(path_, names));
      incarnation_ = new_incarnation(env_);
    } else {
      TW_TRY_ASSIGN(image_, StateImage::open(env_, path_, *decided_));
      incarnation_ = decided_->record.incarnation;
      last_ = decided_->record;
    }
    TW_TRY(remove_unnamed_files(env_, path_, names, decided_));
    const bool marked = std::ranges::count(names, kBeginningName) > 0;
    return marked == decided_.has_value() ? mark_beginning(!marked) : Status();
  }

  const std::optional<EpochRecord>& last() const override { return last_; }
  const std::string& incarnation() const override { return incarnation_; }

  Status read(const std::string& operator_id, const StateSchema& schema, KeyGroupRange groups,
              const std::function<Status(const StateChanges&)>& visit) const override {
    TW_CHECK(!decided_any_);
    if (!image_) {
      return {};
    }
    Status visited;
    const Status read = image_->read(operator_id, schema, groups, [&](const StateChanges& changes) {
      visited = visit(changes);
      return visited;
    });
    return visited.ok() ? with_ways_out(read) : visited;
  }

  Status convert(const std::vector<StateConversion>& operators) override {
    TW_CHECK(decided_ && !decided_any_ && !prepared_);
    Manifest manifest = *decided_;
    std::uint32_t number = 0;  // Another one than that of an image of this very epoch.
    for (const FileEntry& file : manifest.files) {
      if (file.kind == FileKind::kBase && file.epoch == manifest.record.epoch) {
        number = std::max(number, file.worker + 1);
      }
    }
    const FileEntry base{.kind = FileKind::kBase, .epoch = manifest.record.epoch, .worker = number};
    const Result<FileEntry> written = convert_base(env_, path_, manifest, operators, number,
                                                   name_of(file_name(base, incarnation_)));
    TW_TRY(with_ways_out(written.status()));
    std::vector<OperatorEpoch> converted;
    for (const StateConversion& conversion : operators) {
      OperatorEpoch& to = converted.emplace_back(conversion.to);
      to.watermark =
          std::ranges::find(manifest.record.operators, conversion.from, &OperatorEpoch::id)
              ->watermark;
    }
    manifest.record.operators = std::move(converted);
    manifest.files = {written.value()};
    manifest.forgotten.clear();
    TW_TRY(prepare_manifest(env_, path_, manifest));
    TW_TRY(decide_manifest(env_, path_));
    return recover();
  }

  Result<std::unique_ptr<DeltaWriter>> begin_delta(std::uint32_t worker) override {
    const FileEntry entry{.kind = FileKind::kDelta, .epoch = next_epoch(), .worker = worker};
    {
      const std::lock_guard lock(mutex_);
      ++deltas_begun_;
    }
    return std::unique_ptr<DeltaWriter>(std::make_unique<FileDeltaWriter>(
        env_, name_of(file_name(entry, incarnation_)),
        [this, entry](std::unique_ptr<StateFileWriter> file) {
          const std::lock_guard lock(mutex_);
          deltas_.push_back({.entry = entry, .file = std::move(file)});
        }));
  }

  Status prepare(const EpochRecord& record) override {
    TW_TRY(failed_);
    failed_ = prepare_once(record);
    return failed_;
  }

  Status decide() override {
    TW_TRY(failed_);
    failed_ = decide_once();
    return failed_;
  }

  Status settled() override {
    std::erase_if(obsolete_,
                  [&](const std::string& name) { return env_.remove_file(name_of(name)).ok(); });
    if (merging_ && merging_->done() && !merging_->made()) {
      const Result<std::optional<FileEntry>>& result = merging_->result();
      const Status status = result.ok() ? Status() : result.status();
      merging_.reset();
      weight_tried_ = delta_weight();
      if (status.code() == Code::kCorrupt) {
        return with_ways_out(status);
      }
    }
    if (!merging_ && decided_ && merge_may_pay()) {
      const std::uint64_t weight = delta_weight();
      const bool in_any_case =
          weight <= options_.delta_bytes_cheap || weight > kWeightMax * weight_min();
      merging_ = std::make_unique<Merging>(env_, path_, *decided_, options_.merge, in_any_case);
    }
    return {};
  }

 private:
  // A delta of the epoch to come; no file where nothing changed.
  struct Delta {
    FileEntry entry;
    std::unique_ptr<StateFileWriter> file;
  };

  std::string name_of(std::string_view name) const { return fmt::format("{}/{}", path_, name); }
  std::uint64_t next_epoch() const { return last_ ? last_->epoch + 1 : 1; }

  Status mark_beginning(bool is_one) {
    if (is_one) {
      TW_TRY_ASSIGN(const auto file, env_.create_file(name_of(kBeginningName)));
      TW_TRY(file->sync());
      TW_TRY(file->close());
    } else {
      TW_TRY(env_.remove_file(name_of(kBeginningName)));
    }
    return env_.sync_directory(path_);
  }

  Status prepare_once(const EpochRecord& record) {
    TW_CHECK(!prepared_ && record.epoch == next_epoch() && record.incarnation == incarnation_);
    Manifest manifest{.record = record, .files = files_so_far(), .forgotten = forgotten(record)};
    TW_TRY(take_deltas(manifest));
    TW_TRY(prepare_manifest(env_, path_, manifest));
    prepared_ = std::move(manifest);
    return {};
  }

  Status decide_once() {
    TW_CHECK(prepared_);
    TW_TRY(decide_manifest(env_, path_));
    if (!decided_) {
      TW_TRY(mark_beginning(false));
    } else {
      for (const FileEntry& file : decided_->files) {
        if (std::ranges::find(prepared_->files, file) == prepared_->files.end()) {
          obsolete_.push_back(file_name(file, incarnation_));
        }
      }
    }
    if (base_taken_) {
      merging_.reset();
      weight_tried_ = 0;
    }
    decided_ = std::exchange(prepared_, std::nullopt);
    last_ = decided_->record;
    decided_any_ = true;
    image_.reset();
    return {};
  }

  // Those of the last epoch, a base image that has become ready in place of what it holds.
  std::vector<FileEntry> files_so_far() {
    std::vector<FileEntry> files = decided_ ? decided_->files : std::vector<FileEntry>();
    base_taken_ = merging_ && merging_->made();
    if (base_taken_) {
      const FileEntry& base = *merging_->result().value();
      std::erase_if(files, [&](const FileEntry& file) { return file.epoch <= base.epoch; });
      files.insert(files.begin(), base);
    }
    return files;
  }

  // Operators whose rows of earlier epochs do not count.
  std::vector<Forgotten> forgotten(const EpochRecord& record) const {
    std::vector<Forgotten> all = decided_ ? decided_->forgotten : std::vector<Forgotten>();
    if (base_taken_) {
      const std::uint64_t base = merging_->result().value()->epoch;
      std::erase_if(all, [&](const Forgotten& gone) { return gone.epoch < base; });
    }
    for (const OperatorEpoch& old : last_ ? last_->operators : std::vector<OperatorEpoch>()) {
      if (std::ranges::find(record.operators, old.id, &OperatorEpoch::id) ==
          record.operators.end()) {
        all.push_back({.operator_id = old.id, .epoch = last_->epoch});
      }
    }
    return all;
  }

  // Syncs the epoch's deltas and adds them to the manifest.
  Status take_deltas(Manifest& manifest) {
    const std::lock_guard lock(mutex_);
    if (deltas_.size() != deltas_begun_) {
      return unavailable("a worker's state of the epoch could not be written");
    }
    std::ranges::sort(deltas_, {}, [](const Delta& delta) { return delta.entry.worker; });
    for (Delta& delta : deltas_) {
      if (delta.file == nullptr) {
        continue;
      }
      TW_TRY(delta.file->sync());
      delta.entry.workers = manifest.record.workers;
      delta.entry.bytes = delta.file->bytes();
      delta.entry.directory_checksum = delta.file->directory_checksum();
      manifest.files.push_back(delta.entry);
    }
    deltas_.clear();
    deltas_begun_ = 0;
    return {};
  }

  std::uint64_t base_bytes() const {
    std::uint64_t bytes = 0;
    for (const FileEntry& file : decided_->files) {
      bytes += file.kind == FileKind::kBase ? file.bytes : 0;
    }
    return bytes;
  }

  std::uint64_t delta_weight() const {
    constexpr std::uint64_t kDeltaBytesMin = 4096;
    const std::uint64_t bytes_min = std::max(kDeltaBytesMin, base_bytes() / 1000);
    std::uint64_t weight = 0;
    for (const FileEntry& file : decided_->files) {
      weight += file.kind == FileKind::kDelta ? std::max(file.bytes, bytes_min) : 0;
    }
    return weight;
  }

  // Deltas must outweigh this.
  std::uint64_t weight_min() const { return std::max(base_bytes(), options_.delta_bytes_min); }

  bool merge_may_pay() const {
    const std::uint64_t weight = delta_weight();
    return weight > weight_min() && weight >= weight_tried_ + weight_tried_ / 2;
  }

  Env& env_;
  const std::string path_;
  const std::unique_ptr<FileLock> lock_;
  const EpochStoreOptions options_;
  std::string incarnation_;
  std::optional<Manifest> decided_;
  std::optional<EpochRecord> last_;  // Of decided_.
  std::optional<StateImage> image_;  // Of what was decided before this process.
  std::optional<Manifest> prepared_;
  bool decided_any_ = false;
  Status failed_;
  std::vector<std::string> obsolete_;  // Names of files.

  std::unique_ptr<Merging> merging_;
  // That of the deltas when an image could last not be made: it is tried again once it pays more.
  std::uint64_t weight_tried_ = 0;
  bool base_taken_ = false;  // The epoch being prepared has the new image.

  std::mutex mutex_;  // Guards what follows.
  std::size_t deltas_begun_ = 0;
  std::vector<Delta> deltas_;  // Finished.
};

}  // namespace

Result<std::unique_ptr<EpochStore>> EpochStore::open(Env& env, const std::string& directory,
                                                     const std::string& name,
                                                     const EpochStoreOptions& options) {
  TW_TRY_ASSIGN(StateDirectory state, StateDirectory::open(env, directory, name));
  if (options.decider != nullptr) {
    TW_TRY(follow_decider(env, state.path, *options.decider, options.replaces_beginning));
  }
  auto store = std::make_unique<FileEpochStore>(env, std::move(state), options);
  TW_TRY(with_ways_out(store->recover()));
  return std::unique_ptr<EpochStore>(std::move(store));
}

Result<std::string> set_state_aside(Env& env, const std::string& directory,
                                    const std::string& name) {
  TW_TRY_ASSIGN(const StateDirectory state, StateDirectory::open(env, directory, name));
  TW_TRY_ASSIGN(const std::vector<std::string> names, env.list_directory(state.path));
  if (std::ranges::all_of(names, [](const std::string& file) {
        return file == kLockName || file == kBeginningName;
      })) {
    return std::string();
  }
  TW_TRY_ASSIGN(const std::vector<std::string> taken, env.list_directory(directory));
  std::string aside;
  for (int number = 1; aside.empty() || std::ranges::count(taken, aside) > 0; ++number) {
    aside = fmt::format("{}.old-{}", name, number);
  }
  TW_TRY(env.rename_file(state.path, directory + '/' + aside));
  TW_TRY(env.sync_directory(directory));
  return aside;
}

}  // namespace thalweg
