#include "formats/csv_decoder.h"

#include <absl/strings/match.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/shorten.h"
#include "formats/csv_row.h"
#include "formats/number_text.h"

namespace thalweg {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::uint32_t kRowsReserved = 4096;

class CsvFramer final : public Framer {
 public:
  explicit CsvFramer(const CsvDialect& dialect) : dialect_(dialect) {}

  std::size_t whole_rows(std::string_view bytes) override {
    const char* const begin = bytes.data();
    const char* const end = begin + bytes.size();
    const char* at = begin;
    while (const char* const next = csv_row_end(at, end, dialect_.quote)) {
      at = next;
    }
    return static_cast<std::size_t>(at - begin);
  }

  std::size_t header_bytes(std::string_view bytes) override {
    if (!dialect_.header) {
      return 0;
    }
    const char* const end = bytes.data() + bytes.size();
    const CsvRowEnd header = csv_row_end_in_all(bytes.data(), end, dialect_.quote);
    return static_cast<std::size_t>(header.at - bytes.data());
  }

 private:
  const CsvDialect dialect_;
};

class CsvDecoder final : public Decoder {
 public:
  CsvDecoder(DecoderSpec spec, const CsvDialect& dialect)
      : spec_(std::move(spec)),
        dialect_(dialect),
        row_(dialect),
        cells_expected_(spec_.declared_columns) {
    TW_CHECK(spec_.not_null.size() == spec_.schema.size());
    for (const Field& field : spec_.schema) {
      columns_.emplace_back(field.type);
    }
    for (const std::uint32_t index : spec_.indexes) {
      places_.push_back(index);
    }
  }

  void set_header(std::string_view header) override {
    if (!dialect_.header) {
      return;
    }
    if (header.starts_with(kByteOrderMark)) {
      header.remove_prefix(kByteOrderMark.size());
    }
    row_.read(header);
    cells_expected_ = row_.cells().size();
    places_.clear();
    for (const Field& field : spec_.schema) {
      places_.push_back(place_of(field.name));
    }
  }

  void begin(std::string_view block, bool first) override {
    block_ = block;
    record_ends_ = nullptr;
    at_ = block.data();
    if (!first) {
      return;
    }
    if (dialect_.header) {
      const char* const end = row_end().at;
      set_header({at_, static_cast<std::size_t>(end - at_)});
      at_ = end;
    } else if (block.starts_with(kByteOrderMark)) {
      at_ += kByteOrderMark.size();
    }
  }

  void begin_records(const RecordBytes& records) override {
    block_ = records.bytes;
    record_ends_ = records.ends.data();
    at_ = block_.data();
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    out.rows = 0;
    out.offsets.clear();
    out.rejected.clear();
    for (ColumnBuilder& column : columns_) {
      column.reserve(std::min(rows_max, kRowsReserved));
    }
    while (out.rows < rows_max && out.rejected.size() < rows_max && at_ < block_end()) {
      read_row(out);
    }
    out.columns.clear();
    for (ColumnBuilder& column : columns_) {
      out.columns.push_back(column.finish());
    }
    return out.rows > 0 || !out.rejected.empty();
  }

 private:
  static constexpr std::size_t kNowhere = SIZE_MAX;

  const char* block_end() const { return block_.data() + block_.size(); }

  CsvRowEnd row_end() const { return csv_row_end_in_all(at_, block_end(), dialect_.quote); }

  std::size_t place_of(std::string_view name) const {
    std::size_t folded = kNowhere;
    for (std::size_t i = 0; i < row_.cells().size(); ++i) {
      const std::string_view cell = row_.cells()[i].text;
      if (cell == name) {
        return i;
      }
      if (folded == kNowhere &&
          absl::EqualsIgnoreCase({cell.data(), cell.size()}, {name.data(), name.size()})) {
        folded = i;
      }
    }
    return folded;
  }

  // Where the next row ends, and whether nothing but that row stands before `end`.
  struct RowEnd {
    const char* end;
    bool open_quote;
    bool is_alone;
  };
  RowEnd next_end() {
    if (record_ends_ == nullptr) {
      const CsvRowEnd found = row_end();
      return {.end = found.at, .open_quote = found.open_quote, .is_alone = true};
    }
    const char* const end = block_.data() + *record_ends_++;
    const CsvRowEnd found = csv_row_end_in_all(at_, end, dialect_.quote);
    // The record may bring a newline of its own.
    return {.end = end, .open_quote = found.open_quote, .is_alone = end - found.at <= 1};
  }

  void read_row(DecodedRows& out) {
    const bool is_record = record_ends_ != nullptr;
    const RowEnd end = next_end();
    std::string_view row(at_, static_cast<std::size_t>(end.end - at_));
    for (int newlines = is_record ? 2 : 1; newlines > 0; --newlines) {
      row.remove_suffix(row.ends_with("\r\n") ? 2 : row.ends_with('\n') ? 1 : 0);
    }
    if (!row.empty() || is_record) {
      std::string detail;
      const RowError error = end.is_alone || end.open_quote
                                 ? append_row(row, end.open_quote, detail)
                                 : two_rows(row, detail);
      const auto offset = static_cast<std::uint64_t>(at_ - block_.data());
      if (error == RowError::kNone) {
        ++out.rows;
        if (spec_.row_offsets) {
          out.offsets.push_back(offset);
        }
      } else {
        for (ColumnBuilder& column : columns_) {
          column.truncate(std::min(out.rows, column.length()));
        }
        out.rejected.push_back({.error = error,
                                .offset = offset,
                                .length = static_cast<std::uint32_t>(row.size()),
                                .detail = std::move(detail)});
      }
    }
    at_ = end.end;
  }

  static RowError two_rows(std::string_view record, std::string& detail) {
    detail = "more than one row: " + shorten(record);
    return RowError::kMalformed;
  }

  RowError append_row(std::string_view row, bool open_quote, std::string& detail) {
    if (row.size() > dialect_.row_bytes_max) {
      detail = describe_too_long(row.size(), dialect_.row_bytes_max);
      return RowError::kTooLong;
    }
    if (!is_valid_utf8(row)) {
      detail = "not UTF-8";
      return RowError::kInvalidUtf8;
    }
    if (open_quote) {
      detail = "a quote that is never closed: " + shorten(row);
      return RowError::kTruncated;
    }
    row_.read(row);
    if (row_.cells().size() != cells_expected_) {
      detail = fmt::format("{} fields where there should be {}: {}", row_.cells().size(),
                           cells_expected_, shorten(row));
      return RowError::kMalformed;
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const RowError error = append_cell(i, detail);
      if (error != RowError::kNone) {
        return error;
      }
    }
    return RowError::kNone;
  }

  RowError append_cell(std::size_t field, std::string& detail) {
    ColumnBuilder& column = columns_[field];
    const std::size_t place = places_[field];
    const CsvRow::Cell cell = place == kNowhere
                                  ? CsvRow::Cell{.text = dialect_.null_text, .quoted = false}
                                  : row_.cells()[place];
    RowError error = RowError::kNone;
    if (row_.is_null(cell)) {
      if (!spec_.not_null[field]) {
        column.append_null();
        return RowError::kNone;
      }
      error = RowError::kNullNotAllowed;
    } else {
      error = append_text(cell.text, column);
    }
    if (error != RowError::kNone) {
      detail = describe_misfit(error, spec_.schema[field].name, fmt::format("\"{}\"", cell.text),
                               column.type());
    }
    return error;
  }

  RowError append_text(std::string_view text, ColumnBuilder& column) const {
    const TypeKind kind = column.type().kind;
    const bool time = kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
    return time && is_json_number(text) ? append_number(text, dialect_.unit, column)
                                        : append_from_text(text, column);
  }

  const DecoderSpec spec_;
  const CsvDialect dialect_;
  CsvRow row_;
  std::vector<ColumnBuilder> columns_;
  std::size_t cells_expected_;
  std::vector<std::size_t> places_;  // Of each field among a row's cells.
  std::string_view block_;
  const std::uint32_t* record_ends_ = nullptr;  // From the next record on; nullptr: rows are read.
  const char* at_ = nullptr;
};

}  // namespace

std::unique_ptr<Framer> make_csv_framer(const CsvDialect& dialect) {
  return std::make_unique<CsvFramer>(dialect);
}

std::unique_ptr<Decoder> make_csv_decoder(DecoderSpec spec, const CsvDialect& dialect) {
  return std::make_unique<CsvDecoder>(std::move(spec), dialect);
}

}  // namespace thalweg
