#include "connectors/encoding_sink.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/check.h"
#include "formats/format.h"

namespace thalweg {
namespace {

constexpr std::size_t kWriterBytesMax = 64 * 1024;

class EncodingWriter final : public SinkWriter {
 public:
  EncodingWriter(SharedOutput& output, const Schema& schema, std::unique_ptr<Encoder> encoder)
      : output_(output), schema_(schema), encoder_(std::move(encoder)) {
    encoder_->begin(schema_, encoded_);
    encoded_.clear();  // The sink has written what stands before the rows.
  }

  Status write(const Batch& batch) override {
    encoder_->encode(schema_, batch, encoded_);
    return encoded_.size() < kWriterBytesMax ? Status() : hand_over(false);
  }

  Status flush() override { return encoded_.empty() ? Status() : hand_over(true); }

 private:
  Status hand_over(bool flush) {
    const Status status = output_.write(encoded_);
    encoded_.clear();
    return status.ok() && flush ? output_.flush() : status;
  }

  SharedOutput& output_;
  const Schema& schema_;
  const std::unique_ptr<Encoder> encoder_;
  std::string encoded_;
};

ChangeStyle style_of(const SinkRequest& request) {
  ChangeStyle style{.show = ShowChanges::kNo, .key = request.key};
  switch (request.table.mode) {
    case ChangeMode::kAppend:
      break;
    case ChangeMode::kChangelog:
      style.show = ShowChanges::kOps;
      break;
    case ChangeMode::kUpsert:
      TW_CHECK(request.key.has_value());
      style.show = ShowChanges::kUpserts;
      break;
  }
  return style;
}

class EncodingSink final : public Sink {
 public:
  EncodingSink(const Format& format, const SinkRequest& request, OpenOutput open_output)
      : format_(format),
        options_(request.table.options),
        style_(style_of(request)),
        schema_(physical_schema(request.table)),
        open_output_(std::move(open_output)) {}

  Status open() override {
    TW_TRY_ASSIGN(const std::unique_ptr<Encoder> encoder, format_.make_encoder(options_, style_));
    std::string beginning;
    encoder->begin(schema_, beginning);
    TW_TRY_ASSIGN(output_, open_output_(std::move(beginning)));
    return {};
  }

  std::unique_ptr<SinkWriter> make_writer() override {
    // The options were good for an encoder in open().
    std::unique_ptr<Encoder> encoder = format_.make_encoder(options_, style_).take();
    return std::make_unique<EncodingWriter>(*output_, schema_, std::move(encoder));
  }

  Status close(bool completed) override { return completed ? output_->close() : Status(); }

 private:
  const Format& format_;
  const Options options_;
  const ChangeStyle style_;
  const Schema schema_;
  const OpenOutput open_output_;
  std::shared_ptr<SharedOutput> output_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_encoding_sink(const SinkRequest& request,
                                                 OpenOutput open_output) {
  const Table& table = request.table;
  const Format* const format = find_format(table.format);
  if (format == nullptr) {
    return invalid_argument(
        fmt::format("table \"{}\": there is no format \"{}\"", table.name, table.format));
  }
  TW_TRY_ASSIGN(std::unique_ptr<Encoder> encoder,
                format->make_encoder(table.options, style_of(request)));
  encoder.reset();  // Only whether there can be one was of interest.
  return std::unique_ptr<Sink>(
      std::make_unique<EncodingSink>(*format, request, std::move(open_output)));
}

}  // namespace thalweg
