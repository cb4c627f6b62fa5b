#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace thalweg::bench {

// Bids as JSON lines of about 250 bytes, the same as NexmarkInput's. Goes with the object.
class BidFile {
 public:
  static Result<BidFile> make(const std::string& folder, std::uint64_t events);
  ~BidFile();
  BidFile(BidFile&& other) noexcept;
  BidFile& operator=(BidFile&&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t rows() const { return rows_; }

  // The statement that makes it the table `bid`.
  std::string table_sql() const;

 private:
  BidFile(std::string path, std::uint64_t rows) : path_(std::move(path)), rows_(rows) {}

  std::string path_;
  std::uint64_t rows_;
};

}  // namespace thalweg::bench
