#include "formats/json_encoder.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "formats/change_ops.h"
#include "formats/value_writer.h"

namespace thalweg {
namespace {

// What stands around the objects.
enum class Frame : std::uint8_t { kLines, kArray };

// The columns' names, those of one name told apart: count, count_1, count_2. Of an object's equal
// keys most readers keep the last only.
std::vector<std::string> distinct_names(const Schema& schema, bool has_op) {
  std::set<std::string> taken;
  for (const Field& field : schema) {
    taken.insert(field.name);
  }
  std::set<std::string> used;
  if (has_op) {
    used.insert("op");
  }
  std::vector<std::string> names;
  for (const Field& field : schema) {
    std::string name = field.name;
    for (int number = 1; used.contains(name); ++number) {
      const std::string candidate = field.name + '_' + std::to_string(number);
      name = taken.contains(candidate) ? name : candidate;
    }
    used.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

class JsonEncoder final : public Encoder {
 public:
  JsonEncoder(Frame frame, ChangeStyle style) : frame_(frame), style_(std::move(style)) {}

  void begin(const Schema& schema, std::string& out) override {
    keys_.clear();
    all_.clear();
    for (const std::string& name : distinct_names(schema, shows_ops())) {
      all_.push_back(static_cast<std::uint32_t>(keys_.size()));
      std::string& key = keys_.emplace_back(keys_.empty() && !shows_ops() ? "" : ",");
      append_json_string(name, key);
      key += ':';
    }
    first_ = true;
    out += frame_ == Frame::kArray ? "[" : "";
  }

  void encode(const Schema& /*schema*/, const Batch& batch, std::string& out) override {
    if (!shows_ops()) {
      for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
        append_row("", all_, batch, batch.row(i), out);
      }
      return;
    }
    const std::vector<ChangeOp> ops = change_ops(batch, style_.key);
    for (std::uint32_t i = 0; i < ops.size(); ++i) {
      if (style_.show == ShowChanges::kOps) {
        append_row(to_string(ops[i]), all_, batch, batch.row(i), out);
      } else if (ops[i] == ChangeOp::kDelete) {
        append_row("-D", *style_.key, batch, batch.row(i), out);
      } else if (ops[i] != ChangeOp::kUpdateBefore) {
        append_row("+U", all_, batch, batch.row(i), out);
      }
    }
  }

  void end(std::string& out) override {
    if (frame_ == Frame::kArray) {
      out += first_ ? "]\n" : "\n]\n";
    }
  }

 private:
  bool shows_ops() const { return style_.show != ShowChanges::kNo; }

  void append_row(std::string_view op, const std::vector<std::uint32_t>& columns,
                  const Batch& batch, RowIndex row, std::string& out) {
    if (frame_ == Frame::kArray) {
      out += first_ ? "\n" : ",\n";
      first_ = false;
    }
    out += '{';
    if (!op.empty()) {
      out += "\"op\":\"";
      out += op;
      out += '"';
    }
    for (const std::uint32_t column : columns) {
      out += keys_[column];
      append_json(batch.columns[column], row, out);
    }
    out += frame_ == Frame::kLines ? "}\n" : "}";
    end_message(out);
  }

  const Frame frame_;
  const ChangeStyle style_;
  std::vector<std::string> keys_;  // With the comma before and the colon behind.
  std::vector<std::uint32_t> all_;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<Encoder> make_json_lines_encoder(const ChangeStyle& changes) {
  return std::make_unique<JsonEncoder>(Frame::kLines, changes);
}

std::unique_ptr<Encoder> make_json_array_encoder(const ChangeStyle& changes) {
  return std::make_unique<JsonEncoder>(Frame::kArray, changes);
}

}  // namespace thalweg
