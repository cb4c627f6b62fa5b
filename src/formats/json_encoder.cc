#include "formats/json_encoder.h"

#include <string>
#include <vector>

#include "formats/value_writer.h"

namespace thalweg {
namespace {

// What stands around the objects.
enum class Frame : std::uint8_t { kLines, kArray };

class JsonEncoder final : public Encoder {
 public:
  JsonEncoder(Frame frame, ShowChanges changes) : frame_(frame), changes_(changes) {}

  void begin(const Schema& schema, std::string& out) override {
    keys_.clear();
    for (const Field& field : schema) {
      std::string& key = keys_.emplace_back(keys_.empty() && !shows_changes() ? "" : ",");
      append_json_string(field.name, key);
      key += ':';
    }
    first_ = true;
    out += frame_ == Frame::kArray ? "[" : "";
  }

  void encode(const Schema& /*schema*/, const Batch& batch, std::string& out) override {
    for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
      if (frame_ == Frame::kArray) {
        out += first_ ? "\n" : ",\n";
        first_ = false;
      }
      append_row(batch, batch.row(i), out);
      out += frame_ == Frame::kLines ? "\n" : "";
    }
  }

  void end(std::string& out) override {
    if (frame_ == Frame::kArray) {
      out += first_ ? "]\n" : "\n]\n";
    }
  }

 private:
  bool shows_changes() const { return changes_ == ShowChanges::kYes; }

  void append_row(const Batch& batch, RowIndex row, std::string& out) const {
    out += '{';
    if (shows_changes()) {
      out += "\"op\":\"";
      out += change_word(batch.changes ? batch.changes->values<std::int16_t>()[row] : 1);
      out += '"';
    }
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      out += keys_[i];
      append_json(batch.columns[i], row, out);
    }
    out += '}';
  }

  const Frame frame_;
  const ShowChanges changes_;
  std::vector<std::string> keys_;  // With the comma before and the colon behind.
  bool first_ = true;
};

}  // namespace

std::unique_ptr<Encoder> make_json_lines_encoder(ShowChanges changes) {
  return std::make_unique<JsonEncoder>(Frame::kLines, changes);
}

std::unique_ptr<Encoder> make_json_array_encoder(ShowChanges changes) {
  return std::make_unique<JsonEncoder>(Frame::kArray, changes);
}

}  // namespace thalweg
