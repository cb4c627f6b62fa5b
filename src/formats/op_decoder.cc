#include "formats/op_decoder.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "columnar/builder.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

// +1, -1, or 0 for none of them.
std::int16_t change_of(std::string_view op) {
  if (op == "+I" || op == "+U") {
    return 1;
  }
  return op == "-U" || op == "-D" ? -1 : 0;
}

class OpDecoder final : public Decoder {
 public:
  explicit OpDecoder(std::unique_ptr<Decoder> inner) : inner_(std::move(inner)) {}

  void set_header(std::string_view header) override { inner_->set_header(header); }
  void begin(std::string_view block, bool first) override { inner_->begin(block, first); }
  void begin_records(const RecordBytes& records) override { inner_->begin_records(records); }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    if (!inner_->next(rows_max, out)) {
      return false;
    }
    if (out.rows == 0) {
      return true;
    }
    const Column ops = std::move(out.columns.back());
    out.columns.pop_back();
    ColumnBuilder changes(type_of(TypeKind::kSmallint), out.rows);
    std::vector<RowIndex> kept;
    for (RowIndex row = 0; row < out.rows; ++row) {
      const std::int16_t change = ops.is_valid(row) ? change_of(ops.text(row)) : std::int16_t{0};
      if (change != 0) {
        kept.push_back(row);
        changes.append(change);
        continue;
      }
      out.rejected.push_back(
          {.error = RowError::kWrongType,
           .offset = offset_of(out, row),
           .length = 0,
           .detail =
               fmt::format("field \"op\": {} is not +I, -U, +U or -D",
                           ops.is_valid(row) ? fmt::format("\"{}\"", ops.text(row)) : "NULL")});
    }
    keep_rows(out, kept);
    out.changes = changes.finish();
    return true;
  }

 private:
  const std::unique_ptr<Decoder> inner_;
};

}  // namespace

DecoderSpec with_op_field(DecoderSpec spec) {
  for (std::uint32_t& index : spec.indexes) {
    ++index;
  }
  spec.schema.push_back({.name = "op", .type = type_of(TypeKind::kText)});
  spec.not_null.push_back(false);
  spec.indexes.push_back(0);
  ++spec.declared_columns;
  spec.reads_ops = false;
  return spec;
}

std::unique_ptr<Decoder> make_op_decoder(std::unique_ptr<Decoder> inner) {
  return std::make_unique<OpDecoder>(std::move(inner));
}

void keep_rows(DecodedRows& rows, std::span<const RowIndex> kept) {
  if (kept.size() == rows.rows) {
    return;
  }
  std::vector<std::uint64_t> offsets;
  for (const RowIndex row : kept) {
    offsets.push_back(offset_of(rows, row));
  }
  for (Column& column : rows.columns) {
    column = gather(column, kept);
  }
  rows.offsets = std::move(offsets);
  rows.rows = static_cast<std::uint32_t>(kept.size());
}

std::uint64_t offset_of(const DecodedRows& rows, RowIndex row) {
  return rows.offsets.empty() ? rows.first_offset + row : rows.offsets[row];
}

}  // namespace thalweg
