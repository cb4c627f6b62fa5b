#include "api/program_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "api/program_columns.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kBlockRows = 4096;

using Columns = std::vector<Column>;

// Asks the program for rows while blocks are claimed, and keeps them until they are read.
class ProgramPartition final : public Partition {
 public:
  ProgramPartition(std::string name, std::unique_ptr<detail::RowProducer> producer,
                   std::vector<detail::FieldInfo> fields, std::vector<std::uint32_t> columns)
      : name_(std::move(name)),
        producer_(std::move(producer)),
        fields_(std::move(fields)),
        columns_(std::move(columns)) {}

  std::string_view name() const override { return name_; }

  Result<Claim> claim(Block& block) override {
    std::vector<detail::ColumnData> data(fields_.size());
    detail::Produced produced = detail::Produced::kEnd;
    try {
      produced = producer_->next(kBlockRows, data);
    } catch (...) {
      return Status(Code::kRowFailed,
                    fmt::format("the function that makes the rows of \"{}\" threw "
                                "an exception: {}",
                                name_, detail::current_exception_text()));
    }
    switch (produced) {
      case detail::Produced::kEnd:
        return Claim::kEnd;
      case detail::Produced::kNothingYet:
        return Claim::kNothingYet;
      case detail::Produced::kRows:
        break;
    }
    Columns made;
    for (const std::uint32_t column : columns_) {
      made.push_back(to_column(fields_[column].kind, data[column]));
    }
    const std::uint32_t rows = data.empty() ? 0 : data[0].rows;
    block = Block{.number = blocks_++, .position = position_, .bytes = nullptr, .rows = rows};
    position_ += rows;
    const std::lock_guard lock(mutex_);
    claimed_[block.number] = std::move(made);
    return Claim::kBlock;
  }

  bool can_resume() const { return producer_->can_resume(); }
  ReadPosition position() const override { return {.position = position_}; }
  Status resume(const ReadPosition& position) override {
    position_ = position.position;
    if (position_ >= 0 && producer_->skip(static_cast<std::uint64_t>(position_))) {
      return {};
    }
    return {
        Code::kUnavailable,
        fmt::format("the source \"{}\" has fewer rows than the {} that an earlier run has read: "
                    "it must have the same ones again",
                    name_, position_)};
  }

  Columns take(std::uint64_t block) const {
    const std::lock_guard lock(mutex_);
    const auto found = claimed_.find(block);
    TW_CHECK(found != claimed_.end());
    Columns made = std::move(found->second);
    claimed_.erase(found);
    return made;
  }

 private:
  const std::string name_;
  const std::unique_ptr<detail::RowProducer> producer_;
  const std::vector<detail::FieldInfo> fields_;
  const std::vector<std::uint32_t> columns_;
  std::uint64_t blocks_ = 0;
  std::int64_t position_ = 0;
  mutable std::mutex mutex_;  // Guards claimed_: one block per worker at most.
  mutable std::map<std::uint64_t, Columns> claimed_;
};

class ProgramReader final : public BlockReader {
 public:
  void begin(const Partition& partition, const Block& block) override {
    columns_ = static_cast<const ProgramPartition&>(partition).take(block.number);
    next_ = 0;
    end_ = block.rows;
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    if (next_ == end_) {
      return false;
    }
    out.rows = std::min(rows_max, end_ - next_);
    out.columns.clear();
    for (const Column& column : columns_) {
      out.columns.push_back(column.slice(next_, out.rows));
    }
    out.first_offset = next_;
    next_ += out.rows;
    return true;
  }

 private:
  Columns columns_;
  std::uint32_t next_ = 0;
  std::uint32_t end_ = 0;
};

class ProgramSource final : public Source {
 public:
  ProgramSource(std::unique_ptr<ProgramPartition> partition, bool bounded)
      : partition_(std::move(partition)), bounded_(bounded) {}

  Status open() override { return {}; }
  bool bounded() const override { return bounded_; }
  bool can_resume() const override { return partition_->can_resume(); }
  std::vector<Partition*> partitions() override { return {partition_.get()}; }
  std::unique_ptr<BlockReader> make_reader() override { return std::make_unique<ProgramReader>(); }

 private:
  const std::unique_ptr<ProgramPartition> partition_;
  const bool bounded_;
};

class ProgramWriter final : public SinkWriter {
 public:
  ProgramWriter(std::mutex& mutex, std::unique_ptr<detail::RowsFunction> function)
      : mutex_(mutex), function_(std::move(function)) {}

  Status write(const Batch& batch) override {
    const std::lock_guard lock(mutex_);
    detail::RowsOut none;
    try {
      function_->apply(rows_in(batch), none);
    } catch (...) {
      return Status(Code::kRowFailed, "a function that takes results threw an exception: " +
                                          detail::current_exception_text());
    }
    return {};
  }
  Status flush() override { return {}; }

 private:
  std::mutex& mutex_;  // The sink's: one call at a time.
  const std::unique_ptr<detail::RowsFunction> function_;
};

class ProgramSink final : public Sink {
 public:
  explicit ProgramSink(std::function<std::unique_ptr<detail::RowsFunction>()> make)
      : make_(std::move(make)) {}

  Status open() override { return {}; }
  std::unique_ptr<SinkWriter> make_writer() override {
    return std::make_unique<ProgramWriter>(mutex_, make_());
  }
  Status close(bool /*completed*/) override { return {}; }

 private:
  const std::function<std::unique_ptr<detail::RowsFunction>()> make_;
  std::mutex mutex_;  // Held during each call of the program.
};

}  // namespace

std::unique_ptr<Source> make_program_source(std::string name,
                                            std::unique_ptr<detail::RowProducer> producer,
                                            std::vector<detail::FieldInfo> fields, bool bounded,
                                            std::vector<std::uint32_t> columns) {
  return std::make_unique<ProgramSource>(
      std::make_unique<ProgramPartition>(std::move(name), std::move(producer), std::move(fields),
                                         std::move(columns)),
      bounded);
}

std::unique_ptr<Sink> make_program_sink(
    std::function<std::unique_ptr<detail::RowsFunction>()> make) {
  return std::make_unique<ProgramSink>(std::move(make));
}

}  // namespace thalweg
