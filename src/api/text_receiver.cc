#include <algorithm>
#include <map>
#include <utility>

#include "api/table_text.h"
#include "columnar/batch.h"
#include "formats/change_ops.h"
#include "formats/format.h"
#include "thalweg/output.h"

namespace thalweg {
namespace {

// Rows of a bounded answer that are looked at before its columns' widths are fixed.
constexpr std::size_t kTableRowsWaiting = 10'000;

// One answer being written.
class AnswerText {
 public:
  virtual ~AnswerText() = default;
  virtual std::string begin() { return {}; }
  virtual std::string rows(const Rows& rows) = 0;
  virtual std::string end() { return {}; }
};

class TableAnswer final : public AnswerText {
 public:
  explicit TableAnswer(const ResultHeader& header) : bounded_(header.bounded), table_(header) {}

  std::string rows(const Rows& rows) override {
    table_.add(rows);
    waiting_ += rows.count();
    if (bounded_ && waiting_ < kTableRowsWaiting) {
      return {};
    }
    waiting_ = 0;
    return table_.take(false);
  }
  std::string end() override { return table_.take(true); }

 private:
  const bool bounded_;
  TableText table_;
  std::size_t waiting_ = 0;
};

class PlainAnswer final : public AnswerText {
 public:
  explicit PlainAnswer(const ResultHeader& header) : header_(header) {}

  std::string begin() override {
    std::string text = header_.updating ? "op" : "";
    for (const ResultHeader::Column& column : header_.columns) {
      text += text.empty() ? "" : "\t";
      text += printable(column.name);
    }
    return text + "\n";
  }

  std::string rows(const Rows& rows) override {
    std::string text;
    const std::vector<ChangeOp> ops = change_ops(rows.batch(), header_.key);
    for (std::uint32_t row = 0; row < rows.count(); ++row) {
      if (header_.updating) {
        text += to_string(ops[row]);
        text += '\t';
      }
      for (std::uint32_t column = 0; column < header_.columns.size(); ++column) {
        text += column == 0 ? "" : "\t";
        if (!rows.is_null(row, column)) {
          append_printable(rows, row, column, text);
        }
      }
      text += '\n';
    }
    return text;
  }

 private:
  const ResultHeader header_;
};

// Written by an encoder; a changelog gets the column "op" before the others.
class EncodedAnswer final : public AnswerText {
 public:
  EncodedAnswer(std::unique_ptr<Encoder> encoder, const ResultHeader& header)
      : encoder_(std::move(encoder)) {
    // Types matter to encoders only with the rows; names are known here.
    for (const ResultHeader::Column& column : header.columns) {
      schema_.push_back({column.name, type_of(TypeKind::kText)});
    }
  }

  std::string begin() override {
    std::string text;
    encoder_->begin(schema_, text);
    return text;
  }

  std::string rows(const Rows& rows) override {
    for (std::size_t i = 0; i < schema_.size(); ++i) {
      schema_[i].type = rows.batch().columns[i].type();
    }
    std::string text;
    encoder_->encode(schema_, rows.batch(), text);
    return text;
  }

  std::string end() override {
    std::string text;
    encoder_->end(text);
    return text;
  }

 private:
  Schema schema_;
  const std::unique_ptr<Encoder> encoder_;
};

class TextReceiver final : public ResultReceiver {
 public:
  TextReceiver(OutputFormat format, std::function<bool(std::string_view)> write)
      : format_(format), write_(std::move(write)) {}

  void begin(const ResultHeader& header) override {
    std::unique_ptr<AnswerText> answer = make_answer(header);
    put((written_ && is_for_people() ? "\n" : "") + answer->begin());
    answers_[header.statement] = std::move(answer);
  }

  bool rows(const ResultHeader& header, const Rows& rows) override {
    return put(answers_.at(header.statement)->rows(rows));
  }

  void end(const ResultHeader& header, const RunProgress& /*summary*/) override {
    put(answers_.at(header.statement)->end());
    answers_.erase(header.statement);
  }

  void explanation(std::string_view text) override { put(std::string(text)); }

 private:
  bool is_for_people() const {
    return format_ == OutputFormat::kTable || format_ == OutputFormat::kPlain;
  }

  std::unique_ptr<AnswerText> make_answer(const ResultHeader& header) const {
    const ChangeStyle changes{.show = header.updating ? ShowChanges::kOps : ShowChanges::kNo,
                              .key = header.key};
    switch (format_) {
      case OutputFormat::kTable:
        return std::make_unique<TableAnswer>(header);
      case OutputFormat::kPlain:
        return std::make_unique<PlainAnswer>(header);
      case OutputFormat::kJson:
        return std::make_unique<EncodedAnswer>(make_json_array_encoder(changes), header);
      case OutputFormat::kJsonLines:
      case OutputFormat::kCsv:
        break;
    }
    const Format& format = *find_format(format_ == OutputFormat::kCsv ? "csv" : "json");
    // Without options every format has an encoder.
    return std::make_unique<EncodedAnswer>(format.make_encoder({}, changes).take(), header);
  }

  bool put(const std::string& text) {
    if (text.empty()) {
      return true;
    }
    written_ = true;
    return write_(text);
  }

  const OutputFormat format_;
  const std::function<bool(std::string_view)> write_;
  std::map<std::size_t, std::unique_ptr<AnswerText>> answers_;
  bool written_ = false;
};

}  // namespace

std::optional<OutputFormat> parse_output_format(std::string_view name) {
  constexpr std::pair<std::string_view, OutputFormat> kNames[] = {
      {"table", OutputFormat::kTable}, {"plain", OutputFormat::kPlain},
      {"json", OutputFormat::kJson},   {"jsonl", OutputFormat::kJsonLines},
      {"csv", OutputFormat::kCsv},
  };
  for (const auto& [known, format] : kNames) {
    if (known == name) {
      return format;
    }
  }
  return std::nullopt;
}

std::unique_ptr<ResultReceiver> make_text_receiver(
    OutputFormat format, std::function<bool(std::string_view text)> write) {
  return std::make_unique<TextReceiver>(format, std::move(write));
}

}  // namespace thalweg
