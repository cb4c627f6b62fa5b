#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "env/forwarding_env.h"
#include "simulate/bug.h"

namespace thalweg::tests {
namespace {

bool holds(const PathTest& test, const std::string& path) { return test && test(path); }

class FlawedFile final : public DurableFile {
 public:
  FlawedFile(std::string path, std::unique_ptr<DurableFile> file, const EnvFlaws& flaws)
      : path_(std::move(path)), file_(std::move(file)), flaws_(flaws) {}

  Status write(std::string_view bytes) override {
    return unless(flaws_.ignores_write_errors, file_->write(bytes));
  }
  Status sync() override {
    return holds(flaws_.skips_sync, path_) ? Status()
                                           : unless(ignores_later_errors(), file_->sync());
  }
  Status close() override { return unless(ignores_later_errors(), file_->close()); }

 private:
  // A file that has failed says so at every later call.
  bool ignores_later_errors() const {
    return flaws_.ignores_sync_errors || flaws_.ignores_write_errors;
  }
  static Status unless(bool ignored, Status status) { return ignored ? Status() : status; }

  const std::string path_;
  const std::unique_ptr<DurableFile> file_;
  const EnvFlaws& flaws_;
};

class FlawedEnv final : public ForwardingEnv {
 public:
  FlawedEnv(Env& env, const EnvFlaws& flaws) : ForwardingEnv(env), flaws_(flaws) {}

  Result<std::unique_ptr<DurableFile>> create_file(const std::string& path,
                                                   Audience audience) override {
    return flawed(path, ForwardingEnv::create_file(path, audience));
  }
  Result<std::unique_ptr<DurableFile>> append_file(const std::string& path) override {
    return flawed(path, ForwardingEnv::append_file(path));
  }
  Status remove_file(const std::string& path) override {
    return holds(flaws_.skips_removal, path) ? Status() : ForwardingEnv::remove_file(path);
  }
  Status truncate_file(const std::string& path, std::uint64_t bytes) override {
    return holds(flaws_.skips_cut, path) ? Status() : ForwardingEnv::truncate_file(path, bytes);
  }
  Status sync_directory(const std::string& path) override {
    return holds(flaws_.skips_directory_sync, path) ? Status()
                                                    : ForwardingEnv::sync_directory(path);
  }

 private:
  Result<std::unique_ptr<DurableFile>> flawed(const std::string& path,
                                              Result<std::unique_ptr<DurableFile>> opened) {
    TW_TRY_ASSIGN(std::unique_ptr<DurableFile> file, std::move(opened));
    return std::unique_ptr<DurableFile>(
        std::make_unique<FlawedFile>(path, std::move(file), flaws_));
  }

  const EnvFlaws& flaws_;
};

class FlawedDelta final : public DeltaWriter {
 public:
  FlawedDelta(std::unique_ptr<DeltaWriter> writer, const StoreFlaws& flaws)
      : writer_(std::move(writer)), flaws_(flaws) {}

  Status add(const std::string& operator_id, const StateSchema& schema,
             const StateChanges& changes) override {
    const bool is_first = begun_.insert(operator_id + ' ' + schema.name).second;
    if (flaws_.forgets_what_waits && !is_first) {
      return {};
    }
    StateChanges spoilt = changes;
    if (flaws_.delta) {
      flaws_.delta(schema, spoilt);
    }
    return spoilt.empty() ? Status() : writer_->add(operator_id, schema, spoilt);
  }
  Status finish() override { return writer_->finish(); }

 private:
  const std::unique_ptr<DeltaWriter> writer_;
  const StoreFlaws& flaws_;
  std::set<std::string> begun_;  // Tables.
};

class FlawedStore final : public EpochStore {
 public:
  FlawedStore(std::unique_ptr<EpochStore> store, const StoreFlaws& flaws)
      : store_(std::move(store)), flaws_(flaws) {}

  const std::optional<EpochRecord>& last() const override { return store_->last(); }
  const std::string& incarnation() const override { return store_->incarnation(); }
  Status read(const std::string& operator_id, const StateSchema& schema, KeyGroupRange groups,
              const std::function<Status(const StateChanges&)>& visit) const override {
    std::vector<StateChanges> all;
    TW_TRY(store_->read(operator_id, schema, flaws_.groups ? flaws_.groups(groups) : groups,
                        [&](const StateChanges& changes) {
                          all.push_back(changes);
                          return Status();
                        }));
    if (flaws_.read) {
      flaws_.read(all);
    }
    for (const StateChanges& changes : all) {
      TW_TRY(visit(changes));
    }
    return {};
  }
  Status convert(const std::vector<StateConversion>& operators) override {
    return store_->convert(operators);
  }
  Result<std::unique_ptr<DeltaWriter>> begin_delta(std::uint32_t worker) override {
    TW_TRY_ASSIGN(std::unique_ptr<DeltaWriter> writer, store_->begin_delta(worker));
    return std::unique_ptr<DeltaWriter>(std::make_unique<FlawedDelta>(std::move(writer), flaws_));
  }
  Status prepare(const EpochRecord& record) override {
    EpochRecord spoilt = record;
    if (flaws_.record) {
      flaws_.record(spoilt);
    }
    TW_TRY(store_->prepare(spoilt));
    return flaws_.decides_when_prepared ? store_->decide() : Status();
  }
  Status decide() override { return flaws_.decides_when_prepared ? Status() : store_->decide(); }
  Status settled() override { return store_->settled(); }

 private:
  const std::unique_ptr<EpochStore> store_;
  const StoreFlaws& flaws_;
};

class FlawedSinkWriter final : public SinkWriter {
 public:
  FlawedSinkWriter(std::unique_ptr<SinkWriter> writer, const SinkFlaws& flaws)
      : writer_(std::move(writer)), flaws_(flaws) {}

  Status write(const Batch& batch) override {
    if (!flaws_.passes_barrier) {
      return writer_->write(batch);
    }
    const std::optional<Batch> before = std::exchange(kept_, batch);
    return before ? writer_->write(*before) : Status();
  }
  Status flush() override { return writer_->flush(); }
  Status end_epoch(std::uint64_t epoch) override {
    TW_TRY(writer_->end_epoch(epoch));
    const std::optional<Batch> before = std::exchange(kept_, std::nullopt);
    return before ? writer_->write(*before) : Status();
  }

 private:
  const std::unique_ptr<SinkWriter> writer_;
  const SinkFlaws& flaws_;
  std::optional<Batch> kept_;
};

class FlawedSink final : public Sink {
 public:
  FlawedSink(std::unique_ptr<Sink> sink, const SinkFlaws& flaws)
      : sink_(std::move(sink)), flaws_(flaws) {}

  Status recover(const EpochStart& start) override {
    EpochStart other = start;
    if (start.decided > 0) {
      other.decided += static_cast<std::uint64_t>(flaws_.epochs_off);
    }
    return sink_->recover(other);
  }
  Status open() override { return sink_->open(); }
  Status prepare(std::uint64_t epoch) override {
    TW_TRY(sink_->prepare(epoch));
    return flaws_.commits_when_prepared ? sink_->commit(epoch) : Status();
  }
  Status commit(std::uint64_t epoch) override {
    return flaws_.commits_when_prepared ? Status() : sink_->commit(epoch);
  }
  bool is_exactly_once() const override { return sink_->is_exactly_once(); }
  std::unique_ptr<SinkWriter> make_writer() override {
    return std::make_unique<FlawedSinkWriter>(sink_->make_writer(), flaws_);
  }
  Status close(bool completed) override { return sink_->close(completed); }

 private:
  const std::unique_ptr<Sink> sink_;
  const SinkFlaws& flaws_;
};

class FlawedPartition final : public Partition {
 public:
  FlawedPartition(Partition& partition, const SourceFlaws& flaws)
      : partition_(partition), flaws_(flaws) {}

  std::string_view name() const override { return partition_.name(); }
  Result<Claim> claim(Block& block) override {
    before_ = partition_.position();
    return partition_.claim(block);
  }
  ReadPosition position() const override {
    return flaws_.positions_lag && before_ ? *before_ : partition_.position();
  }
  Status resume(const ReadPosition& position) override {
    return flaws_.forgets_resuming ? Status() : partition_.resume(position);
  }

 private:
  Partition& partition_;
  const SourceFlaws& flaws_;
  std::optional<ReadPosition> before_;
};

class FlawedSource final : public Source {
 public:
  FlawedSource(std::unique_ptr<Source> source, const SourceFlaws& flaws)
      : source_(std::move(source)), flaws_(flaws) {}

  Status open() override {
    TW_TRY(source_->open());
    for (Partition* const partition : source_->partitions()) {
      partitions_.push_back(std::make_unique<FlawedPartition>(*partition, flaws_));
    }
    return {};
  }
  bool bounded() const override { return source_->bounded(); }
  bool can_resume() const override { return source_->can_resume(); }
  std::vector<Partition*> partitions() override {
    std::vector<Partition*> borrowed;
    for (const auto& partition : partitions_) {
      borrowed.push_back(partition.get());
    }
    return borrowed;
  }
  std::unique_ptr<BlockReader> make_reader() override { return source_->make_reader(); }

 private:
  const std::unique_ptr<Source> source_;
  const SourceFlaws& flaws_;
  std::vector<std::unique_ptr<FlawedPartition>> partitions_;
};

}  // namespace

std::unique_ptr<Env> with_flaws(Env& env, const EnvFlaws& flaws) {
  return std::make_unique<FlawedEnv>(env, flaws);
}
std::unique_ptr<EpochStore> with_flaws(std::unique_ptr<EpochStore> store, const StoreFlaws& flaws) {
  return std::make_unique<FlawedStore>(std::move(store), flaws);
}
std::unique_ptr<Sink> with_flaws(std::unique_ptr<Sink> sink, const SinkFlaws& flaws) {
  return std::make_unique<FlawedSink>(std::move(sink), flaws);
}
std::unique_ptr<Source> with_flaws(std::unique_ptr<Source> source, const SourceFlaws& flaws) {
  return std::make_unique<FlawedSource>(std::move(source), flaws);
}

}  // namespace thalweg::tests
