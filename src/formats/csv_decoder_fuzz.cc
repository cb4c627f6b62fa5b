#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "formats/csv_decoder.h"
#include "formats/format.h"

// Any bytes as CSV: nothing breaks, and rows come out the same whether the input is read as one
// block or cut where the framer says.
namespace thalweg {
namespace {

DecoderSpec make_spec() {
  DecoderSpec spec;
  spec.schema = {{"a", type_of(TypeKind::kBigint)},
                 {"b", type_of(TypeKind::kText)},
                 {"t", type_of(TypeKind::kTimestamp)}};
  spec.not_null.resize(3);
  spec.indexes = {0, 1, 2};
  spec.declared_columns = 3;
  return spec;
}

struct Counts {
  std::uint64_t rows = 0;
  std::uint64_t rejected = 0;
};

void count(Decoder& decoder, std::string_view block, bool first, Counts& counts) {
  decoder.begin(block, first);
  DecodedRows rows;
  while (decoder.next(5, rows)) {
    counts.rows += rows.rows;
    counts.rejected += rows.rejected.size();
  }
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace thalweg;
  if (size == 0) {
    return 0;
  }
  CsvDialect dialect;
  dialect.header = (data[0] & 1) != 0;
  dialect.delimiter = (data[0] & 2) != 0 ? ';' : ',';
  std::string block(reinterpret_cast<const char*>(data + 1), size - 1);
  block.append(64, '"');
  const std::string_view text = std::string_view(block).substr(0, size - 1);
  Counts whole;
  count(*make_csv_decoder(make_spec(), dialect), text, true, whole);

  const auto framer = make_csv_framer(dialect);
  const std::size_t first_size = framer->whole_rows(text.substr(0, text.size() / 2));
  Counts cut;
  const auto decoder = make_csv_decoder(make_spec(), dialect);
  if (first_size > 0) {
    count(*decoder, text.substr(0, first_size), true, cut);
  }
  count(*decoder, text.substr(first_size), first_size == 0, cut);
  TW_CHECK(whole.rows == cut.rows && whole.rejected == cut.rejected);
  const Result<Schema> schema = find_format("csv")->infer({}, text);
  TW_CHECK(!schema.ok() || !schema.value().empty());
  return 0;
}
