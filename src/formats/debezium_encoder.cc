#include "formats/debezium_encoder.h"

#include <string>
#include <utility>
#include <vector>

#include "formats/change_ops.h"
#include "formats/value_writer.h"

namespace thalweg {
namespace {

class DebeziumEncoder final : public Encoder {
 public:
  explicit DebeziumEncoder(RowKey key) : key_(std::move(key)) {}

  void begin(const Schema& schema, std::string& /*out*/) override {
    names_.clear();
    for (const Field& field : schema) {
      std::string& name = names_.emplace_back(names_.empty() ? "" : ",");
      append_json_string(field.name, name);
      name += ':';
    }
  }

  void encode(const Schema& /*schema*/, const Batch& batch, std::string& out) override {
    const std::vector<ChangeOp> ops = change_ops(batch, key_);
    for (std::uint32_t i = 0; i < ops.size(); ++i) {
      switch (ops[i]) {
        case ChangeOp::kInsert:
          out += "{\"before\":null,\"after\":";
          append_row(batch, batch.row(i), out);
          out += ",\"op\":\"c\"}\n";
          break;
        case ChangeOp::kDelete:
          out += "{\"before\":";
          append_row(batch, batch.row(i), out);
          out += ",\"after\":null,\"op\":\"d\"}\n";
          break;
        case ChangeOp::kUpdateBefore:  // Its other half stands next to it.
          out += "{\"before\":";
          append_row(batch, batch.row(i), out);
          break;
        case ChangeOp::kUpdateAfter:
          out += ",\"after\":";
          append_row(batch, batch.row(i), out);
          out += ",\"op\":\"u\"}\n";
          break;
      }
      if (ops[i] != ChangeOp::kUpdateBefore) {
        end_message(out);
      }
    }
  }

 private:
  void append_row(const Batch& batch, RowIndex row, std::string& out) const {
    out += '{';
    for (std::size_t i = 0; i < names_.size(); ++i) {
      out += names_[i];
      append_json(batch.columns[i], row, out);
    }
    out += '}';
  }

  const RowKey key_;
  std::vector<std::string> names_;  // With the comma before and the colon behind.
};

}  // namespace

std::unique_ptr<Encoder> make_debezium_encoder(RowKey key) {
  return std::make_unique<DebeziumEncoder>(std::move(key));
}

}  // namespace thalweg
