#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/live_table.h"

namespace thalweg::cli {

// Standard output and, beneath what was written there, on a terminal what is drawn again in place:
// lines of tables on standard output and one line on stderr. Thread-safe.
class Screen {
 public:
  Screen();

  struct Size {
    std::size_t columns;
    std::size_t lines;
  };
  // Of the terminal that standard output is.
  static Size size();

  // Writes text of an answer, with what is drawn out of its way. False when it cannot be written.
  bool write(std::string_view text);

  // Draws the line anew, cut to the terminal's width. Nothing between two halves of a row.
  void draw_line(std::string_view text);
  void remove_line();

  // Draws these lines in place of those before, above the line. Requires: no more of them than fit
  // there.
  void draw_tables(std::vector<LiveTable::Line> lines);
  // Whether they stand there, and have not been taken out of the way.
  bool shows_tables();

  // Takes away what is drawn; drawing the next time brings it back.
  void clear();

  // The error that ended writing; 0 for none, and for a reader who has seen enough.
  int failure() const;

 private:
  mutable std::mutex mutex_;  // Guards what follows.
  const bool shares_terminal_;
  std::vector<LiveTable::Line> tables_;
  std::string line_;
  bool row_begun_ = false;
  int failure_ = 0;

  // What stands on the terminal, the cursor at the end of it: cells of each line, drawn when it had
  // so many columns.
  struct Drawn {
    std::vector<std::size_t> tables;
    std::size_t line = 0;
    std::size_t columns = 0;
  };
  std::optional<Drawn> drawn_;

  void draw();
  void erase();
  void forget_if_moved();
  std::string to_begin_of_drawn() const;
  bool has_drawn_tables() const { return drawn_ && !drawn_->tables.empty(); }
};

}  // namespace thalweg::cli
