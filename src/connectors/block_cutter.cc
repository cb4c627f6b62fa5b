#include "connectors/block_cutter.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace thalweg {
namespace {

constexpr std::size_t kFirstBlockBytes = 64 * 1024;

// How much of a row that is too long is shown.
constexpr std::size_t kLongRowBytesShown = 256;

// How much of what was read last is looked at again after a restart.
constexpr std::size_t kTailBytes = 4096;

}  // namespace

Result<std::optional<std::string>> marked_bytes(InputFile& input, std::int64_t bytes_read,
                                                const CutMark& mark) {
  const auto behind = static_cast<std::uint64_t>(bytes_read);
  TW_TRY(input.seek(behind));  // Fails where the input ends before.
  if (mark.bytes > kTailBytes || mark.bytes > behind) {
    return std::optional<std::string>();
  }
  TW_TRY(input.seek(behind - mark.bytes));
  std::string bytes(mark.bytes + std::size_t{1}, '\0');
  std::size_t read = 0;
  for (std::size_t count = 1; count > 0 && read < bytes.size(); read += count) {
    TW_TRY_ASSIGN(
        count, input.read(reinterpret_cast<std::byte*>(bytes.data()) + read, bytes.size() - read));
  }
  bytes.resize(read);
  const bool same = read >= mark.bytes && XXH3_64bits(bytes.data(), mark.bytes) == mark.hash;
  return same ? std::optional(std::move(bytes)) : std::nullopt;
}

BlockCutter::BlockCutter(std::unique_ptr<Framer> framer, CutterLimits limits)
    : framer_(std::move(framer)),
      limits_(limits),
      next_capacity_(std::min({kFirstBlockBytes, limits.block_bytes, limits.row_bytes})) {}

void BlockCutter::start(std::unique_ptr<InputFile> input) {
  TW_CHECK(used_ == 0);
  input_ = std::move(input);
  tail_.clear();
  first_ = true;
  header_ = nullptr;
  skipping_ = false;
  at_end_ = false;
  replaced_ = false;
}

Result<BlockCutter::Resumed> BlockCutter::resume(std::unique_ptr<InputFile> input,
                                                 std::int64_t bytes_read, std::int64_t position,
                                                 const CutMark& mark) {
  TW_CHECK(input_ == nullptr && bytes_read >= 0);
  start(std::move(input));
  position_ = position;
  skipping_ = mark.in_long_row;
  first_ = bytes_read == 0 && !skipping_;
  if (bytes_read == 0) {
    return Resumed::kYes;
  }
  TW_TRY_ASSIGN(std::optional<std::string> bytes, marked_bytes(*input_, bytes_read, mark));
  if (!bytes) {
    return Resumed::kDifferent;
  }
  const bool more = bytes->size() > mark.bytes;
  tail_ = std::move(*bytes).substr(0, mark.bytes);
  if (more && !skipping_ && !tail_.empty() && tail_.back() != '\n') {
    return Resumed::kRowGrown;
  }
  TW_TRY(read_header());
  TW_TRY(input_->seek(static_cast<std::uint64_t>(bytes_read)));
  return Resumed::kYes;
}

CutMark BlockCutter::mark() const {
  return {.bytes = static_cast<std::uint32_t>(tail_.size()),
          .hash = tail_.empty() ? 0 : XXH3_64bits(tail_.data(), tail_.size()),
          .in_long_row = skipping_};
}

// As the first block of the input gave it.
Status BlockCutter::read_header() {
  TW_TRY(input_->seek(0));
  while (true) {
    TW_TRY_ASSIGN(const Fill filled, fill());
    const std::string_view bytes(reinterpret_cast<const char*>(buffer_->data()), used_);
    const std::size_t whole = filled == Fill::kEnded ? used_ : framer_->whole_rows(bytes);
    if (whole > 0) {
      take_header(bytes.substr(0, whole));
    }
    if (whole > 0 || filled != Fill::kFull || capacity_ >= limits_.row_bytes) {
      break;
    }
    grow();
  }
  buffer_ = nullptr;
  used_ = 0;
  at_end_ = false;
  return {};
}

Result<Claim> BlockCutter::next(bool follow, Block& block) {
  following_ = follow;
  while (true) {
    if (skipping_) {
      TW_TRY_ASSIGN(const Fill filled, skip_long_row());
      if (skipping_) {
        skipping_ = filled == Fill::kPaused;
        return skipping_ ? Claim::kNothingYet : Claim::kEnd;
      }
    }
    TW_TRY_ASSIGN(const Fill filled, fill());
    const std::string_view bytes(reinterpret_cast<const char*>(buffer_->data()), used_);
    const std::size_t whole = filled == Fill::kEnded ? used_ : framer_->whole_rows(bytes);
    if (whole > 0) {
      return hand_over(whole, block);
    }
    if (filled == Fill::kEnded) {
      return Claim::kEnd;
    }
    if (filled == Fill::kPaused) {
      return Claim::kNothingYet;
    }
    if (capacity_ >= limits_.row_bytes) {
      return hand_over_beginning(block);
    }
    grow();
  }
}

// Reads until the buffer is full, the input has ended, or there is no more for now.
Result<BlockCutter::Fill> BlockCutter::fill() {
  if (buffer_ == nullptr) {
    capacity_ = next_capacity_;
    buffer_ = Buffer::allocate(capacity_);
  }
  if (at_end_ && following_ && !replaced_) {
    TW_TRY_ASSIGN(replaced_, input_->replaced());
  }
  while (!replaced_ && used_ < capacity_) {
    if (!input_->readable(0)) {
      return Fill::kPaused;
    }
    TW_TRY_ASSIGN(const std::size_t count,
                  input_->read(buffer_->data() + used_, capacity_ - used_));
    at_end_ = count == 0;
    if (at_end_) {
      return following_ ? Fill::kPaused : Fill::kEnded;
    }
    used_ += count;
  }
  return replaced_ ? Fill::kEnded : Fill::kFull;
}

// Drops bytes up to the end of a row that is too long; it still skips where that has not come.
Result<BlockCutter::Fill> BlockCutter::skip_long_row() {
  while (true) {
    if (used_ == 0) {
      TW_TRY_ASSIGN(const Fill filled, fill());
      if (used_ == 0) {
        return filled;
      }
    }
    const void* const newline = std::memchr(buffer_->data(), '\n', used_);
    skipping_ = newline == nullptr;
    const std::size_t dropped =
        skipping_
            ? used_
            : static_cast<std::size_t>(static_cast<const std::byte*>(newline) - buffer_->data()) +
                  1;
    remember({reinterpret_cast<const char*>(buffer_->data()), dropped});
    used_ -= dropped;
    std::memmove(buffer_->data(), buffer_->data() + dropped, used_);
    position_ += static_cast<std::int64_t>(dropped);
    if (!skipping_) {
      return Fill::kFull;
    }
  }
}

void BlockCutter::remember(std::string_view bytes) {
  const std::string_view last = bytes.substr(bytes.size() - std::min(bytes.size(), kTailBytes));
  tail_.erase(0, tail_.size() - std::min(tail_.size(), kTailBytes - last.size()));
  tail_.append(last);
}

void BlockCutter::grow() {
  const std::size_t capacity = std::min(capacity_ * 2, limits_.row_bytes);
  std::shared_ptr<Buffer> larger = Buffer::allocate(capacity);
  std::memcpy(larger->data(), buffer_->data(), used_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
}

void BlockCutter::take_header(std::string_view first_rows) {
  const std::size_t size = framer_->header_bytes(first_rows);
  header_ = size == 0 ? nullptr : std::make_shared<const std::string>(first_rows.substr(0, size));
}

Claim BlockCutter::hand_over(std::size_t size, Block& block) {
  if (first_) {
    take_header({reinterpret_cast<const char*>(buffer_->data()), size});
  }
  remember({reinterpret_cast<const char*>(buffer_->data()), size});
  next_capacity_ = std::min({next_capacity_ * 2, limits_.block_bytes, limits_.row_bytes});
  const std::size_t rest = used_ - size;
  std::shared_ptr<Buffer> next;
  std::size_t capacity = 0;
  if (rest > 0) {
    // The rest is less than one row, or what a quoted newline hides: the next block begins with it.
    capacity = std::max(next_capacity_, std::min(rest * 2, limits_.row_bytes));
    capacity = std::max(capacity, rest);
    next = Buffer::allocate(capacity);
    std::memcpy(next->data(), buffer_->data() + size, rest);
  }
  block = Block{.number = blocks_++,
                .position = position_,
                .bytes = std::move(buffer_),
                .size = static_cast<std::uint32_t>(size),
                .rows = 0,
                .first = std::exchange(first_, false),
                .header = header_,
                .too_long = false};
  buffer_ = std::move(next);
  capacity_ = capacity;
  used_ = rest;
  position_ += static_cast<std::int64_t>(size);
  return Claim::kBlock;
}

Claim BlockCutter::hand_over_beginning(Block& block) {
  const std::size_t shown = std::min(used_, kLongRowBytesShown);
  std::shared_ptr<Buffer> beginning = Buffer::allocate(shown);
  std::memcpy(beginning->data(), buffer_->data(), shown);
  block = Block{.number = blocks_++,
                .position = position_,
                .bytes = std::move(beginning),
                .size = static_cast<std::uint32_t>(shown),
                .rows = 0,
                .first = std::exchange(first_, false),
                .header = header_,
                .too_long = true};
  skipping_ = true;
  return Claim::kBlock;
}

}  // namespace thalweg
