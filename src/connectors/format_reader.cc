#include "connectors/format_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

class FormatReader final : public BlockReader {
 public:
  FormatReader(std::unique_ptr<Decoder> decoder, std::size_t row_bytes_max)
      : decoder_(std::move(decoder)), row_bytes_max_(row_bytes_max) {}

  void begin(const Partition& /*partition*/, const Block& block) override {
    too_long_ = block.too_long;
    block_size_ = block.size;
    if (block.header != nullptr && block.header != header_) {
      header_ = block.header;
      decoder_->set_header(*header_);
    }
    bytes_ = {reinterpret_cast<const char*>(block.bytes->data()), block.size};
    if (!too_long_) {
      decoder_->begin(bytes_, block.first);
    }
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    if (block_size_ == 0) {
      return false;
    }
    if (!too_long_) {
      return decoder_->next(rows_max, out);
    }
    block_size_ = 0;
    out.rows = 0;
    out.rejected.push_back({.error = RowError::kTooLong,
                            .offset = 0,
                            .length = 0,
                            .detail = describe_too_long(std::nullopt, row_bytes_max_)});
    return true;
  }

  // A row with newlines in quotes is shown up to the first.
  SourceRow row_at(std::uint64_t offset) const override {
    const std::string_view rest = bytes_.substr(offset);
    return {.topic = {}, .partition = {}, .key = {}, .payload = rest.substr(0, rest.find('\n'))};
  }

 private:
  const std::unique_ptr<Decoder> decoder_;
  const std::size_t row_bytes_max_;
  std::string_view bytes_;
  std::shared_ptr<const std::string> header_;  // The decoder's.
  std::uint32_t block_size_ = 0;
  bool too_long_ = false;
};

}  // namespace

DecoderSpec decoder_spec(const Table& table, std::span<const std::uint32_t> columns,
                         std::span<const std::uint32_t> places) {
  DecoderSpec spec;
  spec.row_offsets = true;
  spec.declared_columns = static_cast<std::uint32_t>(places.size());
  for (const std::uint32_t column : columns) {
    spec.schema.push_back(table.columns[column].field);
    spec.not_null.push_back(table.columns[column].not_null);
    const auto place = std::ranges::find(places, physical_index(table, column));
    spec.indexes.push_back(static_cast<std::uint32_t>(place - places.begin()));
    if (table.takes_back_by_key) {
      spec.key.push_back(std::ranges::find(table.primary_key, column) != table.primary_key.end());
    }
  }
  return spec;
}

Result<std::unique_ptr<Decoder>> make_table_decoder(const Table& table, DecoderSpec spec) {
  const Format* const format = find_format(table.format);
  if (format == nullptr) {
    return invalid_argument(
        fmt::format("table \"{}\": there is no format \"{}\"", table.name, table.format));
  }
  spec.reads_ops = table.mode == ChangeMode::kChangelog && !format->carries_changes();
  return format->make_decoder(table.options, std::move(spec));
}

Result<std::unique_ptr<Decoder>> make_table_decoder(const ScanRequest& request) {
  const Table& table = request.table;
  std::vector<std::uint32_t> places(physical_schema(table).size());
  std::iota(places.begin(), places.end(), 0U);
  return make_table_decoder(table, decoder_spec(table, request.columns, places));
}

std::unique_ptr<BlockReader> make_format_reader(std::unique_ptr<Decoder> decoder,
                                                std::size_t row_bytes_max) {
  return std::make_unique<FormatReader>(std::move(decoder), row_bytes_max);
}

}  // namespace thalweg
