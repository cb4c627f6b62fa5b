#include "connectors/byte_source.h"

#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "connectors/format_reader.h"
#include "connectors/read_mark.h"

namespace thalweg {
namespace {

// Of all inputs of a source.
struct InputNames {
  absl::flat_hash_set<std::string> there;
  absl::flat_hash_set<std::string> renamed;  // Of what had them, and was read in part.
};

// Of those that were replaced while they were followed, so many are known again.
constexpr std::size_t kReplacedKept = 128;

Result<bool> begins_with(InputFile& file, const ReplacedInput& before) {
  const auto found = marked_bytes(file, before.bytes, before.mark);
  if (!found.ok() && found.status().code() != Code::kInvalidArgument) {
    return found.status();
  }
  return found.ok() && found.value().has_value();
}

// Fails where the input holds what was read before, under the name `read_as`.
Status check_not_read(const ByteInput& input, const std::vector<ReplacedInput>& read,
                      const std::string& read_as) {
  TW_TRY_ASSIGN(const std::unique_ptr<InputFile> file, input.open());
  for (const ReplacedInput& before : read) {
    TW_TRY_ASSIGN(const bool is_read, begins_with(*file, before));
    if (is_read) {
      return invalid_argument(fmt::format(
          "cannot begin with {}: its first {} bytes have been read as {}, and would be read again; "
          "leave it out of the path, move it back where that is gone, or say --allow-new-state to "
          "read it as well",
          input.name, before.bytes, read_as));
    }
  }
  return {};
}

class BytePartition final : public Partition {
 public:
  // `names`: the source's.
  BytePartition(ByteInputs inputs, std::unique_ptr<Framer> framer, ByteSourceOptions options,
                std::shared_ptr<InputNames> names)
      : inputs_(std::move(inputs)),
        cutter_(std::move(framer), options.limits),
        follow_(options.follow),
        names_(std::move(names)) {}

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
          TW_TRY(note_replaced());
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

  ReadPosition position() const override {
    if (!cutter_.started()) {
      return {};
    }
    ReadPosition place{.position = cutter_.position(), .input = *name_};
    ReadMark mark{.input = {}, .read = read_, .replaced = replaced_};
    // One that was replaced is read from its beginning next.
    if (!cutter_.replaced()) {
      place.input_position = cutter_.position() - begins_;
      mark.input = cutter_.mark();
    }
    place.mark = to_text(mark);
    return place;
  }

  Status resume(const ReadPosition& place) override {
    if (place.input.empty()) {
      return {};  // Nothing had been read.
    }
    if (place.input_position < 0 || place.input_position > place.position) {
      return Status(Code::kCorrupt, fmt::format("there is no byte {} of {} at position {}",
                                                place.input_position, place.input, place.position));
    }
    TW_TRY_ASSIGN(ReadMark mark, parse_read_mark(place.mark));
    read_ = std::move(mark.read);
    replaced_ = std::move(mark.replaced);
    TW_TRY(put_first(place));
    TW_TRY_ASSIGN(
        std::unique_ptr<InputFile> file,
        open_as_left(inputs_.inputs[0], {.bytes = place.input_position, .mark = mark.input}));
    const auto resumed =
        cutter_.resume(std::move(file), place.input_position, place.position, mark.input);
    if (!resumed.ok()) {
      return {resumed.status().code(), resumed.status().message() + kCure};
    }
    if (resumed.value() != BlockCutter::Resumed::kYes) {
      return cannot_go_on(place, resumed.value() == BlockCutter::Resumed::kRowGrown
                                     ? "its last row had no end when it was read, and goes on now"
                                     : "what stands before is not what was read; the file was "
                                       "cut, written anew or renamed");
    }
    enter(inputs_.inputs[0], place.position - place.input_position);
    next_ = 1;
    return {};
  }

  // A log that is rotated where the path leads to what it is renamed to as well is read under two
  // names.
  Status read_whole(std::span<const ReadPosition> earlier) override {
    for (const ReadPosition& place : earlier) {
      if (place.input.empty()) {
        continue;
      }
      TW_TRY_ASSIGN(ReadMark mark, parse_read_mark(place.mark));
      const bool is_gone = follow_ && (!names_->there.contains(place.input) ||
                                       names_->renamed.contains(place.input));
      if (is_gone && place.input_position > 0) {
        mark.replaced.push_back({.bytes = place.input_position, .mark = mark.input});
      }
      for (const ByteInput& input : inputs_.inputs) {
        TW_TRY(check_not_read(input, mark.replaced, place.input));
      }
    }
    return {};
  }

  std::uint64_t restarts() const override { return restarts_.load(std::memory_order_relaxed); }

 private:
  Status start(const ByteInput& input) {
    TW_TRY_ASSIGN(std::unique_ptr<InputFile> file, input.open());
    cutter_.start(std::move(file));
    if (name_ != nullptr && *name_ != input.name) {
      read_.push_back(name_hash(*name_));
    }
    enter(input, cutter_.position());
    return {};
  }

  void enter(const ByteInput& input, std::int64_t begins) {
    name_ = std::make_shared<const std::string>(input.name);
    begins_ = begins;
  }

  // The input, or what had its name and has been read so far, where that was renamed meanwhile.
  Result<std::unique_ptr<InputFile>> open_as_left(const ByteInput& input,
                                                  const ReplacedInput& left) {
    TW_TRY_ASSIGN(std::unique_ptr<InputFile> file, input.open());
    if (!follow_ || left.bytes == 0 || !input.open_renamed) {
      return file;
    }
    TW_TRY_ASSIGN(const bool is_there, begins_with(*file, left));
    if (is_there) {
      return file;
    }
    TW_TRY_ASSIGN(std::optional<RenamedInput> renamed, find_renamed(input, left));
    if (!renamed) {
      return file;
    }
    names_->renamed.insert(input.name);
    return std::move(renamed->file);
  }

  // What was read so far, where it can be told under which name it is now. Fails where it is not
  // what had the name last.
  static Result<std::optional<RenamedInput>> find_renamed(const ByteInput& input,
                                                          const ReplacedInput& left) {
    TW_TRY_ASSIGN(std::vector<RenamedInput> others, input.open_renamed());
    std::optional<RenamedInput> found;
    for (RenamedInput& other : others) {
      TW_TRY_ASSIGN(const bool is_it, begins_with(*other.file, left));
      if (is_it && found) {
        return std::optional<RenamedInput>();
      }
      if (is_it) {
        found = std::move(other);
      }
    }
    if (found && found->since) {
      return invalid_argument(fmt::format(
          "cannot go on in {} behind {}, which it was renamed to: {} may have been written between "
          "the two, and has not been read{}",
          input.name, found->name, *found->since, kCure));
    }
    return found;
  }

  Status note_replaced() {
    const ReplacedInput left{.bytes = cutter_.position() - begins_, .mark = cutter_.mark()};
    if (left.bytes == 0) {
      return {};
    }
    const ByteInput& input = inputs_.inputs[next_ - 1];
    if (input.open_renamed) {
      TW_TRY(find_renamed(input, left).status());
    }
    replaced_.push_back(left);
    if (replaced_.size() > kReplacedKept) {
      replaced_.erase(replaced_.begin());
    }
    return {};
  }

  // The input that was being read comes first, then those behind it, then those before it that
  // were not there then. Those that have been read go.
  Status put_first(const ReadPosition& place) {
    std::vector<ByteInput>& inputs = inputs_.inputs;
    const auto current = std::find_if(inputs.begin(), inputs.end(), [&](const ByteInput& input) {
      return input.name == place.input;
    });
    if (current == inputs.end()) {
      return cannot_go_on(place, "it is no longer there");
    }
    const absl::flat_hash_set<std::uint64_t> read(read_.begin(), read_.end());
    const auto is_read = [&](const ByteInput& input) {
      return read.contains(name_hash(input.name));
    };
    const auto appeared = std::find_if_not(inputs.begin(), current, is_read);
    if (follow_ && appeared != current) {
      return cannot_go_on(place, fmt::format("{} has appeared, which by its name comes before the "
                                             "file that is followed",
                                             appeared->name));
    }
    std::rotate(inputs.begin(), current, inputs.end());
    inputs.erase(std::remove_if(inputs.begin() + 1, inputs.end(), is_read), inputs.end());
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      TW_TRY(check_not_read(inputs[i], replaced_, place.input));
    }
    return {};
  }

  static Status cannot_go_on(const ReadPosition& place, const std::string& reason) {
    return invalid_argument(fmt::format("cannot go on at byte {} of {}: {}{}", place.input_position,
                                        place.input, reason, kCure));
  }

  static constexpr const char* kCure =
      "; put it back as it was (of a log that was rotated: unpack or move what was read until then "
      "beside it, as NAME.1, with what was written between behind it), or begin anew with "
      "--from-scratch";

  ByteInputs inputs_;
  std::size_t next_ = 0;
  BlockCutter cutter_;
  const bool follow_;
  std::shared_ptr<const std::string> name_;  // Of the input that is being read,
  std::int64_t begins_ = 0;                  // and where in the partition it begins.
  std::vector<std::uint64_t> read_;          // Those read to their end before: name_hash().
  std::vector<ReplacedInput> replaced_;      // What has been read under a name of another one now.
  const std::shared_ptr<InputNames> names_;
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
    auto names = std::make_shared<InputNames>();
    for (const ByteInputs& inputs : found) {
      for (const ByteInput& input : inputs.inputs) {
        names->there.insert(input.name);
      }
    }
    for (ByteInputs& inputs : found) {
      std::unique_ptr<Framer> framer = find_format(table_.format)->make_framer(table_.options);
      partitions_.push_back(
          std::make_unique<BytePartition>(std::move(inputs), std::move(framer), options_, names));
    }
    return {};
  }

  bool bounded() const override { return !options_.follow; }

  bool can_resume() const override { return options_.can_resume; }

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
    return make_format_reader(std::move(decoder_), options_.limits.row_bytes);
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
