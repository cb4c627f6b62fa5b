#include "formats/csv_encoder.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "formats/change_ops.h"
#include "formats/value_writer.h"

namespace thalweg {
namespace {

class CsvEncoder final : public Encoder {
 public:
  CsvEncoder(const CsvDialect& dialect, ChangeStyle style)
      : dialect_(dialect),
        style_(std::move(style)),
        special_{dialect.delimiter, dialect.quote, '\n', '\r'} {}

  void begin(const Schema& schema, std::string& out) override {
    if (!dialect_.header) {
      return;
    }
    bool first = true;
    if (shows_ops()) {
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
    if (!shows_ops()) {
      for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
        append_row("", Values::kAll, batch, batch.row(i), out);
      }
      return;
    }
    const std::vector<ChangeOp> ops = change_ops(batch, style_.key);
    for (std::uint32_t i = 0; i < ops.size(); ++i) {
      if (style_.show == ShowChanges::kOps) {
        append_row(to_string(ops[i]), Values::kAll, batch, batch.row(i), out);
      } else if (ops[i] == ChangeOp::kDelete) {
        append_row("-D", Values::kKey, batch, batch.row(i), out);
      } else if (ops[i] != ChangeOp::kUpdateBefore) {
        append_row("+U", Values::kAll, batch, batch.row(i), out);
      }
    }
  }

 private:
  // Which columns of a row are written; the others are NULL.
  enum class Values : std::uint8_t { kAll, kKey };

  bool shows_ops() const { return style_.show != ShowChanges::kNo; }

  bool is_key(std::uint32_t column) const {
    return std::find(style_.key->begin(), style_.key->end(), column) != style_.key->end();
  }

  void separate(bool& first, std::string& out) const {
    if (!first) {
      out += dialect_.delimiter;
    }
    first = false;
  }

  void append_row(std::string_view op, Values values, const Batch& batch, RowIndex row,
                  std::string& out) {
    bool first = op.empty();
    out += op;
    for (std::uint32_t i = 0; i < batch.columns.size(); ++i) {
      const Column& column = batch.columns[i];
      separate(first, out);
      if (!column.is_valid(row) || (values == Values::kKey && !is_key(i))) {
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
    end_message(out);
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
  const ChangeStyle style_;
  const std::string special_;
  std::string text_;
};

}  // namespace

std::unique_ptr<Encoder> make_csv_encoder(const CsvDialect& dialect, const ChangeStyle& changes) {
  return std::make_unique<CsvEncoder>(dialect, changes);
}

}  // namespace thalweg
