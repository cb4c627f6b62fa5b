#include "formats/raw_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "columnar/builder.h"
#include "formats/field_text.h"
#include "formats/line_framer.h"
#include "formats/value_writer.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kRowsReserved = 4096;

bool is_raw(const Type& type) {
  return type.kind == TypeKind::kText || type.kind == TypeKind::kBytea;
}

bool is_nested(TypeKind kind) { return kind == TypeKind::kArray || kind == TypeKind::kStruct; }

// Of the table's one column, where it is read.
class RawDecoder final : public Decoder {
 public:
  RawDecoder(const DecoderSpec& spec, std::size_t row_bytes_max)
      : row_bytes_max_(row_bytes_max), row_offsets_(spec.row_offsets) {
    if (!spec.schema.empty()) {
      field_ = spec.schema[0];
      not_null_ = spec.not_null[0];
      column_.emplace(field_.type);
    }
  }

  void begin(std::string_view block, bool /*first*/) override {
    block_ = block;
    at_ = 0;
    record_ends_ = nullptr;
  }
  void begin_records(const RecordBytes& records) override {
    block_ = records.bytes;
    at_ = 0;
    record_ends_ = records.ends.data();
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    out.rows = 0;
    out.offsets.clear();
    out.rejected.clear();
    if (column_) {
      column_->reserve(std::min(rows_max, kRowsReserved));
    }
    while (out.rows < rows_max && out.rejected.size() < rows_max && at_ < block_.size()) {
      read_row(out);
    }
    out.columns.clear();
    if (column_) {
      out.columns.push_back(column_->finish());
    }
    return out.rows > 0 || !out.rejected.empty();
  }

 private:
  void read_row(DecodedRows& out) {
    const std::size_t newline = record_ends_ != nullptr
                                    ? *record_ends_++ - 1
                                    : std::min(block_.find('\n', at_), block_.size());
    const std::string_view row = block_.substr(at_, newline - at_);
    const std::size_t offset = std::exchange(at_, newline + 1);
    const RowError error = row.size() > row_bytes_max_ ? RowError::kTooLong
                           : column_                   ? append(row)
                                                       : RowError::kNone;
    if (error != RowError::kNone) {
      out.rejected.push_back({.error = error,
                              .offset = offset,
                              .length = static_cast<std::uint32_t>(row.size()),
                              .detail = explain(error, row)});
      return;
    }
    if (row_offsets_) {
      out.offsets.push_back(offset);
    }
    ++out.rows;
  }

  // NULL was written as nothing at all.
  RowError append(std::string_view row) {
    if (field_.type.kind == TypeKind::kText && !is_valid_utf8(row)) {
      return RowError::kInvalidUtf8;
    }
    if (is_raw(field_.type)) {
      column_->append_text(row);
    } else if (row.empty() && not_null_) {
      return RowError::kNullNotAllowed;
    } else if (row.empty()) {
      column_->append_null();
    } else {
      return append_from_text(row, *column_);
    }
    return RowError::kNone;
  }

  std::string explain(RowError error, std::string_view row) const {
    return error == RowError::kTooLong ? describe_too_long(row.size(), row_bytes_max_)
           : error == RowError::kInvalidUtf8
               ? "not UTF-8; declare the column as BYTEA"
               : describe_misfit(error, field_.name, fmt::format("\"{}\"", row), field_.type);
  }

  const std::size_t row_bytes_max_;
  const bool row_offsets_;
  Field field_;  // Where it is read.
  bool not_null_ = false;
  std::optional<ColumnBuilder> column_;
  std::string_view block_;
  std::size_t at_ = 0;
  const std::uint32_t* record_ends_ = nullptr;  // From the next record on; nullptr: lines are read.
};

// NULL is written as nothing at all.
class RawEncoder final : public Encoder {
 public:
  void begin(const Schema& /*schema*/, std::string& /*out*/) override {}

  void encode(const Schema& /*schema*/, const Batch& batch, std::string& out) override {
    const Column& column = batch.columns[0];
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      const RowIndex row = batch.row(i);
      if (column.is_valid(row)) {
        if (is_raw(column.type())) {
          out += column.text(row);
        } else {
          append_plain(column, row, out);
        }
      }
      out += '\n';
      end_message(out);
    }
  }
};

class RawFormat final : public Format {
 public:
  std::string_view name() const override { return "raw"; }
  std::string_view extension() const override { return "txt"; }
  std::span<const OptionSpec> options() const override { return std::span(&mode_option(), 1); }

  std::unique_ptr<Framer> make_framer(const Options& /*options*/) const override {
    return std::make_unique<LineFramer>();
  }

  Result<std::unique_ptr<Decoder>> make_decoder(const Options& options,
                                                DecoderSpec spec) const override {
    if (spec.declared_columns != 1 ||
        (!spec.schema.empty() && is_nested(spec.schema[0].type.kind))) {
      return invalid_argument(
          "format raw reads a row as one value: the table must have one column, no ARRAY or "
          "STRUCT");
    }
    if (spec.reads_ops) {
      return invalid_argument("format raw cannot tell that a row goes; use json or debezium-json");
    }
    return std::unique_ptr<Decoder>(std::make_unique<RawDecoder>(spec, row_bytes_max(options)));
  }

  Result<std::unique_ptr<Encoder>> make_encoder(const Options& /*options*/,
                                                const ChangeStyle& changes) const override {
    if (changes.show != ShowChanges::kNo) {
      return invalid_argument("format raw cannot tell that a row goes; use json or debezium-json");
    }
    return std::unique_ptr<Encoder>(std::make_unique<RawEncoder>());
  }

  Result<Schema> infer(const Options& /*options*/, std::string_view /*sample*/) const override {
    return Schema{{"line", type_of(TypeKind::kText)}};
  }
};

}  // namespace

const Format& raw_format() {
  static const RawFormat format;
  return format;
}

}  // namespace thalweg
