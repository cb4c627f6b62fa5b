#include "formats/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "columnar/builder.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;

Options csv_options(std::initializer_list<std::pair<std::string, std::string>> given = {}) {
  Options options;
  for (const auto& [name, value] : given) {
    options.set(name, value);
  }
  return options;
}

std::string to_text(const Schema& schema) {
  std::string text;
  for (const Field& field : schema) {
    text += (text.empty() ? "" : ", ") + field.name + " " + to_string(field.type);
  }
  return text;
}

std::string inferred(std::string_view format, std::string_view sample,
                     const Options& options = {}) {
  const Result<Schema> schema = find_format(format)->infer(options, sample);
  return schema.ok() ? to_text(schema.value()) : schema.status().message();
}

struct Decoded {
  std::vector<std::string> rows;
  std::vector<std::string> rejected;
};

Decoded decode_csv(const Options& options, const Schema& schema, std::string text,
                   bool first = true, std::string_view header = {}) {
  DecoderSpec spec;
  spec.schema = schema;
  spec.not_null.resize(schema.size());
  spec.declared_columns = static_cast<std::uint32_t>(schema.size());
  for (std::uint32_t i = 0; i < schema.size(); ++i) {
    spec.indexes.push_back(i);
  }
  auto decoder = find_format("csv")->make_decoder(options, spec).take();
  if (!header.empty()) {
    decoder->set_header(header);
  }
  const std::size_t size = text.size();
  text.append(64, '"');
  decoder->begin(std::string_view(text).substr(0, size), first);
  Decoded out;
  DecodedRows rows;
  while (decoder->next(2, rows)) {
    for (std::uint32_t i = 0; i < rows.rows; ++i) {
      std::string& row = out.rows.emplace_back();
      for (const Column& column : rows.columns) {
        row += row.empty() ? "" : "|";
        row += column.is_valid(i) ? to_string(value_at(column, i)) : "-";
      }
    }
    for (const RejectedRow& rejected : rows.rejected) {
      out.rejected.push_back(std::string(to_string(rejected.error)) + "@" +
                             std::to_string(rejected.offset) + "+" +
                             std::to_string(rejected.length) + " " + rejected.detail);
    }
  }
  return out;
}

const std::string kDouble = to_string(type_of(TypeKind::kDouble));
const Schema kTwo = {{"a", type_of(TypeKind::kInt)}, {"b", type_of(TypeKind::kText)}};

TEST(CsvTest, FindsColumnsByTheNamesOfTheHeader) {
  EXPECT_THAT(decode_csv({}, kTwo, "x,B,a\n1,two,3\r\n\n,\"\",\"4\"").rows,
              ElementsAre("3|two", "4|"));
  EXPECT_THAT(decode_csv({}, kTwo, "b,B,A\n1,2,3\n").rows, ElementsAre("3|1"));
  EXPECT_THAT(decode_csv({}, kTwo, "a\n3\n").rows, ElementsAre("3|-"));
}

TEST(CsvTest, ReadsLaterBlocksByTheHeaderOfTheirInput) {
  EXPECT_THAT(decode_csv({}, kTwo, "1,2\n", false, "b,a\n").rows, ElementsAre("2|1"));
}

TEST(CsvTest, ReadsQuotesDelimitersAndNewlinesInQuotes) {
  EXPECT_THAT(decode_csv({}, kTwo, "a,b\n1,\"x, \"\"y\"\"\nz\"\n2,p\"q,r\"s\n").rows,
              ElementsAre("1|x, \"y\"\nz", "2|pq,rs"));
}

TEST(CsvTest, ReadsWithoutAHeaderByPosition) {
  EXPECT_THAT(decode_csv(csv_options({{"header", "false"}, {"delimiter", "\\t"}, {"quote", "'"}}),
                         kTwo, "1\t'a\tb'\n2\tc\n")
                  .rows,
              ElementsAre("1|a\tb", "2|c"));
}

TEST(CsvTest, KnowsItsNullText) {
  EXPECT_THAT(
      decode_csv(csv_options({{"null", "\\N"}}), kTwo, "a,b\n\\N,\n1,\\N\n2,\"\\N\"\n").rows,
      ElementsAre("-|", "1|-", "2|\\N"));
}

TEST(CsvTest, RejectsRowsThatDoNotFit) {
  const Decoded decoded =
      decode_csv({}, kTwo, "a,b\n1,x\ntwo,y\n3\n4,z,5\n6,\xff\n99999999999,q\n7,\"open\n");
  EXPECT_THAT(decoded.rows, ElementsAre("1|x"));
  EXPECT_THAT(decoded.rejected,
              ElementsAre("wrong_type@8+5 field \"a\": \"two\" is not an INT",
                          "malformed@14+1 1 fields where there should be 2: 3",
                          "malformed@16+5 3 fields where there should be 2: 4,z,5",
                          "invalid_utf8@22+3 not UTF-8",
                          "overflow@26+13 field \"a\": \"99999999999\" is out of range for INT",
                          "truncated@40+7 a quote that is never closed: 7,\"open"));
}

TEST(CsvTest, AQuoteThatIsNeverClosedCostsItsLineAlone) {
  const Decoded decoded = decode_csv({}, kTwo, "a,b\n0,\"w\nw\"\n1,\"x\n2,y\n3,z");
  EXPECT_THAT(decoded.rows, ElementsAre("0|w\nw", "2|y", "3|z"));
  EXPECT_THAT(decoded.rejected, ElementsAre("truncated@12+4 a quote that is never closed: 1,\"x"));
  EXPECT_THAT(decode_csv({}, kTwo, "a,\"b\n1,x\n2,y\n").rows, ElementsAre("1|x", "2|y"));
}

TEST(CsvTest, FramesRowsAroundQuotedNewlines) {
  auto framer = find_format("csv")->make_framer({});
  EXPECT_EQ(framer->whole_rows("a,b\n1,\"x\ny\"\n2,\"p\n"), 12U);
  EXPECT_EQ(framer->whole_rows("1,\"x\n"), 0U);
  EXPECT_EQ(framer->header_bytes("\"a\nb\",c\n1,2\n"), 8U);
}

TEST(CsvTest, RefusesADialectThatCannotBe) {
  EXPECT_EQ(
      find_format("csv")->make_decoder(csv_options({{"delimiter", "ab"}}), {}).status().code(),
      Code::kInvalidArgument);
  EXPECT_EQ(find_format("csv")->make_encoder(csv_options({{"quote", ","}})).status().code(),
            Code::kInvalidArgument);
}

TEST(InferTest, FindsTheNarrowestTypesOfJson) {
  EXPECT_EQ(
      inferred("json",
               "{\"i\":1,\"d\":1,\"b\":true,\"t\":\"2024-01-01T00:00:00Z\",\"n\":null}\n"
               "{\"i\":2,\"d\":1.5,\"t\":\"2024-01-01 00:00:00.5\",\"x\":\"a\",\"day\":"
               "\"2024-01-01\"}\n{\"i\":3,\"m\":1,\"s\":{\"a\":1}}\n"
               "{\"m\":\"x\",\"s\":{\"b\":[1,2.5]},\"e\":[]}\n{\"trunc"),
      "i BIGINT, d " + kDouble +
          ", b BOOLEAN, t TIMESTAMP, n TEXT, x TEXT, day DATE, m TEXT, s STRUCT<a BIGINT, b " +
          kDouble + "[]>, e TEXT[]");
  EXPECT_THAT(inferred("json", "[{\"a\":1}]"), ::testing::HasSubstr("one JSON array"));
  EXPECT_THAT(inferred("json", "nonsense\n"), ::testing::HasSubstr("no JSON object"));
}

TEST(InferTest, FindsNamesAndTypesOfCsv) {
  EXPECT_EQ(inferred("csv",
                     "id,w,ok,t,zip,n\n1,2,true,2024-01-01 00:00:00,0123,\n"
                     "2,2.5,false,,12,\nbroken\n"),
            "id BIGINT, w " + kDouble + ", ok BOOLEAN, t TIMESTAMP, zip TEXT, n TEXT");
  EXPECT_EQ(inferred("csv", "1;x\n", csv_options({{"header", "false"}, {"delimiter", ";"}})),
            "column1 BIGINT, column2 TEXT");
}

// One row of every type, and one of NULLs.
struct Sample {
  Schema schema;
  Batch batch;
};
Sample every_type() {
  const std::vector<std::pair<Type, std::string>> values = {
      {type_of(TypeKind::kBoolean), "t"},
      {type_of(TypeKind::kBigint), "-5"},
      {type_of(TypeKind::kDouble), "0.1"},
      {numeric_type(10, 2), "1.5"},
      {type_of(TypeKind::kText), "a \"b\",\n\x01\xc3\xa9"},
      {type_of(TypeKind::kBytea), "\\x0102"},
      {type_of(TypeKind::kDate), "2018-02-01"},
      {type_of(TypeKind::kTime), "10:00:00.5"},
      {type_of(TypeKind::kTimestamp), "2018-02-01 00:00:00"},
      {type_of(TypeKind::kTimestamptz), "2018-02-01 00:00:00.25+00"},
      {type_of(TypeKind::kInterval), "1 day 02:00:00"},
      {array_type(type_of(TypeKind::kInt)), "{1,NULL}"},
      {struct_type({{"x", type_of(TypeKind::kInt)}, {"y", type_of(TypeKind::kText)}}), "(1,z)"},
  };
  Sample sample;
  for (const auto& [type, text] : values) {
    sample.schema.push_back({"c" + std::to_string(sample.schema.size()), type});
    ColumnBuilder builder(type);
    builder.append_value(parse_value(text, type).take());
    builder.append_null();
    sample.batch.columns.push_back(builder.finish());
  }
  sample.batch.length = 2;
  return sample;
}

std::string encode(Encoder& encoder, const Sample& sample) {
  std::string out;
  encoder.begin(sample.schema, out);
  encoder.encode(sample.schema, sample.batch, out);
  encoder.end(out);
  return out;
}

TEST(EncoderTest, WritesJsonLines) {
  const Sample sample = every_type();
  EXPECT_EQ(
      encode(*find_format("jsonl")->make_encoder({}).take(), sample),
      "{\"c0\":true,\"c1\":-5,\"c2\":0.1,\"c3\":1.50,\"c4\":\"a \\\"b\\\",\\n\\u0001\xc3\xa9\","
      "\"c5\":\"AQI=\",\"c6\":\"2018-02-01\",\"c7\":\"10:00:00.5\","
      "\"c8\":\"2018-02-01T00:00:00Z\",\"c9\":\"2018-02-01T00:00:00.25Z\","
      "\"c10\":\"1 day 02:00:00\",\"c11\":[1,null],\"c12\":{\"x\":1,\"y\":\"z\"}}\n"
      "{\"c0\":null,\"c1\":null,\"c2\":null,\"c3\":null,\"c4\":null,\"c5\":null,\"c6\":null,"
      "\"c7\":null,\"c8\":null,\"c9\":null,\"c10\":null,\"c11\":null,\"c12\":null}\n");
}

TEST(EncoderTest, WritesWhatItsDecoderReads) {
  const Sample sample = every_type();
  for (const char* const name : {"json", "csv"}) {
    const Format& format = *find_format(name);
    const std::string text = encode(*format.make_encoder({}).take(), sample);
    DecoderSpec spec;
    spec.schema = sample.schema;
    spec.not_null.resize(sample.schema.size());
    auto decoder = format.make_decoder({}, spec).take();
    const std::string padded = text + std::string(64, ' ');
    decoder->begin(std::string_view(padded).substr(0, text.size()), true);
    DecodedRows rows;
    ASSERT_TRUE(decoder->next(10, rows));
    ASSERT_EQ(rows.rows, 2U) << (rows.rejected.empty() ? "" : rows.rejected[0].detail);
    for (std::size_t i = 0; i < rows.columns.size(); ++i) {
      EXPECT_EQ(to_string(value_at(rows.columns[i], 0)),
                to_string(value_at(sample.batch.columns[i], 0)));
      EXPECT_FALSE(rows.columns[i].is_valid(1));
    }
  }
}

Sample changes() {
  Sample sample;
  sample.schema = {{"Name", type_of(TypeKind::kText)}, {"n", type_of(TypeKind::kBigint)}};
  ColumnBuilder names(sample.schema[0].type);
  ColumnBuilder numbers(sample.schema[1].type);
  ColumnBuilder kinds(type_of(TypeKind::kSmallint));
  for (const auto& [name, number, kind] :
       {std::tuple{"\xe6\xb5\xb7", 1, 1}, std::tuple{"b", 200, -1}, std::tuple{"skipped", 3, 1}}) {
    names.append_text(name);
    numbers.append(std::int64_t{number});
    kinds.append(static_cast<std::int16_t>(kind));
  }
  numbers.append_null();
  names.append_text("a\nb");
  kinds.append(std::int16_t{1});
  sample.batch.columns = {names.finish(), numbers.finish()};
  sample.batch.changes = kinds.finish();
  sample.batch.length = 4;
  sample.batch.selection =
      std::make_shared<const std::vector<RowIndex>>(std::vector<RowIndex>{0, 1, 3});
  return sample;
}

TEST(EncoderTest, ShowsChangesInAColumnOfTheirOwn) {
  const Sample sample = changes();
  EXPECT_EQ(encode(*make_json_array_encoder({.show = ShowChanges::kOps}), sample),
            "[\n{\"op\":\"+I\",\"Name\":\"\xe6\xb5\xb7\",\"n\":1},\n"
            "{\"op\":\"-D\",\"Name\":\"b\",\"n\":200},\n"
            "{\"op\":\"+I\",\"Name\":\"a\\nb\",\"n\":null}\n]\n");
  EXPECT_EQ(
      encode(*find_format("csv")->make_encoder({}, {.show = ShowChanges::kOps}).take(), sample),
      "op,Name,n\n+I,\xe6\xb5\xb7,1\n-D,b,200\n+I,\"a\nb\",\n");
  Sample none = changes();
  none.batch.selection = std::make_shared<const std::vector<RowIndex>>();
  EXPECT_EQ(encode(*make_json_array_encoder({}), none), "[]\n");
}

// Rows (k, n) with their changes.
Sample changelog(const std::vector<std::tuple<int, int, int>>& rows) {
  Sample sample;
  sample.schema = {{"k", type_of(TypeKind::kBigint)}, {"n", type_of(TypeKind::kBigint)}};
  ColumnBuilder keys(sample.schema[0].type);
  ColumnBuilder numbers(sample.schema[1].type);
  ColumnBuilder kinds(type_of(TypeKind::kSmallint));
  for (const auto& [key, number, kind] : rows) {
    keys.append(std::int64_t{key});
    numbers.append(std::int64_t{number});
    kinds.append(static_cast<std::int16_t>(kind));
  }
  sample.batch.columns = {keys.finish(), numbers.finish()};
  sample.batch.changes = kinds.finish();
  sample.batch.length = static_cast<std::uint32_t>(rows.size());
  return sample;
}

TEST(EncoderTest, NeighboursOfOneKeyAreAnUpdate) {
  const Sample sample = changelog({{1, 5, -1}, {1, 6, 1}, {2, 7, -1}, {3, 7, 1}, {4, 8, -1}});
  const Format& csv = *find_format("csv");
  EXPECT_EQ(encode(*csv.make_encoder({}, {.show = ShowChanges::kOps, .key = {{0}}}).take(), sample),
            "op,k,n\n-U,1,5\n+U,1,6\n-D,2,7\n+I,3,7\n-D,4,8\n");
  EXPECT_EQ(encode(*csv.make_encoder({}, {.show = ShowChanges::kOps}).take(), sample),
            "op,k,n\n-D,1,5\n+I,1,6\n-D,2,7\n+I,3,7\n-D,4,8\n");
  // One row at most: whatever comes next to what goes replaces it.
  EXPECT_EQ(
      encode(*csv.make_encoder({}, {.show = ShowChanges::kOps, .key = std::vector<std::uint32_t>()})
                  .take(),
             changelog({{1, 5, -1}, {2, 6, 1}})),
      "op,k,n\n-U,1,5\n+U,2,6\n");
}

TEST(EncoderTest, UpsertsHaveTheRowThatStandsOrTheKeyThatIsGone) {
  const Sample sample = changelog({{1, 5, 1}, {1, 5, -1}, {1, 6, 1}, {2, 7, -1}});
  const ChangeStyle style{.show = ShowChanges::kUpserts, .key = {{0}}};
  EXPECT_EQ(encode(*find_format("csv")->make_encoder({}, style).take(), sample),
            "op,k,n\n+U,1,5\n+U,1,6\n-D,2,\n");
  EXPECT_EQ(encode(*find_format("json")->make_encoder({}, style).take(), sample),
            "{\"op\":\"+U\",\"k\":1,\"n\":5}\n{\"op\":\"+U\",\"k\":1,\"n\":6}\n"
            "{\"op\":\"-D\",\"k\":2}\n");
}

TEST(EncoderTest, DebeziumTellsWhatWasAndWhatIs) {
  const Sample sample = changelog({{1, 5, 1}, {1, 5, -1}, {1, 6, 1}, {2, 7, -1}});
  EXPECT_EQ(encode(*find_format("debezium")->make_encoder({}, {.key = {{0}}}).take(), sample),
            "{\"before\":null,\"after\":{\"k\":1,\"n\":5},\"op\":\"c\"}\n"
            "{\"before\":{\"k\":1,\"n\":5},\"after\":{\"k\":1,\"n\":6},\"op\":\"u\"}\n"
            "{\"before\":{\"k\":2,\"n\":7},\"after\":null,\"op\":\"d\"}\n");
}

}  // namespace
}  // namespace thalweg
