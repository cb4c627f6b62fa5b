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
  EncodingWriter(std::unique_ptr<ByteWriter> bytes, const Schema& schema,
                 std::unique_ptr<Encoder> encoder)
      : bytes_(std::move(bytes)), schema_(schema), encoder_(std::move(encoder)) {
    encoder_->begin(schema_, encoded_);
    encoded_.clear();  // What stands before the rows is written by the sink.
  }

  Status write(const Batch& batch) override {
    encoder_->encode(schema_, batch, encoded_);
    return encoded_.size() < kWriterBytesMax ? Status() : hand_over();
  }

  Status flush() override {
    if (encoded_.empty()) {
      return {};
    }
    TW_TRY(hand_over());
    return bytes_->flush();
  }

  Status end_epoch(std::uint64_t epoch) override {
    TW_TRY(hand_over());
    return bytes_->end_epoch(epoch);
  }

 private:
  Status hand_over() {
    if (encoded_.empty()) {
      return {};
    }
    const Status status = bytes_->write(encoded_);
    encoded_.clear();
    return status;
  }

  const std::unique_ptr<ByteWriter> bytes_;
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
  EncodingSink(const Format& format, const SinkRequest& request, std::shared_ptr<ByteSink> bytes)
      : format_(format),
        options_(request.table.options),
        style_(style_of(request)),
        schema_(physical_schema(request.table)),
        bytes_(std::move(bytes)) {}

  Status recover(const EpochStart& start) override { return bytes_->recover(start); }
  Status open() override { return bytes_->open(); }
  Status prepare(std::uint64_t epoch) override { return bytes_->prepare(epoch); }
  Status commit(std::uint64_t epoch) override { return bytes_->commit(epoch); }
  bool is_exactly_once() const override { return bytes_->is_exactly_once(); }

  std::unique_ptr<SinkWriter> make_writer() override {
    // The options were good for the encoder that wrote the beginning.
    std::unique_ptr<Encoder> encoder = format_.make_encoder(options_, style_).take();
    return std::make_unique<EncodingWriter>(bytes_->make_writer(), schema_, std::move(encoder));
  }

  Status close(bool completed) override { return bytes_->close(completed); }

 private:
  const Format& format_;
  const Options options_;
  const ChangeStyle style_;
  const Schema schema_;
  const std::shared_ptr<ByteSink> bytes_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_encoding_sink(const SinkRequest& request,
                                                 const MakeByteSink& make_bytes) {
  const Table& table = request.table;
  const Format* const format = find_format(table.format);
  if (format == nullptr) {
    return invalid_argument(
        fmt::format("table \"{}\": there is no format \"{}\"", table.name, table.format));
  }
  TW_TRY_ASSIGN(const std::unique_ptr<Encoder> encoder,
                format->make_encoder(table.options, style_of(request)));
  std::string beginning;
  encoder->begin(physical_schema(table), beginning);
  TW_TRY_ASSIGN(std::shared_ptr<ByteSink> bytes, make_bytes(*format, std::move(beginning)));
  return std::unique_ptr<Sink>(std::make_unique<EncodingSink>(*format, request, std::move(bytes)));
}

}  // namespace thalweg
