#include <algorithm>
#include <map>
#include <optional>
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
  // Another answer has come between: the next text has to say of which it is.
  virtual void resume() {}
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
  void resume() override { table_.repeat_header(); }
  std::string end() override { return table_.take(true); }

 private:
  const bool bounded_;
  TableText table_;
  std::size_t waiting_ = 0;
};

class PlainAnswer final : public AnswerText {
 public:
  explicit PlainAnswer(const ResultHeader& header) : header_(header) {}

  std::string begin() override { return take_header(); }
  void resume() override { header_due_ = true; }

  std::string rows(const Rows& rows) override {
    std::string text = take_header();
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

  std::string end() override { return begun_ ? std::string() : take_header(); }

 private:
  std::string take_header() {
    begun_ = true;
    if (!std::exchange(header_due_, false)) {
      return {};
    }
    std::string text = header_.updating ? "op" : "";
    for (const ResultHeader::Column& column : header_.columns) {
      text += text.empty() ? "" : "\t";
      text += printable(column.name);
    }
    return text + "\n";
  }

  const ResultHeader header_;
  bool header_due_ = true;
  bool begun_ = false;
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
    // Beside another answer this one says its columns when its first rows come.
    const bool waits = is_for_people() && !answers_.empty();
    const auto& answer = answers_[header.statement] = make_answer(header);
    if (!waits) {
      put(header.statement, answer->begin());
    }
  }

  bool rows(const ResultHeader& header, const Rows& rows) override {
    return put(header.statement, resumed(header.statement).rows(rows));
  }

  void end(const ResultHeader& header, const RunProgress& /*summary*/) override {
    put(header.statement, resumed(header.statement).end());
    answers_.erase(header.statement);
    last_ = std::nullopt;
  }

  void explanation(std::string_view text) override {
    last_ = std::nullopt;
    written_ = true;
    write_(text);
  }

 private:
  AnswerText& resumed(std::size_t statement) {
    AnswerText& answer = *answers_.at(statement);
    if (last_ != statement) {
      answer.resume();
    }
    return answer;
  }

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

  // Answers for people stand apart.
  bool put(std::size_t statement, const std::string& text) {
    if (text.empty()) {
      return true;
    }
    const bool gap = written_ && last_ != statement && is_for_people();
    last_ = statement;
    written_ = true;
    return write_(gap ? "\n" + text : text);
  }

  const OutputFormat format_;
  const std::function<bool(std::string_view)> write_;
  std::map<std::size_t, std::unique_ptr<AnswerText>> answers_;
  std::optional<std::size_t> last_;  // The answer that was written to last.
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
