#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "columnar/builder.h"
#include "columnar/value.h"
#include "formats/format.h"

// Records that were told apart before they are decoded: each is one row, or rejected.
namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Schema kTwo = {{"a", type_of(TypeKind::kInt)}, {"b", type_of(TypeKind::kText)}};
const Schema kText = {{"v", type_of(TypeKind::kText)}};

std::unique_ptr<Decoder> make(std::string_view format, const Schema& schema) {
  DecoderSpec spec;
  spec.schema = schema;
  spec.not_null.resize(schema.size());
  spec.declared_columns = static_cast<std::uint32_t>(schema.size());
  for (std::uint32_t i = 0; i < schema.size(); ++i) {
    spec.indexes.push_back(i);
  }
  spec.row_offsets = true;
  return find_format(format)->make_decoder({}, spec).take();
}

// What came of each record, in order: the row as text, or "!" and the reason.
std::vector<std::string> decode(Decoder& decoder, const std::vector<std::string>& records) {
  std::string bytes;
  std::vector<std::uint32_t> ends;
  for (const std::string& record : records) {
    bytes += record + '\n';
    ends.push_back(static_cast<std::uint32_t>(bytes.size()));
  }
  const std::size_t size = bytes.size();
  bytes.append(64, '"');
  const auto number_of = [&](std::uint64_t offset) {
    const auto behind = std::upper_bound(ends.begin(), ends.end(), offset);
    const auto number = static_cast<std::size_t>(behind - ends.begin());
    EXPECT_EQ(offset, number == 0 ? 0 : ends[number - 1]);
    return number;
  };
  std::vector<std::string> outcomes(records.size());
  const std::vector<SchemaId> schemas(records.size(), SchemaId{7});
  decoder.begin_records(
      {.bytes = std::string_view(bytes).substr(0, size), .ends = ends, .schemas = schemas});
  DecodedRows rows;
  while (decoder.next(2, rows)) {
    for (std::uint32_t row = 0; row < rows.rows; ++row) {
      std::string& outcome = outcomes[number_of(rows.offsets[row])];
      EXPECT_THAT(outcome, IsEmpty());
      for (const Column& column : rows.columns) {
        outcome += '|';
        outcome += column.is_valid(row) ? to_string(value_at(column, row)) : "-";
      }
    }
    for (const RejectedRow& rejected : rows.rejected) {
      std::string& outcome = outcomes[number_of(rejected.offset)];
      EXPECT_THAT(outcome, IsEmpty());
      outcome = "!" + std::string(to_string(rejected.error));
    }
  }
  return outcomes;
}

TEST(Records, OfJsonMayHaveSeveralLines) {
  EXPECT_THAT(
      decode(*make("json", kTwo), {R"({"a":1,"b":"x"})", "{\n  \"a\": 2,\n  \"b\": \"y\"\n}\n", "",
                                   "  ", "{\"a\":3}\n{\"a\":4}", "{\"a\":5", R"({"a":6})"}),
      ElementsAre("|1|x", "|2|y", "!malformed", "!malformed", "!malformed", "!malformed", "|6|-"));
}

TEST(Records, OfCsvMayHaveLinesInQuotes) {
  EXPECT_THAT(decode(*make("csv", kTwo),
                     {"1,x", "2,\"y\nz\"", "", "3,u\n4,v", "5,\"w", "6,\"w\n7,x", "8,last\r\n"}),
              ElementsAre("|1|x", "|2|y\nz", "!malformed", "!malformed", "!truncated", "!truncated",
                          "|8|last"));
}

TEST(Records, ThatAreRawAreTakenAsTheyAre) {
  EXPECT_THAT(decode(*make("raw", kText), {"a", "", "b\nc", "\xff"}),
              ElementsAre("|a", "|", "|b\nc", "!invalid_utf8"));
  EXPECT_THAT(decode(*make("raw", {{"v", type_of(TypeKind::kBytea)}}), {"\xff"}), SizeIs(1));
}

// A record's fate does not depend on its neighbours.
TEST(Records, DoNotMeetTheirNeighbours) {
  std::mt19937 random(1);
  const std::vector<std::string> pieces = {
      "{\"a\":1", ",\"b\":\"x\"", "}",  "\n",       "\"",   ",",    "1", "{",
      " ",        "\\",           "\r", "\xc3\xa9", "\xff", "null", "b"};
  for (const std::string_view format : {"json", "csv", "raw"}) {
    const Schema& schema = format == "raw" ? kText : kTwo;
    for (int round = 0; round < 300; ++round) {
      std::vector<std::string> records(1 + random() % 6);
      std::vector<std::string> alone;
      for (std::string& record : records) {
        if (random() % 2 == 0) {
          record = format == "json" ? R"({"a":7,"b":"good"})" : "7,good";
        } else {
          for (std::size_t i = random() % 6; i > 0; --i) {
            record += pieces[random() % pieces.size()];
          }
        }
        alone.push_back(decode(*make(format, schema), {record})[0]);
        EXPECT_FALSE(alone.back().empty()) << record;
      }
      EXPECT_EQ(decode(*make(format, schema), records), alone);
    }
  }
}

TEST(Records, EncodersTellWhereEachMessageEnds) {
  ColumnBuilder numbers(kTwo[0].type);
  ColumnBuilder texts(kTwo[1].type);
  for (int i = 0; i < 3; ++i) {
    numbers.append(std::int32_t{i});
    texts.append_text(i == 1 ? "two\nlines" : "x");
  }
  Batch batch;
  batch.columns = {numbers.finish(), texts.finish()};
  batch.length = 3;
  for (const std::string_view format : {"json", "csv", "debezium-json"}) {
    const auto encoder = find_format(format)->make_encoder({}).take();
    std::string before;
    encoder->begin(kTwo, before);
    std::string bytes;
    std::vector<std::uint32_t> ends;
    encoder->note_ends(&ends);
    encoder->encode(kTwo, batch, bytes);
    ASSERT_THAT(ends, SizeIs(3)) << format;
    EXPECT_EQ(ends[2], bytes.size());
    EXPECT_EQ(bytes[ends[1] - 1], '\n');
    EXPECT_NE(bytes.substr(ends[1], ends[2] - ends[1]).find('2'), std::string::npos);
  }
}

TEST(RawFormat, NeedsOneColumnThatIsOneValue) {
  DecoderSpec spec;
  spec.schema = kTwo;
  spec.not_null.resize(2);
  spec.declared_columns = 2;
  EXPECT_EQ(find_format("raw")->make_decoder({}, spec).status().code(), Code::kInvalidArgument);
  spec.schema = {{"a", array_type(type_of(TypeKind::kInt))}};
  spec.declared_columns = 1;
  EXPECT_EQ(find_format("raw")->make_decoder({}, spec).status().code(), Code::kInvalidArgument);
}

TEST(RawFormat, ReadsTheTextOfAnyOtherType) {
  EXPECT_THAT(decode(*make("raw", {kTwo[0]}), {"12", "", "x", "99999999999"}),
              ElementsAre("|12", "|-", "!wrong_type", "!overflow"));
  DecoderSpec spec;
  spec.schema = {kTwo[0]};
  spec.not_null = {true};
  spec.indexes = {0};
  spec.declared_columns = 1;
  spec.row_offsets = true;
  EXPECT_THAT(decode(*find_format("raw")->make_decoder({}, spec).take(), {"12", ""}),
              ElementsAre("|12", "!null_not_allowed"));
}

}  // namespace
}  // namespace thalweg
