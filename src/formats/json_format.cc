#include "formats/json_format.h"

#include <utility>
#include <vector>

#include "formats/json_decoder.h"
#include "formats/json_encoder.h"
#include "formats/json_infer.h"
#include "formats/line_framer.h"
#include "formats/op_decoder.h"

namespace thalweg {
namespace {

class JsonFormat final : public Format {
 public:
  std::string_view name() const override { return "json"; }

  std::vector<std::string_view> aliases() const override { return {"jsonl"}; }

  std::string_view extension() const override { return "jsonl"; }

  std::span<const OptionSpec> options() const override {
    static const std::vector<OptionSpec> specs = {
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
    if (!spec.reads_ops) {
      return make_json_decoder(spec, decoder_options);
    }
    return make_op_decoder(make_json_decoder(with_op_field(std::move(spec)), decoder_options));
  }

  Result<std::unique_ptr<Encoder>> make_encoder(const Options& /*options*/,
                                                const ChangeStyle& changes) const override {
    return make_json_lines_encoder(changes);
  }

  Result<Schema> infer(const Options& /*options*/, std::string_view sample) const override {
    return infer_json(sample);
  }
};

}  // namespace

const Format& json_format() {
  static const JsonFormat format;
  return format;
}

}  // namespace thalweg
