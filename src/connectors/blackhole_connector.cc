#include "connectors/connector.h"

namespace thalweg {
namespace {

class BlackholeWriter final : public SinkWriter {
 public:
  Status write(const Batch& /*batch*/) override { return {}; }
  Status flush() override { return {}; }
};

// Takes everything and keeps nothing. The job counts the rows.
class BlackholeSink final : public Sink {
 public:
  Status open() override { return {}; }
  std::unique_ptr<SinkWriter> make_writer() override { return std::make_unique<BlackholeWriter>(); }
  bool is_exactly_once() const override { return true; }  // Nobody sees any.
  Status close(bool /*completed*/) override { return {}; }
};

Result<std::unique_ptr<Sink>> make_sink(World& /*world*/, const SinkRequest& /*request*/) {
  return std::unique_ptr<Sink>(std::make_unique<BlackholeSink>());
}

}  // namespace

Connector blackhole_connector() {
  return {.info = {.name = "blackhole",
                   .aliases = {"discard"},
                   .text = "Counts rows and drops them.",
                   .can_read = false,
                   .can_write = true,
                   .takes_format = false,
                   .takes_changes = true,
                   .default_format = {},
                   .options = {},
                   .bounded = nullptr,
                   .own_schema = nullptr},
          .make_source = nullptr,
          .make_sink = make_sink};
}

}  // namespace thalweg
