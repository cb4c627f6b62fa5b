#include "formats/csv_encoder.h"

#include <string>

#include "formats/value_writer.h"

namespace thalweg {
namespace {

class CsvEncoder final : public Encoder {
 public:
  CsvEncoder(const CsvDialect& dialect, ShowChanges changes)
      : dialect_(dialect),
        changes_(changes),
        special_{dialect.delimiter, dialect.quote, '\n', '\r'} {}

  void begin(const Schema& schema, std::string& out) override {
    if (!dialect_.header) {
      return;
    }
    bool first = true;
    if (changes_ == ShowChanges::kYes) {
      out += "op";
      first = false;
    }
    for (const Field& field : schema) {
      separate(first, out);
      append_text(field.name, out);
    }
    out += '\n';
  }

  void encode(const Schema& /*schema*/, const Batch& batch, std::string& out) override {
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      append_row(batch, batch.row(i), out);
    }
  }

 private:
  void separate(bool& first, std::string& out) const {
    if (!first) {
      out += dialect_.delimiter;
    }
    first = false;
  }

  void append_row(const Batch& batch, RowIndex row, std::string& out) {
    bool first = true;
    if (changes_ == ShowChanges::kYes) {
      out += change_word(batch.changes ? batch.changes->values<std::int16_t>()[row] : 1);
      first = false;
    }
    for (const Column& column : batch.columns) {
      separate(first, out);
      if (!column.is_valid(row)) {
        out += dialect_.null_text;
        continue;
      }
      if (is_integer(column.type().kind)) {
        append_plain(column, row, out);
        continue;
      }
      text_.clear();
      append_plain(column, row, text_);
      append_text(text_, out);
    }
    out += '\n';
  }

  // A text that looks like NULL goes into quotes, as one with special characters does.
  void append_text(std::string_view text, std::string& out) const {
    if (text != dialect_.null_text && text.find_first_of(special_) == std::string_view::npos) {
      out += text;
      return;
    }
    out += dialect_.quote;
    for (const char c : text) {
      if (c == dialect_.quote) {
        out += c;
      }
      out += c;
    }
    out += dialect_.quote;
  }

  const CsvDialect dialect_;
  const ShowChanges changes_;
  const std::string special_;
  std::string text_;
};

}  // namespace

std::unique_ptr<Encoder> make_csv_encoder(const CsvDialect& dialect, ShowChanges changes) {
  return std::make_unique<CsvEncoder>(dialect, changes);
}

}  // namespace thalweg
