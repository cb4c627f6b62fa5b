#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace thalweg::cli {

// Standard output and, beneath it on a terminal, one line on stderr that is redrawn in place.
// Thread-safe.
class Screen {
 public:
  Screen();

  // Writes text of an answer, with the line out of its way. False when it cannot be written.
  bool write(std::string_view text);

  // Draws the line anew, cut to the terminal's width. Nothing between two halves of a row.
  void draw_line(std::string_view text);
  void clear_line();

  // The error that ended writing; 0 for none, and for a reader who has seen enough.
  int failure() const;

 private:
  mutable std::mutex mutex_;  // Guards what follows.
  const bool shares_terminal_;
  bool line_drawn_ = false;
  bool row_begun_ = false;
  int failure_ = 0;

  void clear_drawn();
};

}  // namespace thalweg::cli
