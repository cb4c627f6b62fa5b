#include "formats/json_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "columnar/value.h"
#include "formats/format.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Type of(TypeKind kind) { return type_of(kind); }

DecoderSpec make_spec(Schema schema, std::vector<bool> not_null = {}) {
  DecoderSpec spec;
  not_null.resize(schema.size());
  spec.schema = std::move(schema);
  spec.not_null = std::move(not_null);
  spec.row_offsets = true;
  return spec;
}

// What a block gives: rows as text, NULL as "-", and rejected rows as "reason@offset+length".
struct Decoded {
  std::vector<std::string> rows;
  std::vector<std::string> rejected;
  std::vector<std::string> details;
  std::vector<std::uint64_t> offsets;
};

std::string row_text(const DecodedRows& rows, std::uint32_t row) {
  std::string text;
  for (const Column& column : rows.columns) {
    text += text.empty() ? "" : "|";
    text += column.is_valid(row) ? to_string(value_at(column, row)) : "-";
  }
  return text;
}

Decoded decode(Decoder& decoder, const std::string& text, bool first = true,
               std::uint32_t rows_max = 3) {
  std::string block = text;
  block.append(64, '}');  // Whatever stands behind a block must not count.
  decoder.begin(std::string_view(block).substr(0, text.size()), first);
  Decoded out;
  DecodedRows rows;
  while (decoder.next(rows_max, rows)) {
    for (std::uint32_t i = 0; i < rows.rows; ++i) {
      out.rows.push_back(row_text(rows, i));
    }
    out.offsets.insert(out.offsets.end(), rows.offsets.begin(), rows.offsets.end());
    for (const RejectedRow& rejected : rows.rejected) {
      out.rejected.push_back(std::string(to_string(rejected.error)) + "@" +
                             std::to_string(rejected.offset) + "+" +
                             std::to_string(rejected.length));
      out.details.push_back(rejected.detail);
    }
  }
  return out;
}

Decoded decode_both_ways(const DecoderSpec& spec, const std::string& text,
                         JsonDecoderOptions options = {}) {
  options.fast = true;
  const Decoded fast = decode(*make_json_decoder(spec, options), text);
  options.fast = false;
  Decoded slow = decode(*make_json_decoder(spec, options), text);
  EXPECT_EQ(fast.rows, slow.rows) << text;
  EXPECT_EQ(fast.rejected, slow.rejected) << text;
  EXPECT_EQ(fast.details, slow.details) << text;
  EXPECT_EQ(fast.offsets, slow.offsets) << text;
  return slow;
}

std::vector<std::string> rows_of(Type type, const std::string& values) {
  std::string text;
  for (std::size_t begin = 0; begin < values.size();) {
    std::size_t end = values.find('\n', begin);
    end = end == std::string::npos ? values.size() : end;
    text += "{\"v\":" + values.substr(begin, end - begin) + "}\n";
    begin = end + 1;
  }
  Decoded decoded = decode_both_ways(make_spec({{"v", std::move(type)}}), text);
  for (const std::string& rejected : decoded.rejected) {
    decoded.rows.push_back(rejected.substr(0, rejected.find('@')));
  }
  return decoded.rows;
}

const Schema kBid = {{"auction", type_of(TypeKind::kBigint)},
                     {"channel", type_of(TypeKind::kText)},
                     {"dateTime", type_of(TypeKind::kTimestamp)}};

TEST(JsonDecoderTest, ReadsTheFieldsAskedForInAnyOrder) {
  const Decoded decoded =
      decode_both_ways(make_spec(kBid),
                       "{\"auction\":1,\"x\":\"a\\\"b\",\"channel\":\"c\",\"dateTime\":\"2024-03-"
                       "01 10:00:00.123\"}\n"
                       "{\"channel\":\"d\",\"dateTime\":\"2024-03-01T10:00:00Z\",\"auction\":2,"
                       "\"y\":[1,{\"]\":2}]}\n"
                       "  { \"auction\" : -3 , \"channel\" : null , \"z\" : { } }  \r\n"
                       "{}\n");
  EXPECT_THAT(decoded.rows, ElementsAre("1|c|2024-03-01 10:00:00.123", "2|d|2024-03-01 10:00:00",
                                        "-3|-|-", "-|-|-"));
  EXPECT_THAT(decoded.rejected, IsEmpty());
}

TEST(JsonDecoderTest, GivesTheOffsetOfEachRow) {
  const Decoded decoded =
      decode_both_ways(make_spec(kBid), "{\"auction\":1}\n\n{\"auction\":2}\n{\"auction\":3}");
  EXPECT_THAT(decoded.offsets, ElementsAre(0, 15, 29));
}

TEST(JsonDecoderTest, RejectsMalformedLinesAndGoesOn) {
  const Decoded decoded = decode_both_ways(make_spec({{"a", of(TypeKind::kInt)}}),
                                           "{\"a\":1}\n{\"a\":2\n[1]\n{\"a\":3} x\nhello\n"
                                           "{\"a\":4,}\n{\"a\":\"5}\n{\"a\":6}}\n{\"a\":7}\n");
  EXPECT_THAT(decoded.rows, ElementsAre("1", "7"));
  EXPECT_THAT(decoded.rejected,
              ElementsAre("malformed@8+6", "malformed@15+3", "malformed@19+9", "malformed@29+5",
                          "malformed@35+8", "malformed@44+8", "malformed@53+8"));
  EXPECT_THAT(decoded.details[0], HasSubstr("{\"a\":2"));
  EXPECT_THAT(decoded.details[1], HasSubstr("not a JSON object"));
  EXPECT_EQ(decoded.details[2], "more after the object's 7 bytes: x");
  EXPECT_EQ(decoded.details[6], "more after the object's 7 bytes: }");
}

TEST(JsonDecoderTest, CallsALastLineThatBreaksOffTruncated) {
  const DecoderSpec spec = make_spec({{"a", of(TypeKind::kInt)}});
  EXPECT_THAT(decode_both_ways(spec, "{\"a\":1}\n{\"a\":2").rejected, ElementsAre("truncated@8+6"));
  EXPECT_THAT(decode_both_ways(spec, "{\"a\":1}\n{\"a\":2}").rows, ElementsAre("1", "2"));
  EXPECT_THAT(decode_both_ways(spec, "{").rejected, ElementsAre("truncated@0+1"));
}

TEST(JsonDecoderTest, ReadsNumbersOfEveryType) {
  EXPECT_THAT(
      rows_of(of(TypeKind::kBigint),
              "9223372036854775807\n-9223372036854775808\n9223372036854775808\n1e3\n1.50e1\n"
              "1.5\n01\n+1\n-\n-0\ntrue\n123456789012345678\n1e400\n\" 12 \"\n\"x\""),
      ElementsAre("9223372036854775807", "-9223372036854775808", "1000", "15", "0",
                  "123456789012345678", "12", "overflow", "wrong_type", "malformed", "malformed",
                  "malformed", "wrong_type", "overflow", "wrong_type"));
  EXPECT_THAT(rows_of(of(TypeKind::kSmallint), "32767\n-32768\n32768"),
              ElementsAre("32767", "-32768", "overflow"));
  EXPECT_THAT(rows_of(of(TypeKind::kInt), "2147483647\n-2147483649"),
              ElementsAre("2147483647", "overflow"));
  EXPECT_THAT(rows_of(of(TypeKind::kDouble),
                      "0.1\n-1.5\n1e300\n1e400\n123456789.125\n5\n1.7976931348623157e308\n"
                      "3.14159265358979312\n1e-400\n\"NaN\"\n1.\n.5"),
              ElementsAre("0.1", "-1.5", "1e+300", "123456789.125", "5", "1.7976931348623157e+308",
                          "3.141592653589793", "0", "NaN", "overflow", "malformed", "malformed"));
  EXPECT_THAT(rows_of(numeric_type(5, 2), "1.005\n-1.005\n123.45\n1000\n999.995\n\"7.5\"\n1e-9"),
              ElementsAre("1.01", "-1.01", "123.45", "7.50", "0.00", "overflow", "overflow"));
  EXPECT_THAT(rows_of(of(TypeKind::kReal), "0.5\n1e39"), ElementsAre("0.5", "overflow"));
}

TEST(JsonDecoderTest, KeepsTheRawTextOfValuesInTextColumns) {
  EXPECT_THAT(
      rows_of(of(TypeKind::kText),
              "1.50\ntrue\n{\"a\": [1 ]}\n[ ]\n\"a\\u00e9\\n\"\n\"\"\nnull\n\"\\q\"\ntrue1"),
      ElementsAre("1.50", "true", "{\"a\": [1 ]}", "[ ]", "aé\n", "", "-", "malformed",
                  "malformed"));
}

TEST(JsonDecoderTest, ReadsTimesFromTextAndNumbers) {
  EXPECT_THAT(rows_of(of(TypeKind::kTimestamp),
                      "1517365101235\n\"2018-02-01T02:00:00+02:00\"\n\"2018-02-01\"\n-1\n0.5\n"
                      "\"2018-02-30 00:00:00\"\n1e30\n\"soon\""),
              ElementsAre("2018-01-31 02:18:21.235", "2018-02-01 00:00:00", "2018-02-01 00:00:00",
                          "1969-12-31 23:59:59.999", "1970-01-01 00:00:00.0005", "wrong_type",
                          "overflow", "wrong_type"));
  EXPECT_THAT(rows_of(of(TypeKind::kDate), "\"2018-02-01\"\n5"),
              ElementsAre("2018-02-01", "wrong_type"));
  EXPECT_THAT(rows_of(of(TypeKind::kTime), "\"10:30\""), ElementsAre("10:30:00"));
  EXPECT_THAT(rows_of(of(TypeKind::kInterval), "\"1 day 02:00:00\""),
              ElementsAre("1 day 02:00:00"));
}

TEST(JsonDecoderTest, CountsEpochsInTheUnitAskedFor) {
  const DecoderSpec spec = make_spec({{"t", of(TypeKind::kTimestamptz)}});
  const auto first = [&](const char* unit, const std::string& number) {
    const JsonDecoderOptions options{.unit = epoch_unit(unit)};
    const Decoded decoded = decode_both_ways(spec, "{\"t\":" + number + "}\n", options);
    return decoded.rows.empty() ? decoded.rejected.front() : decoded.rows.front();
  };
  EXPECT_EQ(first("s", "1.5"), "1970-01-01 00:00:01.5+00");
  EXPECT_EQ(first("ms", "1500"), "1970-01-01 00:00:01.5+00");
  EXPECT_EQ(first("us", "1500000"), "1970-01-01 00:00:01.5+00");
  EXPECT_EQ(first("ns", "1500000499"), "1970-01-01 00:00:01.5+00");
  EXPECT_EQ(first("s", "99999999999999"), "overflow@0+20");
}

TEST(JsonDecoderTest, ReadsBytes) {
  EXPECT_THAT(rows_of(of(TypeKind::kBytea), "\"AQI=\"\n\"\\\\x0102\"\n\"\\\\x01z\"\n\"!\""),
              ElementsAre("\\x0102", "\\x0102", "wrong_type", "wrong_type"));
}

TEST(JsonDecoderTest, ReadsNestedValues) {
  const Type type = struct_type({{"x", of(TypeKind::kDouble)},
                                 {"tags", array_type(of(TypeKind::kText))},
                                 {"in", struct_type({{"y", of(TypeKind::kInt)}})}});
  EXPECT_THAT(rows_of(type,
                      "{\"x\":1.5,\"tags\":[\"a\",null,\"b\"],\"in\":{\"y\":7}}\n{}\nnull\n"
                      "{\"x\":2,\"x\":\"no\"}\n{\"in\":{\"y\":\"z\"}}\n{\"tags\":{}}\n[1]"),
              ElementsAre("(1.5,\"{a,NULL,b}\",\"(7)\")", "(,,)", "-", "(2,,)", "wrong_type",
                          "wrong_type", "wrong_type"));
}

TEST(JsonDecoderTest, NamesTheFieldAndTheTextThatDoNotFit) {
  const Decoded decoded =
      decode_both_ways(make_spec({{"mag", of(TypeKind::kDouble)},
                                  {"id", of(TypeKind::kInt)},
                                  {"s", struct_type({{"y", of(TypeKind::kInt)}})}},
                                 {false, true, false}),
                       "{\"id\":1,\"mag\":\"abc\"}\n{\"id\":99999999999}\n{\"mag\":1}\n"
                       "{\"id\":1,\"s\":{\"y\":true}}\n{\"id\":null}\n");
  EXPECT_THAT(decoded.details,
              ElementsAre("field \"mag\": \"abc\" is not a " + to_string(of(TypeKind::kDouble)),
                          "field \"id\": 99999999999 is out of range for INT",
                          "field \"id\" is NULL or missing, its column is NOT NULL",
                          "field \"s.y\": true is not an INT",
                          "field \"id\" is NULL or missing, its column is NOT NULL"));
}

TEST(JsonDecoderTest, RejectsBytesThatAreNotUtf8WhereverTheyStand) {
  const Decoded decoded = decode_both_ways(
      make_spec(kBid),
      "{\"auction\":1,\"x\":\"\xc3\xa9\"}\n{\"auction\":2,\"x\":\"\xc3\"}\n{\"auction\":3}\n"
      "{\"auction\":4,\"\xff\":1}\n{\"auction\":5,\"\xff\":1}\n{\"channel\":\"\xed\xa0\x80\"}\n");
  EXPECT_THAT(decoded.rows, ElementsAre("1|-|-", "3|-|-"));
  EXPECT_THAT(decoded.rejected, ElementsAre("invalid_utf8@23+21", "invalid_utf8@59+19",
                                            "invalid_utf8@79+19", "invalid_utf8@99+17"));
}

TEST(JsonDecoderTest, ReadsOnlyWhatTheQueryReads) {
  EXPECT_THAT(decode_both_ways(make_spec({{"a", of(TypeKind::kInt)}}),
                               "{\"a\":1,\"b\":tru,\"c\":\"\\q\",\"d\":01}\n")
                  .rows,
              ElementsAre("1"));
}

TEST(JsonDecoderTest, TakesTheFirstOfFieldsWithOneName) {
  EXPECT_THAT(decode_both_ways(make_spec({{"a", of(TypeKind::kInt)}}),
                               "{\"a\":1,\"a\":\"x\"}\n{\"a\":2,\"a\":3}\n")
                  .rows,
              ElementsAre("1", "2"));
}

TEST(JsonDecoderTest, FindsNamesLetterByLetter) {
  EXPECT_THAT(decode_both_ways(make_spec({{"dateTime", of(TypeKind::kText)}}),
                               "{\"datetime\":\"a\"}\n{\"dateT\\u0069me\":\"b\"}\n")
                  .rows,
              ElementsAre("-", "b"));
}

TEST(JsonDecoderTest, RejectsRowsThatAreTooLong) {
  JsonDecoderOptions options;
  options.row_bytes_max = 10;
  const Decoded decoded = decode_both_ways(make_spec({{"a", of(TypeKind::kInt)}}),
                                           "{\"a\":1}\n{\"a\":12345}\n{\"a\":1234}\n", options);
  EXPECT_THAT(decoded.rejected, ElementsAre("too_long@8+11"));
  EXPECT_THAT(decoded.details,
              ElementsAre("the row has 11 bytes, and the table's max_row_bytes allows 10"));
}

TEST(JsonDecoderTest, PassesOverAByteOrderMarkAtTheBeginning) {
  const DecoderSpec spec = make_spec({{"a", of(TypeKind::kInt)}});
  EXPECT_THAT(decode_both_ways(spec, "\xef\xbb\xbf{\"a\":1}\n{\"a\":2}\n").rows,
              ElementsAre("1", "2"));
  EXPECT_THAT(decode_both_ways(spec, "\xef\xbb\xbf{\"a\":1}").rows, ElementsAre("1"));
}

// A line of what bids look like, or something near it.
std::string random_line(std::mt19937_64& random) {
  static const std::vector<std::string> kValues = {"1",
                                                   "-12",
                                                   "1234567890123",
                                                   "1.5",
                                                   "1e3",
                                                   "null",
                                                   "true",
                                                   "\"\"",
                                                   "\"text\"",
                                                   "\"a\\\"b\"",
                                                   "\"2024-03-01 10:00:00.123\"",
                                                   "\"2024-03-01T10:00:00Z\"",
                                                   "[1,2]",
                                                   "{\"a\":[\"}\"]}",
                                                   "01",
                                                   "\"\xc3\xa9t\xc3\xa9\"",
                                                   "99999999999999999999",
                                                   "\"https://www.nexmark.com/item.htm?query=1\"",
                                                   "0.001",
                                                   "\"5\"",
                                                   "{}",
                                                   "[]",
                                                   "\"\\u00e9\""};
  static const std::vector<std::string> kKeys = {"auction",
                                                 "channel",
                                                 "dateTime",
                                                 "price",
                                                 "url",
                                                 "x",
                                                 "a key that is longer than thirty-two bytes"};
  const bool spaced = random() % 4 == 0;
  const auto shape = random() % 4;
  std::string line = "{";
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    if (shape == 1 && random() % 3 == 0) {
      continue;
    }
    const std::string& key = kKeys[shape == 2 ? random() % kKeys.size() : i];
    line += line.size() == 1 ? "" : spaced ? ", " : ",";
    line += "\"" + key + "\":" + (spaced ? " " : "");
    line += kValues[shape == 3 ? i + 1 : random() % kValues.size()];
  }
  return line + "}";
}

void mutate(std::string& line, std::mt19937_64& random) {
  static constexpr std::string_view kBytes = "{}[]\",:\\ \t\r0e-.tn\xc3\xff\x01";
  for (auto times = random() % 3; times > 0 && !line.empty(); --times) {
    const std::size_t at = random() % line.size();
    switch (random() % 4) {
      case 0:
        line[at] = kBytes[random() % kBytes.size()];
        break;
      case 1:
        line.insert(at, 1, kBytes[random() % kBytes.size()]);
        break;
      case 2:
        line.erase(at, 1 + random() % 3);
        break;
      default:
        line.resize(at);
    }
  }
}

TEST(JsonDecoderTest, ItsTwoWaysAgreeOnMutatedLines) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const DecoderSpec spec = make_spec({{"auction", of(TypeKind::kBigint)},
                                      {"channel", of(TypeKind::kText)},
                                      {"dateTime", of(TypeKind::kTimestamp)},
                                      {"price", of(TypeKind::kDouble)}},
                                     {true, false, false, false});
  for (int block = 0; block < 2000; ++block) {
    std::string text;
    std::string line = random_line(random);
    for (int i = 0; i < 12; ++i) {
      if (random() % 3 == 0) {
        line = random_line(random);
      }
      std::string mutated = line;
      if (random() % 2 == 0) {
        mutate(mutated, random);
      }
      text += mutated;
      text += i == 11 && random() % 2 == 0 ? "" : "\n";
    }
    decode_both_ways(spec, text);
    if (HasFailure()) {
      return;
    }
  }
}

// A row's verdict is its own: alone or among others, it is the same.
TEST(JsonDecoderTest, NeighboursDoNotMatter) {
  std::mt19937_64 random(7);
  const DecoderSpec spec = make_spec(kBid);
  for (int block = 0; block < 200; ++block) {
    std::string text;
    std::vector<std::string> rows;
    std::size_t rejected = 0;
    const auto alone = make_json_decoder(spec, {});
    for (int i = 0; i < 8; ++i) {
      std::string line = random_line(random);
      mutate(line, random);
      text += line + "\n";
      const Decoded one = decode(*alone, line + "\n", false);
      rows.insert(rows.end(), one.rows.begin(), one.rows.end());
      rejected += one.rejected.size();
    }
    const Decoded all = decode(*make_json_decoder(spec, {}), text, false, 100);
    EXPECT_EQ(all.rows, rows) << text;
    EXPECT_EQ(all.rejected.size(), rejected) << text;
  }
}

}  // namespace
}  // namespace thalweg
