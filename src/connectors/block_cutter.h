#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "env/env.h"
#include "formats/format.h"
#include "stream/source.h"

namespace thalweg {

// What a cutter recognises an input by that it has read in part.
struct CutMark {
  std::uint32_t bytes = 0;   // So many, the last ones read,
  std::uint64_t hash = 0;    // have this hash.
  bool in_long_row = false;  // It stands within a row that is too long, which a block has told of.
  friend bool operator==(const CutMark&, const CutMark&) = default;
};

struct CutterLimits {
  std::size_t block_bytes = 512 * 1024;
  // The longest row, its end included.
  std::size_t row_bytes = 8 * 1024 * 1024;
};

// The bytes of the input that the mark is of, and the one behind them where there is one:
// `bytes_read` had been read when it was made. None where the input is another one.
Result<std::optional<std::string>> marked_bytes(InputFile& input, std::int64_t bytes_read,
                                                const CutMark& mark);

// Cuts the bytes of one input after the other into blocks of whole rows. The first blocks are
// smaller, so that the first rows come at once and small files are shared between workers too.
class BlockCutter {
 public:
  BlockCutter(std::unique_ptr<Framer> framer, CutterLimits limits);

  // Goes on with this input; positions go on from the last one's. Requires: no input, or its end.
  void start(std::unique_ptr<InputFile> input);

  enum class Resumed : std::uint8_t {
    kYes,
    kDifferent,  // Other bytes than those that were read stand there.
    kRowGrown,   // The last row that was read had no end, and goes on now.
  };
  // Goes on with an input of which an earlier cutter had read so many bytes, when it stood at this
  // position and gave this mark; fails where the input ends before. Requires: no input.
  Result<Resumed> resume(std::unique_ptr<InputFile> input, std::int64_t bytes_read,
                         std::int64_t position, const CutMark& mark);
  CutMark mark() const;

  bool started() const { return input_ != nullptr; }
  // Of the first byte that no block has.
  std::int64_t position() const { return position_; }

  // kEnd is the end of this input; with `follow` it is kNothingYet, since more may be written, and
  // a last row without its end waits, unless the input has been replaced. kNothingYet too where a
  // pipe has nothing to say.
  Result<Claim> next(bool follow, Block& block);

  // Whether the input has ended because what was read of it is no longer there.
  bool replaced() const { return replaced_; }

 private:
  enum class Fill : std::uint8_t { kFull, kPaused, kEnded };
  Result<Fill> fill();
  Result<Fill> skip_long_row();
  Status read_header();
  void remember(std::string_view bytes);
  void grow();
  Claim hand_over(std::size_t size, Block& block);
  Claim hand_over_beginning(Block& block);
  void take_header(std::string_view first_rows);

  const std::unique_ptr<Framer> framer_;
  const CutterLimits limits_;
  std::unique_ptr<InputFile> input_;
  std::shared_ptr<Buffer> buffer_;  // Begins at a row's start. Its bytes up to used_ are read.
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  std::size_t next_capacity_;
  std::int64_t position_ = 0;  // Of the buffer's first byte.
  std::string tail_;           // The last bytes of the input before position_.
  std::uint64_t blocks_ = 0;
  std::shared_ptr<const std::string> header_;  // Of this input, from its first block on.
  bool first_ = false;                         // No block of this input has been cut.
  bool skipping_ = false;                      // Within a row that is too long.
  bool following_ = false;
  bool at_end_ = false;  // The input had no more when it was read last.
  bool replaced_ = false;
};

}  // namespace thalweg
