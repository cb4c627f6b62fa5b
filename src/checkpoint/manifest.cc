#include "checkpoint/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "checkpoint/byte_codec.h"
#include "checkpoint/file_bytes.h"
#include "checkpoint/schema_codec.h"

namespace thalweg {
namespace {

constexpr std::string_view kMagic = "THALWEGM";
constexpr std::uint32_t kVersion = 3;
constexpr std::uint32_t kVersionWithSilence = 2;
constexpr std::uint32_t kVersionWithSinks = 3;  // And what decided the epoch.
constexpr std::size_t kChecksumBytes = 8;

// The least that an entry of each list takes.
constexpr std::size_t kPartitionBytesMin = 41;
constexpr std::size_t kSourceBytesMin = 8;
constexpr std::size_t kSchemaBytesMin = 16;
constexpr std::size_t kOperatorBytesMin = 24;
constexpr std::size_t kCounterBytesMin = 12;
constexpr std::size_t kFileBytes = 33;
constexpr std::size_t kForgottenBytesMin = 12;
constexpr std::size_t kTextBytesMin = 4;

constexpr std::int64_t kSilentMicrosMax = std::int64_t{1} << 50;  // 35 years.

template <typename T, typename Write>
void write_list(const std::vector<T>& entries, ByteWriter& out, Write write) {
  out.number(static_cast<std::uint32_t>(entries.size()));
  for (const T& entry : entries) {
    write(entry);
  }
}

template <typename T, typename Read>
std::vector<T> read_list(std::size_t entry_bytes_min, ByteReader& in, Read read) {
  std::vector<T> entries;
  const std::uint32_t count = in.count(entry_bytes_min);
  entries.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    entries.push_back(read());
  }
  return entries;
}

void write_source(const SourceEpoch& source, ByteWriter& out) {
  out.text(source.id);
  write_list(source.partitions, out, [&](const PartitionEpoch& partition) {
    out.text(partition.name);
    out.number(partition.number);
    out.number(partition.position);
    out.text(partition.input);
    out.number(partition.input_position);
    out.text(partition.mark);
    out.number(partition.watermark.micros);
    out.number(static_cast<std::uint8_t>(partition.ended));
    out.number(std::clamp<std::int64_t>(partition.silent_micros, 0, kSilentMicrosMax));
  });
}

SourceEpoch read_source(ByteReader& in, std::uint32_t version) {
  SourceEpoch source;
  source.id = in.text();
  source.partitions = read_list<PartitionEpoch>(kPartitionBytesMin, in, [&] {
    PartitionEpoch partition;
    partition.name = in.text();
    partition.number = in.number<std::uint32_t>();
    partition.position = in.number<std::int64_t>();
    partition.input = in.text();
    partition.input_position = in.number<std::int64_t>();
    partition.mark = in.text();
    partition.watermark.micros = in.number<std::int64_t>();
    partition.ended = in.flag();
    if (version >= kVersionWithSilence) {
      partition.silent_micros = in.number<std::int64_t>();
    }
    if (partition.silent_micros < 0 || partition.silent_micros > kSilentMicrosMax) {
      in.fail();
    }
    return partition;
  });
  return source;
}

void write_operator(const OperatorEpoch& op, ByteWriter& out) {
  out.text(op.id);
  out.text(op.description);
  out.text(op.fingerprint);
  write_list(op.tables, out, [&](const StateSchema& schema) { write_schema(schema, out); });
  out.number(op.watermark.micros);
}

OperatorEpoch read_operator(ByteReader& in) {
  OperatorEpoch op;
  op.id = in.text();
  op.description = in.text();
  op.fingerprint = in.text();
  op.tables = read_list<StateSchema>(kSchemaBytesMin, in, [&] { return read_schema(in); });
  op.watermark.micros = in.number<std::int64_t>();
  return op;
}

void write_record(const EpochRecord& record, ByteWriter& out) {
  out.number(record.epoch);
  out.text(record.job);
  out.text(record.incarnation);
  out.number(record.made_at.micros);
  out.number(record.workers);
  out.number(static_cast<std::uint8_t>(record.finished));
  write_list(record.sources, out, [&](const SourceEpoch& source) { write_source(source, out); });
  write_list(record.operators, out, [&](const OperatorEpoch& op) { write_operator(op, out); });
  write_list(record.counters, out, [&](const std::pair<std::string, std::uint64_t>& counter) {
    out.text(counter.first);
    out.number(counter.second);
  });
  write_list(record.sinks, out, [&](const std::string& sink) { out.text(sink); });
  out.text(record.decided_by);
}

EpochRecord read_record(ByteReader& in, std::uint32_t version) {
  EpochRecord record;
  record.epoch = in.number<std::uint64_t>();
  record.job = in.text();
  record.incarnation = in.text();
  record.made_at.micros = in.number<std::int64_t>();
  record.workers = in.number<std::uint32_t>();
  record.finished = in.flag();
  record.sources =
      read_list<SourceEpoch>(kSourceBytesMin, in, [&] { return read_source(in, version); });
  record.operators =
      read_list<OperatorEpoch>(kOperatorBytesMin, in, [&] { return read_operator(in); });
  record.counters = read_list<std::pair<std::string, std::uint64_t>>(kCounterBytesMin, in, [&] {
    std::string name(in.text());
    return std::pair(std::move(name), in.number<std::uint64_t>());
  });
  if (version >= kVersionWithSinks) {
    record.sinks =
        read_list<std::string>(kTextBytesMin, in, [&] { return std::string(in.text()); });
    record.decided_by = in.text();
  }
  return record;
}

void write_file(const FileEntry& file, ByteWriter& out) {
  out.number(static_cast<std::uint8_t>(file.kind));
  out.number(file.epoch);
  out.number(file.worker);
  out.number(file.workers);
  out.number(file.bytes);
  out.number(file.directory_checksum);
}

FileEntry read_file(ByteReader& in) {
  FileEntry file;
  file.kind = in.flag() ? FileKind::kDelta : FileKind::kBase;
  file.epoch = in.number<std::uint64_t>();
  file.worker = in.number<std::uint32_t>();
  file.workers = in.number<std::uint32_t>();
  file.bytes = in.number<std::uint64_t>();
  file.directory_checksum = in.number<std::uint64_t>();
  if (file.kind == FileKind::kDelta && file.worker >= file.workers) {
    in.fail();
  }
  return file;
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string file_name(const FileEntry& entry, const std::string& incarnation) {
  const std::string name = fmt::format(
      "{}-{}-{:012}", entry.kind == FileKind::kBase ? "base" : "delta", incarnation, entry.epoch);
  return entry.kind == FileKind::kBase && entry.worker == 0
             ? name
             : fmt::format("{}-{:04}", name, entry.worker);
}

bool is_state_file_name(std::string_view name) {
  return name == kPreparedName || name.starts_with("base-") || name.starts_with("delta-");
}

std::optional<std::string> trace_of_decided_epoch(const std::vector<std::string>& names) {
  // An image is made of decided epochs alone; the first epoch's deltas come before its decision.
  constexpr std::string_view kFirstEpoch = "000000000001";
  constexpr std::size_t kEpochAt = 6 + 16 + 1;
  const bool beginning = std::ranges::count(names, kBeginningName) > 0;
  const auto found = std::ranges::find_if(names, [&](std::string_view name) {
    return name == kManifestName || name.starts_with("base-") ||
           (is_state_file_name(name) && !beginning) ||
           (name.starts_with("delta-") && name.size() > kEpochAt + kFirstEpoch.size() &&
            name.substr(kEpochAt, kFirstEpoch.size()) != kFirstEpoch);
  });
  return found == names.end() ? std::nullopt : std::optional(*found);
}

Status check_no_epoch(const std::string& path, const std::vector<std::string>& names) {
  const std::optional<std::string> trace = trace_of_decided_epoch(names);
  return trace ? corrupt(fmt::format("{}/{} is missing, but {} tells that there was one", path,
                                     kManifestName, *trace))
               : Status();
}

std::string encode_manifest(const Manifest& manifest) {
  std::string bytes(kMagic);
  ByteWriter out(bytes);
  out.number(kVersion);
  write_record(manifest.record, out);
  write_list(manifest.files, out, [&](const FileEntry& file) { write_file(file, out); });
  write_list(manifest.forgotten, out, [&](const Forgotten& forgotten) {
    out.text(forgotten.operator_id);
    out.number(forgotten.epoch);
  });
  out.number(checksum_of(bytes));
  return bytes;
}

Result<Manifest> decode_manifest(std::string_view bytes, const std::string& path) {
  const Status error = corrupt(fmt::format("{} does not read back as it was written", path));
  if (bytes.size() < kMagic.size() + sizeof kVersion + kChecksumBytes) {
    return error;
  }
  const std::size_t end = bytes.size() - kChecksumBytes;
  ByteReader in(bytes);
  if (in.bytes(kMagic.size()) != kMagic ||
      ByteReader(bytes.substr(end)).number<std::uint64_t>() != checksum_of(bytes.substr(0, end))) {
    return error;
  }
  const auto version = in.number<std::uint32_t>();
  if (version > kVersion) {
    return invalid_argument(
        fmt::format("{} has version {} of its format, and this program knows versions up to {}; "
                    "use the program that wrote it, or a later one",
                    path, version, kVersion));
  }
  Manifest manifest;
  manifest.record = read_record(in, version);
  manifest.files = read_list<FileEntry>(kFileBytes, in, [&] { return read_file(in); });
  manifest.forgotten = read_list<Forgotten>(kForgottenBytesMin, in, [&] {
    std::string id(in.text());
    return Forgotten{.operator_id = std::move(id), .epoch = in.number<std::uint64_t>()};
  });
  if (!in.ok() || in.left() != kChecksumBytes || !is_hex(manifest.record.incarnation)) {
    return error;
  }
  return manifest;
}

Result<std::optional<Manifest>> read_manifest(Env& env, const std::string& path) {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> size, env.file_size(path));
  if (!size) {
    return std::optional<Manifest>();
  }
  TW_TRY_ASSIGN(const std::string bytes, read_bytes(env, path, 0, *size));
  TW_TRY_ASSIGN(Manifest manifest, decode_manifest(bytes, path));
  return std::optional(std::move(manifest));
}

}  // namespace thalweg
