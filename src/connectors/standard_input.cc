#include "connectors/standard_input.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace thalweg {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kSampleBytesMax = 8 * 1024 * 1024;

// Long enough for the program at the other end of a pipe to write on, short enough for a person
// who types rows.
constexpr std::int64_t kSilenceMicros = 300'000;

// How soon a wait for the first row sees that nobody wants it any more.
constexpr std::int64_t kStopLookMicros = 50'000;

// The length of the first `lines` lines; that of the whole lines where there are fewer.
std::size_t whole_lines(std::string_view text, std::size_t lines, std::size_t& found) {
  std::size_t end = 0;
  for (found = 0; found < lines; ++found) {
    const std::size_t newline = text.find('\n', end);
    if (newline == std::string_view::npos) {
      break;
    }
    end = newline + 1;
  }
  return end;
}

// First the bytes that were read ahead, then the input.
class ResumedInput final : public InputFile {
 public:
  ResumedInput(std::string ahead, std::unique_ptr<InputFile> input)
      : ahead_(std::move(ahead)), input_(std::move(input)) {}

  Result<std::size_t> read(std::byte* out, std::size_t size) override {
    if (next_ == ahead_.size()) {
      ahead_ = std::string();
      next_ = 0;
      return input_->read(out, size);
    }
    const std::size_t count = std::min(size, ahead_.size() - next_);
    std::memcpy(out, ahead_.data() + next_, count);
    next_ += count;
    return count;
  }

  bool readable(std::int64_t wait_micros) override {
    return next_ < ahead_.size() || input_->readable(wait_micros);
  }

 private:
  std::string ahead_;
  std::size_t next_ = 0;
  std::unique_ptr<InputFile> input_;
};

Status taken_error() {
  return invalid_argument(
      "standard input can be read only once, and an earlier query has read it; put the rows into a "
      "table first: CREATE TABLE t (...); INSERT INTO t SELECT * FROM stdin");
}

}  // namespace

Result<std::string> StandardInput::sample(std::size_t lines_max) {
  const std::lock_guard lock(mutex_);
  if (taken_) {
    return taken_error();
  }
  if (input_ == nullptr) {
    input_ = env_.standard_input();
  }
  std::size_t found = 0;
  std::size_t end = whole_lines(ahead_, lines_max, found);
  std::array<std::byte, kReadBytes> buffer;
  while (!ended_ && found < lines_max && ahead_.size() < kSampleBytesMax) {
    if (found > 0 && !input_->readable(kSilenceMicros)) {
      break;
    }
    while (found == 0 && !input_->readable(kStopLookMicros)) {
      if (stop_requested_.load()) {
        return unavailable("stopped before the first row came");
      }
    }
    TW_TRY_ASSIGN(const std::size_t count, input_->read(buffer.data(), buffer.size()));
    ended_ = count == 0;
    ahead_.append(reinterpret_cast<const char*>(buffer.data()), count);
    std::size_t more = 0;
    end += whole_lines(std::string_view(ahead_).substr(end), lines_max - found, more);
    found += more;
  }
  return found > 0 && !(ended_ && found < lines_max) ? ahead_.substr(0, end) : ahead_;
}

Result<std::unique_ptr<InputFile>> StandardInput::take() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(taken_, true)) {
    return taken_error();
  }
  if (input_ == nullptr) {
    input_ = env_.standard_input();
  }
  return std::unique_ptr<InputFile>(
      std::make_unique<ResumedInput>(std::move(ahead_), std::move(input_)));
}

}  // namespace thalweg
