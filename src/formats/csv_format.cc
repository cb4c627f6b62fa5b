#include "formats/csv_format.h"

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <vector>

#include "formats/csv_decoder.h"
#include "formats/csv_dialect.h"
#include "formats/csv_encoder.h"
#include "formats/csv_row.h"
#include "formats/inferred_type.h"
#include "formats/number_text.h"
#include "formats/op_decoder.h"

namespace thalweg {
namespace {

using Kind = InferredType::Kind;

Kind kind_of_cell(std::string_view text) {
  if (text == "true" || text == "false") {
    return Kind::kBoolean;
  }
  if (is_json_number(text)) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? Kind::kBigint : Kind::kDouble;
  }
  return kind_of_text(text);
}

std::string column_name(const CsvRow& header, std::size_t i) {
  return i < header.cells().size() && !header.cells()[i].text.empty()
             ? std::string(header.cells()[i].text)
             : fmt::format("column{}", i + 1);
}

Result<Schema> infer_csv(const CsvDialect& dialect, std::string_view sample) {
  if (sample.starts_with("\xef\xbb\xbf")) {
    sample.remove_prefix(3);
  }
  CsvRow header(dialect);
  CsvRow row(dialect);
  std::vector<InferredType> types;
  bool header_wanted = dialect.header;
  for (std::size_t rows = 0; rows < kInferredRowsMax && !sample.empty();) {
    const CsvRowEnd end =
        csv_row_end_in_all(sample.data(), sample.data() + sample.size(), dialect.quote);
    const auto size = static_cast<std::size_t>(end.at - sample.data());
    const std::string_view text = sample.substr(0, size);
    sample.remove_prefix(size);
    if (header_wanted) {
      header.read(text);
      types.resize(header.cells().size());
      header_wanted = false;
      continue;
    }
    if (text.find_first_not_of("\r\n") == std::string_view::npos) {
      continue;
    }
    ++rows;
    row.read(text);
    if (types.empty()) {
      types.resize(row.cells().size());
    }
    // Rows of another length are told of when they are read.
    for (std::size_t i = 0; i < types.size() && row.cells().size() == types.size(); ++i) {
      const CsvRow::Cell& cell = row.cells()[i];
      types[i].add(row.is_null(cell) ? Kind::kUnknown : kind_of_cell(cell.text));
    }
  }
  if (types.empty()) {
    return invalid_argument("it is empty");
  }
  Schema schema;
  for (std::size_t i = 0; i < types.size(); ++i) {
    schema.push_back({.name = column_name(header, i), .type = to_type(types[i])});
  }
  return schema;
}

class CsvFormat final : public Format {
 public:
  std::string_view name() const override { return "csv"; }

  std::span<const OptionSpec> options() const override {
    static const std::vector<OptionSpec> specs = {
        {.name = "header",
         .type = OptionType::kBoolean,
         .required = false,
         .default_value = "true",
         .text = "Whether the first row holds the names of the columns.",
         .choices = {},
         .aliases = {}},
        {.name = "delimiter",
         .type = OptionType::kText,
         .required = false,
         .default_value = ",",
         .text = "The character between fields; \\t for a tab.",
         .choices = {},
         .aliases = {"csv.field-delimiter", "csv.delimiter"},
         .accepts = is_csv_character,
         .expects = "one ASCII character, or \\t for a tab"},
        {.name = "quote",
         .type = OptionType::kText,
         .required = false,
         .default_value = "\"",
         .text = "The character around fields that hold delimiters, quotes or newlines.",
         .choices = {},
         .aliases = {"csv.quote-character"},
         .accepts = is_csv_character,
         .expects = "one ASCII character, or \\t for a tab"},
        {.name = "null",
         .type = OptionType::kText,
         .required = false,
         .default_value = "",
         .text = "The field, without quotes, that stands for NULL; empty unless given.",
         .choices = {},
         .aliases = {"csv.null-literal"}},
        {.name = "timestamp_unit",
         .type = OptionType::kChoice,
         .required = false,
         .default_value = "ms",
         .text = "What a number counts in a TIMESTAMP column, since 1970.",
         .choices = {"s", "ms", "us", "ns"},
         .aliases = {}},
        mode_option(),
    };
    return specs;
  }

  std::unique_ptr<Framer> make_framer(const Options& options) const override {
    // Options that are no dialect are refused where the decoder is made.
    const Result<CsvDialect> dialect = csv_dialect(options);
    return make_csv_framer(dialect.ok() ? dialect.value() : CsvDialect{});
  }

  Result<std::unique_ptr<Decoder>> make_decoder(const Options& options,
                                                DecoderSpec spec) const override {
    TW_TRY_ASSIGN(const CsvDialect dialect, csv_dialect(options));
    if (!spec.reads_ops) {
      return make_csv_decoder(std::move(spec), dialect);
    }
    return make_op_decoder(make_csv_decoder(with_op_field(std::move(spec)), dialect));
  }

  Result<std::unique_ptr<Encoder>> make_encoder(const Options& options,
                                                const ChangeStyle& changes) const override {
    TW_TRY_ASSIGN(const CsvDialect dialect, csv_dialect(options));
    return make_csv_encoder(dialect, changes);
  }

  Result<Schema> infer(const Options& options, std::string_view sample) const override {
    TW_TRY_ASSIGN(const CsvDialect dialect, csv_dialect(options));
    return infer_csv(dialect, sample);
  }
};

}  // namespace

const Format& csv_format() {
  static const CsvFormat format;
  return format;
}

}  // namespace thalweg
