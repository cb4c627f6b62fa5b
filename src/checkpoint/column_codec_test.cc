#include "checkpoint/column_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "checkpoint/store_fixture.h"

namespace thalweg {
namespace {

Column random_column(const Type& type, std::uint32_t rows, Random& random) {
  ColumnBuilder builder(type);
  for (std::uint32_t row = 0; row < rows; ++row) {
    builder.append_value(random_value(type, random));
  }
  return builder.finish();
}

TEST(ColumnCodec, GivesBackColumnsOfAllTypesAndParts) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Type type = random_type(random);
    const auto rows = static_cast<std::uint32_t>(below(random, 200));
    const Column whole = random_column(type, rows, random);
    const auto begin = static_cast<RowIndex>(below(random, rows + 1));
    const Column part =
        whole.slice(begin, static_cast<std::uint32_t>(below(random, rows - begin + 1)));
    std::string bytes;
    encode_column(part, bytes);
    EXPECT_LE(bytes.size(), encoded_bytes(part));

    ByteReader in(bytes);
    const Column back = decode_column(type, part.length(), in);
    ASSERT_TRUE(in.ok());
    EXPECT_EQ(in.left(), 0);
    ASSERT_EQ(back.length(), part.length());
    EXPECT_EQ(back.type(), type);
    for (RowIndex row = 0; row < part.length(); ++row) {
      ASSERT_EQ(text_of({back}, row), text_of({part}, row));
    }
    std::string again;
    encode_column(back, again);
    EXPECT_EQ(again, bytes);
  }
}

TEST(ColumnCodec, TrustsNoBytes) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Type type = random_type(random);
    const auto rows = static_cast<std::uint32_t>(1 + below(random, 20));
    std::string bytes;
    encode_column(random_column(type, rows, random), bytes);
    for (int i = 0; i < 3; ++i) {
      bytes[below(random, bytes.size())] = static_cast<char>(random());
    }
    bytes.resize(below(random, bytes.size() + 1));
    ByteReader in(bytes);
    const Column back = decode_column(type, rows, in);
    for (RowIndex row = 0; in.ok() && row < rows; ++row) {
      (void)value_at(back, row);
    }
    EXPECT_TRUE(in.ok() || back.length() == 0);
  }
}

TEST(ColumnCodec, OffsetsThatFallAreRefused) {
  std::string bytes(1, '\0');
  ByteWriter out(bytes);
  for (const std::int32_t end : {3, 1}) {
    out.number(end);
  }
  bytes += "abc";
  ByteReader in(bytes);
  decode_column(type_of(TypeKind::kText), 2, in);
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace thalweg
