#include "connectors/infer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "connectors/registry.h"
#include "formats/format.h"

namespace thalweg {
namespace {

constexpr std::size_t kSampleRows = 1000;
constexpr std::size_t kSampleBytesMax = 8 * 1024 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;

Result<std::string> read_sample(Env& env, const std::string& path) {
  TW_TRY_ASSIGN(const std::unique_ptr<InputFile> file, env.open_input(path));
  std::string sample;
  std::size_t lines = 0;
  std::array<char, kReadBytes> buffer;
  while (sample.size() < kSampleBytesMax) {
    TW_TRY_ASSIGN(const std::size_t count,
                  file->read(reinterpret_cast<std::byte*>(buffer.data()), buffer.size()));
    if (count == 0) {
      return sample;  // All of it: the last row may have no end.
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (buffer[i] == '\n' && ++lines == kSampleRows) {
        sample.append(buffer.data(), i + 1);
        return sample;
      }
    }
    sample.append(buffer.data(), count);
  }
  return sample;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string_view format_of(const std::string& path, std::string_view sample) {
  const std::string name = lower_case(path);
  for (const std::string_view ending : {".jsonl", ".ndjson", ".json", ".jsonlines"}) {
    if (name.ends_with(ending)) {
      return "json";
    }
  }
  for (const std::string_view ending : {".csv", ".tsv"}) {
    if (name.ends_with(ending)) {
      return "csv";
    }
  }
  const std::size_t first = sample.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (sample[first] == '{' || sample[first] == '[') ? "json"
                                                                                           : "csv";
}

// How bytes that begin so were compressed; empty: they were not.
std::string_view compression_of(std::string_view sample) {
  struct Magic {
    std::string_view bytes;
    std::string_view name;
  };
  constexpr std::array kMagics = {
      Magic{"\x1f\x8b", "gzip"}, Magic{"\x28\xb5\x2f\xfd", "zstd"}, Magic{"\xfd\x37zXZ", "xz"},
      Magic{"BZh9", "bzip2"},    Magic{"\x04\x22\x4d\x18", "lz4"},  Magic{"PK\x03\x04", "zip"},
  };
  const auto* found = std::find_if(kMagics.begin(), kMagics.end(), [&](const Magic& magic) {
    return sample.starts_with(magic.bytes);
  });
  return found == kMagics.end() ? "" : found->name;
}

// Defaults of all options that have one.
void add_defaults(std::span<const OptionSpec> specs, Options& options) {
  for (const OptionSpec& spec : specs) {
    if (!spec.default_value.empty() && !options.has(spec.name)) {
      options.set(std::string(spec.name), std::string(spec.default_value));
    }
  }
}

Result<Schema> infer_schema(const Format& format, const Options& options, std::string sample) {
  if (sample.find_first_not_of(" \t\r\n") == std::string::npos) {
    return invalid_argument("it has no rows yet; declare them with CREATE TABLE");
  }
  if (const std::string_view compression = compression_of(sample); !compression.empty()) {
    return invalid_argument(
        fmt::format("it is compressed with {}, which is not supported yet; unpack it, and put what "
                    "comes out into FROM stdin",
                    compression));
  }
  if (sample.size() >= kSampleBytesMax) {  // Cut anywhere.
    const std::size_t whole = format.make_framer(options)->whole_rows(sample);
    if (whole == 0) {
      return invalid_argument(
          fmt::format("its first row is longer than {} MiB; declare them with CREATE TABLE",
                      kSampleBytesMax / (1024 * 1024)));
    }
    sample.resize(whole);
  }
  return format.infer(options, sample);
}

}  // namespace

Result<TablePtr> infer_table(World& world, const std::string& path) {
  const bool is_stdin = path == "stdin";
  auto table = std::make_shared<Table>();
  table->name = path;
  table->connector = is_stdin ? "stdin" : "file";
  std::string sample;
  if (is_stdin) {
    TW_TRY_ASSIGN(sample, world.standard_input.sample(kSampleRows));
  } else {
    table->options.set("path", path);
    TW_TRY_ASSIGN(const std::vector<std::string> paths, world.env.glob(path));
    TW_TRY_ASSIGN(sample, read_sample(world.env, paths.front()));
  }
  table->format = format_of(path, sample);
  const Format* const format = find_format(table->format);
  TW_CHECK(format != nullptr);
  if (lower_case(path).ends_with(".tsv")) {
    table->options.set("delimiter", "\t");
  }
  for (const Connector& connector : connectors()) {
    if (connector.info.name == table->connector) {
      add_defaults(connector.info.options, table->options);
    }
  }
  add_defaults(format->options(), table->options);
  Result<Schema> schema = infer_schema(*format, table->options, std::move(sample));
  if (!schema.ok()) {
    return Status(schema.status().code(), fmt::format("cannot tell the columns of {}: {}", path,
                                                      schema.status().message()));
  }
  for (Field& field : std::move(schema).take()) {
    table->columns.push_back(
        {.field = std::move(field), .not_null = false, .computed = nullptr, .metadata = {}});
  }
  return TablePtr(std::move(table));
}

}  // namespace thalweg
