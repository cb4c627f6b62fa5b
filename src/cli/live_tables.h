#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "command_line.h"
#include "screen.h"
#include "thalweg/live_table.h"

namespace thalweg::cli {

// Answers that change, each as the table of the rows that stand, drawn on the terminal again four
// times a second while they do. Stops, and takes the tables away, when destroyed.
class LiveTables {
 public:
  LiveTables(const CommandLine& line, Screen& screen);
  ~LiveTables();
  LiveTables(const LiveTables&) = delete;
  LiveTables& operator=(const LiveTables&) = delete;

  void begin(const ResultHeader& header);
  void apply(const ResultHeader& header, const Rows& rows);

  // The whole table as it stands at its end; it is drawn no more.
  std::string end(std::size_t statement);
  // Those that have not ended.
  std::vector<std::size_t> statements() const;

 private:
  void loop();
  void draw();
  bool has_changed(Screen::Size size) const;
  std::vector<LiveTable::Line> picture(Screen::Size size);
  std::vector<LiveTable::Line> pictures(std::size_t columns, std::size_t room);

  Screen& screen_;
  const bool marks_changes_;
  const bool quiet_;

  // Drawing takes both, in this order; rows that come need only wait for a picture to be made, not
  // for the terminal to take it.
  std::mutex drawing_;
  mutable std::mutex mutex_;                 // Guards what follows.
  std::map<std::size_t, LiveTable> tables_;  // By statement.
  Screen::Size drawn_size_{};
  bool tells_stopping_ = false;
  bool ending_ = false;
  std::condition_variable wake_;
  std::jthread thread_;
};

}  // namespace thalweg::cli
