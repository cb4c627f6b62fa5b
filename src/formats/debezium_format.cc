#include "formats/debezium_format.h"

#include <utility>
#include <vector>

#include "formats/debezium_decoder.h"
#include "formats/debezium_encoder.h"
#include "formats/json_decoder.h"
#include "formats/line_framer.h"

namespace thalweg {
namespace {

class DebeziumFormat final : public Format {
 public:
  std::string_view name() const override { return "debezium-json"; }

  std::string_view extension() const override { return "jsonl"; }
  std::vector<std::string_view> aliases() const override { return {"debezium_json", "debezium"}; }
  bool carries_changes() const override { return true; }

  std::span<const OptionSpec> options() const override {
    static const std::vector<OptionSpec> specs = {
        {.name = "schema_include",
         .type = OptionType::kBoolean,
         .required = false,
         .default_value = "false",
         .text = "Read: whether an event stands in a field payload, beside its schema.",
         .choices = {},
         .aliases = {"debezium-json.schema-include"}},
        {.name = "timestamp_unit",
         .type = OptionType::kChoice,
         .required = false,
         .default_value = "ms",
         .text = "What a number counts in a TIMESTAMP column, since 1970.",
         .choices = {"s", "ms", "us", "ns"},
         .aliases = {}},
    };
    return specs;
  }

  std::unique_ptr<Framer> make_framer(const Options& /*options*/) const override {
    return std::make_unique<LineFramer>();
  }

  Result<std::unique_ptr<Decoder>> make_decoder(const Options& options,
                                                DecoderSpec spec) const override {
    JsonDecoderOptions decoder_options;
    if (options.has("timestamp_unit")) {
      decoder_options.unit = epoch_unit(options.text("timestamp_unit"));
    }
    decoder_options.row_bytes_max = row_bytes_max(options);
    const DebeziumEnvelope envelope =
        options.boolean("schema_include") ? DebeziumEnvelope::kPayload : DebeziumEnvelope::kNone;
    std::unique_ptr<Decoder> events =
        make_json_decoder(debezium_event_spec(spec, envelope), decoder_options);
    return make_debezium_decoder(std::move(events), std::move(spec), envelope);
  }

  Result<std::unique_ptr<Encoder>> make_encoder(const Options& /*options*/,
                                                const ChangeStyle& changes) const override {
    return make_debezium_encoder(changes.key);
  }

  Result<Schema> infer(const Options& /*options*/, std::string_view /*sample*/) const override {
    return invalid_argument("the columns of debezium-json must be declared");
  }
};

}  // namespace

const Format& debezium_format() {
  static const DebeziumFormat format;
  return format;
}

}  // namespace thalweg
