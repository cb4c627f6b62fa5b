#include <fmt/format.h>

#include <array>
#include <utility>

#include "connectors/byte_source.h"
#include "connectors/connector.h"
#include "connectors/encoding_sink.h"
#include "connectors/rotated_names.h"
#include "env/quiet_time.h"

namespace thalweg {
namespace {

bool is_part_size(std::string_view text) {
  std::int64_t bytes = 0;
  return parse_bytes(text, bytes) && bytes > 0;
}

// Function-local, since a vector cannot be constant; made once.
std::span<const OptionSpec> file_options() {
  static const std::array<OptionSpec, 6> specs{{
      {.name = "path",
       .type = OptionType::kText,
       .required = true,
       .default_value = {},
       .text = "The file; to read, also a pattern with * ? [] for several, looked up when the run "
               "begins. With a slash at its end, a directory of parts.",
       .choices = {},
       .aliases = {"connector.path", "file", "file.path", "location"}},
      {.name = "partitions",
       .type = OptionType::kChoice,
       .required = false,
       .default_value = "each",
       .text =
           "each: every file is a partition of its own; one: all files, in name order, are one.",
       .choices = {"each", "one"},
       .aliases = {}},
      {.name = "follow",
       .type = OptionType::kBoolean,
       .required = false,
       .default_value = "false",
       .text =
           "Goes on reading as the file grows, without end. A file that is cut, written anew or "
           "renamed to make room for another of its name is read from its beginning again.",
       .choices = {},
       .aliases = {"tail"}},
      {.name = "max_row_bytes",
       .type = OptionType::kBytes,
       .required = false,
       .default_value = "8MiB",
       .text = "A longer row is rejected; 1 GiB at most.",
       .choices = {},
       .aliases = {},
       .accepts = is_row_size,
       .expects = kRowSizeExpected},
      {.name = "block_bytes",
       .type = OptionType::kBytes,
       .required = false,
       .default_value = "512KiB",
       .text = "How much of a file one worker takes at a time; 1 GiB at most.",
       .choices = {},
       .aliases = {},
       .accepts = is_row_size,
       .expects = kRowSizeExpected},
      {.name = "part_bytes",
       .type = OptionType::kBytes,
       .required = false,
       .default_value = {},
       .text = "A part in a directory is finished once its rows have so many bytes, and another "
               "begun; the end of an epoch finishes it in any case. Default: no limit.",
       .choices = {},
       .aliases = {"sink.rolling-policy.file-size"},
       .accepts = is_part_size,
       .expects = "a size of 1 byte or more, such as '64MB' or '1 GiB'"},
  }};
  return specs;
}

constexpr std::size_t kShortBlockBytes = 64;

// As Flink writes paths: file:///data/a.csv.
std::string path_of(const Options& options) {
  const std::string& path = options.text("path");
  return path.starts_with("file://") ? path.substr(7) : path;
}

// A file that had another name when it was read before, which another one has now.
class RenamedFile final : public InputFile {
 public:
  RenamedFile(std::unique_ptr<InputFile> file, Env& env) : file_(std::move(file)), env_(env) {}

  Result<std::size_t> read(std::byte* out, std::size_t size) override {
    TW_TRY_ASSIGN(const std::size_t count, file_->read(out, size));
    if (count > 0) {
      quiet_.stirred();
    }
    return count;
  }
  bool readable(std::int64_t wait_micros) override { return file_->readable(wait_micros); }
  Status seek(std::uint64_t offset) override { return file_->seek(offset); }
  Result<bool> replaced() override { return quiet_.is_enough(env_.steady_nanos()); }

 private:
  std::unique_ptr<InputFile> file_;
  Env& env_;
  QuietTime quiet_;
};

// What a log is renamed to begins with its name: app.log.1, app.log-20260102.
Result<std::vector<RenamedInput>> open_renamed(Env& env, const std::string& path) {
  const std::string directory = directory_of(path);
  const std::string name = path.substr(path.rfind('/') + 1);
  TW_TRY_ASSIGN(const std::vector<std::string> names, env.list_directory(directory));
  std::vector<RenamedInput> found;
  for (const std::string& other : names) {
    if (other.starts_with(name) && other != name) {
      auto file = env.open_input(fmt::format("{}/{}", directory, other));
      if (file.ok()) {
        found.push_back({.name = other,
                         .file = std::make_unique<RenamedFile>(std::move(file).take(), env),
                         .since = rotated_since(name, other, names)});
      }
    }
  }
  return found;
}

Result<std::vector<ByteInputs>> list_files(Env& env, const Options& options) {
  const std::string pattern = path_of(options);
  const bool one = options.has("partitions") && options.text("partitions") == "one";
  // Of a directory its visible files.
  TW_TRY_ASSIGN(const std::vector<std::string> paths,
                env.glob(pattern.ends_with('/') ? pattern + '*' : pattern));
  std::vector<ByteInputs> found;
  for (const std::string& path : paths) {
    if (found.empty() || !one) {
      found.push_back({.name = one ? pattern : path, .inputs = {}});
    }
    found.back().inputs.push_back(
        {.name = path,
         .open = [&env, path] { return env.open_input(path); },
         .open_renamed = [&env, path] { return open_renamed(env, path); }});
  }
  return found;
}

std::size_t bytes_option(const Options& options, std::string_view name) {
  std::int64_t bytes = 0;
  TW_CHECK(parse_bytes(options.text(name), bytes) && bytes > 0);
  return static_cast<std::size_t>(bytes);
}

std::optional<OptionRefusal> refuses_writing(const Options& options) {
  const std::string path = path_of(options);
  if (path.find_first_of("*?[") != std::string::npos) {
    return OptionRefusal{
        .option = "path",
        .message = fmt::format("path '{}' is a pattern, which can only be read", path)};
  }
  if (options.has("part_bytes") && !path.ends_with('/')) {
    return OptionRefusal{
        .option = "part_bytes",
        .message = fmt::format("part_bytes is of parts, and path '{}' is one file; end it with a "
                               "slash for a directory of parts",
                               path)};
  }
  return std::nullopt;
}

Result<std::unique_ptr<Source>> make_source(World& world, const ScanRequest& request) {
  const Options& options = request.table.options;
  // A pipe gives what it has once.
  const std::string path = path_of(options);
  const bool is_pipe = !path.ends_with('/') && world.env.is_written_in_place(path);
  ByteSourceOptions source_options{
      .follow = options.boolean("follow"), .can_resume = !is_pipe, .limits = {}};
  if (options.has("max_row_bytes")) {
    source_options.limits.row_bytes = bytes_option(options, "max_row_bytes");
  }
  if (options.has("block_bytes")) {
    source_options.limits.block_bytes = bytes_option(options, "block_bytes");
  }
  if (request.short_blocks) {
    source_options.limits.block_bytes = kShortBlockBytes;
  }
  return make_byte_source(request, source_options,
                          [&env = world.env, options] { return list_files(env, options); });
}

Result<std::unique_ptr<Sink>> make_sink(World& world, const SinkRequest& request) {
  return make_encoding_sink(request, [&](const Format& format, std::string beginning) {
    const Options& options = request.table.options;
    OutputFiles::Shape shape{.format = request.table.format,
                             .extension = std::string(format.extension()),
                             .beginning = std::move(beginning)};
    if (options.has("part_bytes")) {
      shape.part_bytes = bytes_option(options, "part_bytes");
    }
    return world.outputs.share(world.env, path_of(options), std::move(shape));
  });
}

}  // namespace

Result<std::vector<std::string>> file_partitions(Env& env, const Options& options) {
  TW_TRY_ASSIGN(const std::vector<ByteInputs> found, list_files(env, options));
  std::vector<std::string> names;
  for (const ByteInputs& partition : found) {
    names.push_back(partition.name);
  }
  return names;
}

Connector file_connector() {
  return {
      .info = {.name = "file",
               .aliases = {"filesystem", "fs", "local_file"},
               .text =
                   "Files on this machine. A run replaces a file that it writes, and the parts of "
                   "a directory; all that it inserts is there once it has ended. A job whose "
                   "state is kept adds to them epoch by epoch, each row exactly once.",
               .can_read = true,
               .can_write = true,
               .takes_format = true,
               .takes_changes = false,
               .default_format = {},
               .options = file_options(),
               .bounded = [](const Options& options) { return !options.boolean("follow"); },
               .own_schema = nullptr,
               .refuses_writing = refuses_writing},
      .make_source = make_source,
      .make_sink = make_sink};
}

}  // namespace thalweg
