#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "columnar/value.h"
#include "formats/json_decoder.h"

// Any bytes as JSON lines, and as records cut at each 0xFF: nothing breaks, the fast and the slow
// way give the same rows, and each record is one row or rejected.
namespace thalweg {
namespace {

DecoderSpec make_spec(bool nested) {
  DecoderSpec spec;
  spec.schema = {{"auction", type_of(TypeKind::kBigint)},
                 {"price", type_of(TypeKind::kDouble)},
                 {"channel", type_of(TypeKind::kText)},
                 {"dateTime", type_of(TypeKind::kTimestamp)},
                 {"n", numeric_type(10, 2)},
                 {"ok", type_of(TypeKind::kBoolean)},
                 {"i", type_of(TypeKind::kInt)},
                 {"b", type_of(TypeKind::kBytea)},
                 {"d", type_of(TypeKind::kDate)},
                 {"v", type_of(TypeKind::kInterval)}};
  if (nested) {
    spec.schema.push_back({"s", struct_type({{"x", type_of(TypeKind::kReal)},
                                             {"a", array_type(type_of(TypeKind::kText))}})});
  }
  spec.not_null.resize(spec.schema.size());
  spec.not_null[0] = true;
  spec.row_offsets = true;
  return spec;
}

// Everything that a decoder says of the block, as one text.
std::string transcript(Decoder& decoder, std::string_view block) {
  std::string out;
  decoder.begin(block, true);
  DecodedRows rows;
  while (decoder.next(7, rows)) {
    for (std::uint32_t row = 0; row < rows.rows; ++row) {
      out += std::to_string(rows.offsets[row]);
      for (const Column& column : rows.columns) {
        out += column.is_valid(row) ? "|" + to_string(value_at(column, row)) : "|-";
      }
      out += '\n';
    }
  }
  // Rows and rejected rows are ordered apart: how they fall into batches may differ.
  decoder.begin(block, true);
  while (decoder.next(7, rows)) {
    for (const RejectedRow& rejected : rows.rejected) {
      out += std::to_string(rejected.offset) + "+" + std::to_string(rejected.length) + " " +
             std::string(to_string(rejected.error)) + " " + rejected.detail + "\n";
    }
  }
  return out;
}

std::size_t outcomes_of_records(Decoder& decoder, const std::string& padded,
                                const std::vector<std::uint32_t>& ends) {
  decoder.begin_records({.bytes = std::string_view(padded).substr(0, ends.back()), .ends = ends});
  std::size_t outcomes = 0;
  DecodedRows rows;
  while (decoder.next(7, rows)) {
    outcomes += rows.rows + rows.rejected.size();
  }
  return outcomes;
}

void check_records(const DecoderSpec& spec, std::string_view text) {
  std::string bytes;
  std::vector<std::uint32_t> ends;
  while (!text.empty()) {
    const std::size_t cut = std::min(text.find('\xff'), text.size());
    bytes += text.substr(0, cut);
    bytes += '\n';
    ends.push_back(static_cast<std::uint32_t>(bytes.size()));
    text.remove_prefix(std::min(cut + 1, text.size()));
  }
  if (ends.empty()) {
    return;
  }
  bytes.append(64, '}');
  for (const bool fast : {false, true}) {
    TW_CHECK(outcomes_of_records(*make_json_decoder(spec, {.fast = fast}), bytes, ends) ==
             ends.size());
  }
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace thalweg;
  std::string block(reinterpret_cast<const char*>(data), size);
  block.append(64, '}');
  const std::string_view text = std::string_view(block).substr(0, size);
  for (const bool nested : {false, true}) {
    const DecoderSpec spec = make_spec(nested);
    const std::string fast = transcript(*make_json_decoder(spec, {.fast = true}), text);
    const std::string slow = transcript(*make_json_decoder(spec, {.fast = false}), text);
    TW_CHECK(fast == slow);
    check_records(spec, text);
  }
  return 0;
}
