#include <algorithm>
#include <map>
#include <utility>

#include "api/table_text.h"
#include "columnar/batch.h"
#include "columnar/builder.h"
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
    std::string text = header_.updating ? "change" : "";
    for (const ResultHeader::Column& column : header_.columns) {
      text += text.empty() ? "" : "\t";
      text += printable(column.name);
    }
    return text + "\n";
  }

  std::string rows(const Rows& rows) override {
    std::string text;
    for (std::uint32_t row = 0; row < rows.count(); ++row) {
      if (header_.updating) {
        text += rows.change(row) > 0 ? "+\t" : "-\t";
      }
      for (std::uint32_t column = 0; column < header_.columns.size(); ++column) {
        text += column == 0 ? "" : "\t";
        text += printable(rows.text(row, column));
      }
      text += '\n';
    }
    return text;
  }

 private:
  const ResultHeader header_;
};

// Writes by a format's encoder; a changelog gets the column "change" before the others.
class EncodedAnswer : public AnswerText {
 public:
  EncodedAnswer(const Format& format, const ResultHeader& header) : header_(header) {
    Options options;
    for (const OptionSpec& spec : format.options()) {
      if (!spec.default_value.empty()) {
        options.set(std::string(spec.name), std::string(spec.default_value));
      }
    }
    encoder_ = std::move(format.make_encoder(options)).take();
  }

  std::string begin() override {
    // Types matter to encoders only with the rows; names are known here.
    for (const ResultHeader::Column& column : header_.columns) {
      schema_.push_back({column.name, type_of(TypeKind::kText)});
    }
    if (header_.updating) {
      schema_.insert(schema_.begin(), {"change", type_of(TypeKind::kText)});
    }
    std::string text;
    encoder_->begin(schema_, text);
    return text;
  }

  std::string rows(const Rows& rows) override {
    Batch batch = rows.batch();
    batch.columns.resize(header_.columns.size());
    if (header_.updating) {
      batch = std::move(batch).compacted();
      ColumnBuilder changes(type_of(TypeKind::kText));
      for (std::uint32_t row = 0; row < batch.length; ++row) {
        changes.append_text(Rows(batch).change(row) > 0 ? "+" : "-");
      }
      batch.columns.insert(batch.columns.begin(), changes.finish());
    }
    for (std::size_t i = 0; i < schema_.size(); ++i) {
      schema_[i].type = batch.columns[i].type();
    }
    std::string text;
    encoder_->encode(schema_, batch, text);
    return text;
  }

 private:
  const ResultHeader header_;
  Schema schema_;
  std::unique_ptr<Encoder> encoder_;
};

// JSON lines between brackets and commas.
class JsonArrayAnswer final : public AnswerText {
 public:
  JsonArrayAnswer(const Format& json, const ResultHeader& header) : lines_(json, header) {}

  std::string begin() override { return lines_.begin() + "["; }

  std::string rows(const Rows& rows) override {
    const std::string encoded = lines_.rows(rows);
    std::string text;
    std::size_t begin = 0;
    while (begin < encoded.size()) {
      const std::size_t end = std::min(encoded.find('\n', begin), encoded.size());
      text += std::exchange(first_, false) ? "\n  " : ",\n  ";
      text.append(encoded, begin, end - begin);
      begin = end + 1;
    }
    return text;
  }

  std::string end() override { return first_ ? "]\n" : "\n]\n"; }

 private:
  EncodedAnswer lines_;
  bool first_ = true;
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
    switch (format_) {
      case OutputFormat::kTable:
        return std::make_unique<TableAnswer>(header);
      case OutputFormat::kPlain:
        return std::make_unique<PlainAnswer>(header);
      case OutputFormat::kJson:
        return std::make_unique<JsonArrayAnswer>(*find_format("json"), header);
      case OutputFormat::kJsonLines:
        return std::make_unique<EncodedAnswer>(*find_format("json"), header);
      case OutputFormat::kCsv:
        break;
    }
    return std::make_unique<EncodedAnswer>(*find_format("csv"), header);
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
