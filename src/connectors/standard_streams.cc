#include <array>
#include <utility>

#include "connectors/byte_source.h"
#include "connectors/connector.h"
#include "connectors/encoding_sink.h"

namespace thalweg {
namespace {

std::span<const OptionSpec> stdin_options() {
  static const std::array<OptionSpec, 1> specs{{
      {.name = "max_row_bytes",
       .type = OptionType::kBytes,
       .required = false,
       .default_value = "8MiB",
       .text = "A longer row is rejected; 1 GiB at most.",
       .choices = {},
       .aliases = {},
       .accepts = is_row_size,
       .expects = kRowSizeExpected},
  }};
  return specs;
}

Result<std::unique_ptr<Source>> make_stdin(World& world, const ScanRequest& request) {
  ByteSourceOptions options{.follow = false, .can_resume = false, .limits = {}};
  std::int64_t row_bytes = 0;
  if (request.table.options.has("max_row_bytes") &&
      parse_bytes(request.table.options.text("max_row_bytes"), row_bytes) && row_bytes > 0) {
    options.limits.row_bytes = static_cast<std::size_t>(row_bytes);
  }
  return make_byte_source(
      request, options, [&input = world.standard_input]() -> Result<std::vector<ByteInputs>> {
        // Taken here, not at the first claim, so that a second reader is refused at start.
        TW_TRY_ASSIGN(std::unique_ptr<InputFile> file, input.take());
        ByteInputs inputs{.name = "stdin", .inputs = {}};
        inputs.inputs.push_back(
            {.name = "stdin",
             .open = [shared = std::make_shared<std::unique_ptr<InputFile>>(std::move(file))] {
               return Result<std::unique_ptr<InputFile>>(std::move(*shared));
             }});
        std::vector<ByteInputs> found;
        found.push_back(std::move(inputs));
        return found;
      });
}

Result<std::unique_ptr<Sink>> make_stdout(World& world, const SinkRequest& request) {
  return make_encoding_sink(
      request,
      [&env = world.env](const Format& /*format*/,
                         std::string beginning) -> Result<std::shared_ptr<ByteSink>> {
        return std::shared_ptr<ByteSink>(make_plain_sink(
            [&env] { return Result<std::unique_ptr<OutputFile>>(env.standard_output()); },
            std::move(beginning)));
      });
}

}  // namespace

Connector stdin_connector() {
  return {.info = {.name = "stdin",
                   .aliases = {},
                   .text = "Standard input, to its end.",
                   .can_read = true,
                   .can_write = false,
                   .takes_format = true,
                   .takes_changes = false,
                   .default_format = "json",
                   .options = stdin_options(),
                   .bounded = [](const Options&) { return true; },
                   .own_schema = nullptr},
          .make_source = make_stdin,
          .make_sink = nullptr};
}

Connector stdout_connector() {
  return {.info = {.name = "stdout",
                   .aliases = {"print", "console"},
                   .text = "Standard output.",
                   .can_read = false,
                   .can_write = true,
                   .takes_format = true,
                   .takes_changes = false,
                   .default_format = "json",
                   .options = {},
                   .bounded = nullptr,
                   .own_schema = nullptr},
          .make_source = nullptr,
          .make_sink = make_stdout};
}

}  // namespace thalweg
