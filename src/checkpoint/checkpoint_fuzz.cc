#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "checkpoint/column_codec.h"
#include "checkpoint/manifest.h"
#include "checkpoint/schema_codec.h"
#include "checkpoint/state_file.h"
#include "columnar/value.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kRowsMax = 1U << 16;

// What is read as a manifest is written as the same bytes again. The checksum is made to fit.
void try_manifest(std::string_view record) {
  const std::string head = encode_manifest({}).substr(0, 12);
  std::string bytes = head + std::string(record);
  ByteWriter out(bytes);
  out.number(checksum_of(bytes));
  const auto manifest = decode_manifest(bytes, "MANIFEST");
  TW_CHECK(!manifest.ok() || encode_manifest(manifest.value()) == bytes);
}

// A schema, a number of rows, and the bytes of its columns.
void try_columns(std::string_view bytes) {
  ByteReader in(bytes);
  const StateSchema schema = read_schema(in);
  const auto rows = in.number<std::uint32_t>() % kRowsMax;
  for (const Field& field : schema.columns) {
    const Column column = decode_column(field.type, rows, in);
    for (RowIndex row = 0; in.ok() && row < rows; ++row) {
      (void)to_string(value_at(column, row));
    }
  }
}

// A state file whose only block is empty, and whose directory these bytes are.
void try_directory(std::string_view directory) {
  FakeEnv env;
  std::uint64_t size = 0;
  {
    TW_CHECK(env.make_directories("d").ok());
    const auto file = StateFileWriter::create(env, "d/empty").take();
    TW_CHECK(file->finish().ok());
    size = file->bytes();
  }
  std::string bytes = env.get("d/empty").substr(0, 16) + std::string(directory);
  TW_CHECK(size >= 32);
  ByteWriter out(bytes);
  const std::uint64_t checksum = checksum_of(directory);
  out.number(std::uint64_t{directory.size()});
  out.number(checksum);
  env.put("d/file", bytes);
  const auto file = open_state_file(env, "d/file", bytes.size(), checksum);
  if (!file.ok()) {
    return;
  }
  for (std::uint32_t block = 0; block < file.value().directory.blocks.size(); ++block) {
    const Status status =
        read_blocks(env, file.value(), std::span(&block, 1),
                    [](const StateBlock&, const std::vector<Column>&) { return Status(); });
    TW_CHECK(status.ok() || status.code() == Code::kCorrupt);
  }
}

}  // namespace
}  // namespace thalweg

// The first byte says what the others are to be read as.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      thalweg::try_manifest(bytes);
      break;
    case 1:
      thalweg::try_columns(bytes);
      break;
    default:
      thalweg::try_directory(bytes);
  }
  return 0;
}
