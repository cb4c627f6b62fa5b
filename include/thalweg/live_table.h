#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/rows.h"

namespace thalweg {

// An answer that changes as the rows that stand, and pictures of them for a terminal. The rows are
// in the query's order, or else in that of the answer's key, columns of time first. It keeps
// 100,000 rows (or 64 MiB of them) and counts those beyond. One thread at a time.
class LiveTable {
 public:
  explicit LiveTable(const ResultHeader& header);
  ~LiveTable();
  LiveTable(const LiveTable&) = delete;
  LiveTable& operator=(const LiveTable&) = delete;

  void apply(const Rows& rows);

  // How many rows stand, also those that are only counted.
  std::uint64_t rows() const;

  struct Window {
    std::size_t columns = 80;
    std::size_t lines = 24;
    bool mark_changes = false;  // What differs from the last picture is bold.
  };
  // Safe to show: control characters of values are escaped.
  struct Line {
    std::string text;
    std::size_t width = 0;  // In cells of the terminal.
  };

  // The header and the rows that fit: the first ones, or the last where they are in order of time.
  // Columns never become narrower from picture to picture but by a narrower window.
  std::vector<Line> picture(const Window& window);

  // Whether a picture of the same window would differ from the last one.
  bool has_changed() const;

  // All rows that are kept, as wide as they are, and how many stand.
  std::string text();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace thalweg
