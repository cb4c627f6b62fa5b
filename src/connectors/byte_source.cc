#include "connectors/byte_source.h"

#include <atomic>
#include <utility>

#include "connectors/format_reader.h"

namespace thalweg {
namespace {

class BytePartition final : public Partition {
 public:
  BytePartition(ByteInputs inputs, std::unique_ptr<Framer> framer, ByteSourceOptions options)
      : inputs_(std::move(inputs)),
        cutter_(std::move(framer), options.limits),
        follow_(options.follow) {}

  std::string_view name() const override { return inputs_.name; }

  Result<Claim> claim(Block& block) override {
    while (true) {
      if (cutter_.started()) {
        const bool last = next_ == inputs_.inputs.size();
        TW_TRY_ASSIGN(const Claim claimed, cutter_.next(follow_ && last, block));
        if (claimed == Claim::kBlock) {
          block.input = name_;
          block.input_position = begins_;
        }
        if (claimed == Claim::kEnd && cutter_.replaced()) {
          --next_;
          restarts_.fetch_add(1, std::memory_order_relaxed);
        } else if (claimed != Claim::kEnd || last) {
          return claimed;
        }
      }
      if (next_ == inputs_.inputs.size()) {
        return Claim::kEnd;
      }
      TW_TRY(start(inputs_.inputs[next_]));
      ++next_;
    }
  }

  std::uint64_t restarts() const override { return restarts_.load(std::memory_order_relaxed); }

 private:
  Status start(const ByteInput& input) {
    TW_TRY_ASSIGN(std::unique_ptr<InputFile> file, input.open());
    cutter_.start(std::move(file));
    name_ = std::make_shared<const std::string>(input.name);
    begins_ = cutter_.position();
    return {};
  }

  const ByteInputs inputs_;
  std::size_t next_ = 0;
  BlockCutter cutter_;
  const bool follow_;
  std::shared_ptr<const std::string> name_;  // Of the input that is being read,
  std::int64_t begins_ = 0;                  // and where in the partition it begins.
  std::atomic<std::uint64_t> restarts_{0};
};

class ByteSource final : public Source {
 public:
  ByteSource(const ScanRequest& request, ByteSourceOptions options,
             std::function<Result<std::vector<ByteInputs>>()> list,
             std::unique_ptr<Decoder> decoder)
      : table_(request.table),
        columns_(request.columns),
        options_(options),
        list_(std::move(list)),
        decoder_(std::move(decoder)) {}

  Status open() override {
    TW_TRY_ASSIGN(std::vector<ByteInputs> found, list_());
    for (ByteInputs& inputs : found) {
      std::unique_ptr<Framer> framer = find_format(table_.format)->make_framer(table_.options);
      partitions_.push_back(
          std::make_unique<BytePartition>(std::move(inputs), std::move(framer), options_));
    }
    return {};
  }

  bool bounded() const override { return !options_.follow; }

  std::vector<Partition*> partitions() override {
    std::vector<Partition*> borrowed;
    for (const auto& partition : partitions_) {
      borrowed.push_back(partition.get());
    }
    return borrowed;
  }

  std::unique_ptr<BlockReader> make_reader() override {
    if (decoder_ == nullptr) {
      // The options were good for the first decoder.
      decoder_ = make_table_decoder({.table = table_, .columns = columns_}).take();
    }
    return make_format_reader(std::move(decoder_));
  }

 private:
  const Table table_;
  const std::vector<std::uint32_t> columns_;
  const ByteSourceOptions options_;
  const std::function<Result<std::vector<ByteInputs>>()> list_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<std::unique_ptr<BytePartition>> partitions_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_byte_source(
    const ScanRequest& request, ByteSourceOptions options,
    std::function<Result<std::vector<ByteInputs>>()> list) {
  TW_TRY_ASSIGN(std::unique_ptr<Decoder> decoder, make_table_decoder(request));
  return std::unique_ptr<Source>(
      std::make_unique<ByteSource>(request, options, std::move(list), std::move(decoder)));
}

}  // namespace thalweg
