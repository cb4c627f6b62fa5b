#include "connectors/byte_source.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "columnar/value.h"
#include "connectors/connector.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Lines = std::vector<std::string>;

// Every row that a reading gives, as `POSITION: VALUES`, or why it was rejected.
class ByteSourceTest : public ::testing::Test {
 protected:
  // One life of a source.
  struct Reading {
    std::unique_ptr<Source> source;
    std::unique_ptr<BlockReader> reader;
    Partition& partition() { return *source->partitions().at(0); }
  };

  Table table(const std::string& format, const std::string& path) {
    Table made;
    made.name = "t";
    made.connector = "file";
    made.format = format;
    made.options.set("path", path);
    for (const char* name : {"a", "b"}) {
      made.columns.push_back({.field = {name, type_of(TypeKind::kText)},
                              .not_null = false,
                              .computed = nullptr,
                              .metadata = {}});
    }
    return made;
  }

  Table followed(const std::string& path) {
    Table made = table("json", path);
    made.options.set("follow", "true");
    return made;
  }

  Reading open(const Table& table) {
    const std::vector<std::uint32_t> columns{0, 1};
    Reading reading;
    reading.source =
        std::move(connector_.make_source(world_, {.table = table, .columns = columns})).take();
    EXPECT_TRUE(reading.source->open().ok());
    reading.reader = reading.source->make_reader();
    return reading;
  }

  Reading resume(const Table& table, const ReadPosition& place) {
    Reading reading = open(table);
    const Status status = reading.partition().resume(place);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(reading.partition().position(), place);
    return reading;
  }

  // The rows of up to so many blocks; fewer at the end of what there is.
  Lines read(Reading& reading, std::size_t blocks_max) {
    Lines lines;
    Block block;
    for (std::size_t i = 0; i < blocks_max; ++i) {
      const Result<Claim> claimed = reading.partition().claim(block);
      EXPECT_TRUE(claimed.ok()) << claimed.status().message();
      if (!claimed.ok() || claimed.value() != Claim::kBlock) {
        break;
      }
      reading.reader->begin(reading.partition(), block);
      DecodedRows rows;
      while (reading.reader->next(3, rows)) {
        add_lines(block, rows, lines);
        rows = DecodedRows();
      }
    }
    return lines;
  }

  Lines read_all(const Table& table) {
    Reading reading = open(table);
    return read(reading, SIZE_MAX);
  }

  static void add_lines(const Block& block, const DecodedRows& rows, Lines& lines) {
    const auto place = [&](std::uint64_t offset) {
      return fmt::format("{} {}:{}", block.position + static_cast<std::int64_t>(offset),
                         *block.input,
                         block.position - block.input_position + static_cast<std::int64_t>(offset));
    };
    for (const RejectedRow& rejected : rows.rejected) {
      lines.push_back(place(rejected.offset) + " rejected: " + rejected.detail);
    }
    for (RowIndex row = 0; row < rows.rows; ++row) {
      const std::uint64_t offset =
          rows.offsets.empty() ? rows.first_offset + row : rows.offsets[row];
      lines.push_back(place(offset) + ": " + to_string(value_at(rows.columns[0], row)) + "|" +
                      to_string(value_at(rows.columns[1], row)));
    }
  }

  // Lives that read so many blocks each, from one position to the next, together read it all once.
  void expect_the_same_in_pieces(const Table& table, std::size_t blocks_per_life) {
    Lines whole = read_all(table);
    Lines pieces;
    ReadPosition place;
    while (true) {
      Reading life = resume(table, place);
      const Lines piece = read(life, blocks_per_life);
      pieces.insert(pieces.end(), piece.begin(), piece.end());
      if (life.partition().position() == place) {
        break;
      }
      place = life.partition().position();
    }
    // A piece's rejected rows come before its others.
    std::sort(pieces.begin(), pieces.end());
    std::sort(whole.begin(), whole.end());
    EXPECT_EQ(pieces, whole);
  }

  void expect_the_same_in_pieces(Table table) {
    for (const char* block_bytes : {"7", "64", "1000", "65536", "1048576"}) {
      for (const std::size_t blocks : {1u, 2u, 5u}) {
        SCOPED_TRACE(fmt::format("{} blocks of {} bytes", blocks, block_bytes));
        table.options.set("block_bytes", block_bytes);
        expect_the_same_in_pieces(table, blocks);
      }
    }
  }

  std::string problem(const Table& table, const ReadPosition& place) {
    Reading reading = open(table);
    return reading.partition().resume(place).message();
  }

  FakeEnv env_;
  StandardInput input_{env_};
  World world_{env_, input_};
  Connector connector_ = file_connector();
};

std::string json_rows(int rows, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  for (int i = 0; i < rows; ++i) {
    text += fmt::format(R"({{"a":"row {}","b":"{}"}})", i, std::string(random() % 50, 'x'));
    text += random() % 20 == 0 ? "\nnot json\n" : "\n";
  }
  return text;
}

std::string csv_rows(int rows, unsigned seed) {
  std::mt19937 random(seed);
  std::string text = "b,\"a\"\n";
  for (int i = 0; i < rows; ++i) {
    text += fmt::format("\"line\none \"\"of\"\" {}\n\",{}\n", i, std::string(random() % 50, 'x'));
  }
  return text;
}

TEST_F(ByteSourceTest, JsonGoesOnWhereItStood) {
  env_.put("f.jsonl", json_rows(200, 1));
  expect_the_same_in_pieces(table("json", "f.jsonl"));
}

TEST_F(ByteSourceTest, CsvGoesOnWhereItStoodByTheHeaderOfTheFile) {
  env_.put("f.csv", csv_rows(200, 2));
  expect_the_same_in_pieces(table("csv", "f.csv"));
}

TEST_F(ByteSourceTest, RowsThatAreTooLongAreRejectedOnce) {
  const std::string shorter = csv_rows(3, 3);
  env_.put("f.csv", shorter + "y," + std::string(5000, 'z') + "\n" + shorter.substr(6) + "last," +
                        std::string(300, 'z'));
  Table csv = table("csv", "f.csv");
  csv.options.set("max_row_bytes", "128");
  expect_the_same_in_pieces(csv);

  env_.put("f.csv", std::string(1000, 'z') + "\n" + shorter);
  expect_the_same_in_pieces(csv);
}

TEST_F(ByteSourceTest, TheLastRowNeedsNoEnd) {
  env_.put("f.jsonl", R"({"a":"1","b":"2"})");
  expect_the_same_in_pieces(table("json", "f.jsonl"));
}

TEST_F(ByteSourceTest, FilesReadAsOneGoOnInTheRightFile) {
  env_.put("d/1.csv", csv_rows(20, 4));
  env_.put("d/2.csv", "a,b\n1,2\n3,4");
  env_.put("d/3.csv", "");
  env_.put("d/4.csv", csv_rows(20, 5));
  Table csv = table("csv", "d/*.csv");
  csv.options.set("partitions", "one");
  expect_the_same_in_pieces(csv);
}

TEST_F(ByteSourceTest, FilesThatAppearedLaterAreReadAfterTheOthers) {
  for (const char* name : {"b", "d", "f"}) {
    env_.put(fmt::format("d/{}", name), fmt::format("{{\"a\":\"{}\",\"b\":\"\"}}\n", name));
  }
  Table json = table("json", "d/*");
  json.options.set("partitions", "one");
  Reading first = open(json);
  EXPECT_THAT(read(first, 2), ElementsAre("0 d/b:0: b|", "17 d/d:0: d|"));
  const ReadPosition place = first.partition().position();
  for (const char* name : {"a", "c", "e"}) {
    env_.put(fmt::format("d/{}", name), fmt::format("{{\"a\":\"{}\",\"b\":\"\"}}\n", name));
  }

  Reading second = resume(json, place);
  EXPECT_THAT(read(second, 3), ElementsAre("34 d/e:0: e|", "51 d/f:0: f|", "68 d/a:0: a|"));

  Reading third = resume(json, second.partition().position());
  EXPECT_THAT(read(third, 3), ElementsAre("85 d/c:0: c|"));
}

TEST_F(ByteSourceTest, AFollowedFileGoesOnWithWhatWasWrittenSince) {
  env_.put("f", "{\"a\":\"1\"}\n{\"a\":");
  Table json = followed("f");
  Reading first = open(json);
  EXPECT_THAT(read(first, 9), ElementsAre("0 f:0: 1|"));
  const ReadPosition place = first.partition().position();
  env_.append("f", "\"2\"}\n");

  Reading second = resume(json, place);

  EXPECT_THAT(read(second, 9), ElementsAre("10 f:10: 2|"));
}

TEST_F(ByteSourceTest, AFileThatIsReplacedWhileItIsFollowedIsResumedInTheNewOne) {
  env_.put("f", "{\"a\":\"1\"}\n{\"a\"");
  Table json = followed("f");
  Reading first = open(json);
  EXPECT_THAT(read(first, 9), ElementsAre("0 f:0: 1|"));
  env_.put("f", "{\"a\":\"2\"}\n{\"a\":\"3\"}\n");
  EXPECT_THAT(read(first, 1), ElementsAre(HasSubstr("10 f:10 rejected")));

  Reading second = resume(json, first.partition().position());

  EXPECT_THAT(read(second, 9), ElementsAre("14 f:0: 2|", "24 f:10: 3|"));
}

TEST_F(ByteSourceTest, WhatWasRenamedWhileItWasFollowedIsNotReadAgain) {
  env_.put("d/app.log", "{\"a\":\"1\"}\n");
  Table json = followed("d/app.log*");
  Reading first = open(json);
  EXPECT_THAT(read(first, 9), ElementsAre("0 d/app.log:0: 1|"));
  env_.put("d/app.log.1", "{\"a\":\"1\"}\n");
  env_.put("d/app.log", "{\"a\":\"2\"}\n");
  EXPECT_THAT(read(first, 1), ElementsAre("10 d/app.log:0: 2|"));
  const std::vector<ReadPosition> places{first.partition().position()};
  const char* const refused =
      "cannot begin with d/app.log.1: its first 10 bytes have been read as d/app.log";

  Reading second = open(json);
  EXPECT_TRUE(second.partition().resume(places[0]).ok());
  EXPECT_EQ(second.partition().position(), places[0]);
  EXPECT_THAT(second.source->partitions().at(1)->read_whole(places).message(), HasSubstr(refused));
  EXPECT_TRUE(second.source->partitions().at(1)->read_whole({}).ok());

  Table one = json;
  one.options.set("partitions", "one");
  EXPECT_TRUE(env_.remove_file("d/app.log.1").ok());
  Reading of_one = open(one);
  read(of_one, 9);
  env_.put("d/app.log.1", "{\"a\":\"2\"}\n{\"a\":\"3\"}\n");
  env_.put("d/app.log", "{\"a\":\"4\"}\n");
  EXPECT_THAT(read(of_one, 1), ElementsAre("10 d/app.log:0: 4|"));
  EXPECT_THAT(problem(one, of_one.partition().position()), HasSubstr(refused));

  for (const char* other : {"{\"a\":\"1\"}", "{\"a\":\"3\"}\n", ""}) {
    env_.put("d/app.log.1", other);
    Reading third = open(json);
    EXPECT_EQ(third.source->partitions().at(1)->read_whole(places).message(), "");
  }
}

TEST_F(ByteSourceTest, WhatWasRenamedBetweenTwoLivesIsNotReadAgain) {
  env_.put("d/app.log", "{\"a\":\"1\"}\n");
  env_.put("d/other.log", "");
  Table json = followed("d/*");
  Reading first = open(json);
  EXPECT_THAT(read(first, 9), ElementsAre("0 d/app.log:0: 1|"));
  const std::vector<ReadPosition> places{first.partition().position(), ReadPosition()};
  // One of the same rows beside it is another one.
  env_.put("d/same.log", "{\"a\":\"1\"}\n");
  EXPECT_EQ(open(json).source->partitions().at(2)->read_whole(places).message(), "");

  EXPECT_TRUE(env_.remove_file("d/app.log").ok());
  Reading second = open(json);
  EXPECT_EQ(second.source->partitions().at(0)->read_whole(places).message(), "");
  EXPECT_THAT(second.source->partitions().at(1)->read_whole(places).message(),
              HasSubstr("cannot begin with d/same.log: its first 10 bytes have been read as "
                        "d/app.log"));
}

TEST_F(ByteSourceTest, WhatWasRenamedBetweenTwoLivesIsReadToItsEndFirst) {
  env_.put("d/app.log", "{\"a\":\"1\"}\n");
  env_.put("d/app.log.2", "{\"a\":\"0\"}\n");
  Table json = followed("d/app.log");
  Reading first = open(json);
  EXPECT_THAT(read(first, 9), ElementsAre("0 d/app.log:0: 1|"));
  const ReadPosition place = first.partition().position();
  env_.append("d/app.log", "{\"a\":\"2\"}\n");
  ASSERT_TRUE(env_.rename_file("d/app.log", "d/app.log.1").ok());
  env_.put("d/app.log", "{\"a\":\"3\"}\n");

  Reading second = resume(json, place);
  EXPECT_THAT(read(second, 9), ElementsAre("10 d/app.log:10: 2|"));
  env_.append("d/app.log.1", "{\"a\":\"2\",\"b\":\"late\"}\n");  // By who had it open.
  env_.advance_micros(4'900'000);
  EXPECT_THAT(read(second, 9), ElementsAre("20 d/app.log:20: 2|late"));
  EXPECT_THAT(read(second, 9), ElementsAre());
  env_.advance_micros(4'900'000);
  EXPECT_THAT(read(second, 9), ElementsAre());
  const ReadPosition still = second.partition().position();
  env_.advance_micros(100'000);
  EXPECT_THAT(read(second, 9), ElementsAre("41 d/app.log:0: 3|"));

  Reading third = resume(json, still);
  EXPECT_THAT(read(third, 9), ElementsAre());  // It comes to the end,
  EXPECT_THAT(read(third, 9), ElementsAre());  // from where on it is quiet.
  env_.advance_micros(5'000'000);
  EXPECT_THAT(read(third, 9), ElementsAre("41 d/app.log:0: 3|"));
  Reading fourth = resume(json, third.partition().position());
  EXPECT_THAT(read(fourth, 9), ElementsAre());

  // Where the path leads there too, it is not read as another one.
  json.options.set("path", "d/app.log*");
  Reading wide = open(json);
  EXPECT_TRUE(wide.partition().resume(place).ok());
  EXPECT_THAT(wide.source->partitions().at(1)->read_whole({{place}}).message(),
              HasSubstr("cannot begin with d/app.log.1: its first 10 bytes"));
  EXPECT_EQ(wide.source->partitions().at(2)->read_whole({{place}}).message(), "");

  // Which of two it is cannot be told.
  json.options.set("path", "d/app.log");
  env_.put("d/app.log.3", "{\"a\":\"1\"}\n");
  EXPECT_THAT(problem(json, place), HasSubstr("what stands before is not what was read"));
}

TEST_F(ByteSourceTest, WhatWasWrittenBetweenTwoThatAreReadIsNotPassedOver) {
  env_.put("d/app.log", "{\"a\":\"1\"}\n");
  Table json = followed("d/app.log");
  Reading first = open(json);
  EXPECT_THAT(read(first, 9), ElementsAre("0 d/app.log:0: 1|"));
  const ReadPosition place = first.partition().position();
  ASSERT_TRUE(env_.rename_file("d/app.log", "d/app.log.2").ok());
  env_.put("d/app.log.1", "{\"a\":\"2\"}\n");
  env_.put("d/app.log", "{\"a\":\"3\"}\n");
  const char* const refused =
      "cannot go on in d/app.log behind app.log.2, which it was renamed to: app.log.1 may have";

  EXPECT_THAT(problem(json, place), HasSubstr(refused));
  Block block;
  EXPECT_THAT(first.partition().claim(block).status().message(), HasSubstr(refused));
}

TEST_F(ByteSourceTest, WhatWasReplacedLongAgoIsForgotten) {
  env_.put("f", "{\"a\":\"0\"}\n");
  Table json = followed("f");
  Reading life = open(json);
  for (int i = 1; i < 200; ++i) {
    EXPECT_EQ(read(life, 9).size(), 1u);
    env_.put("f", fmt::format("{{\"a\":\"{}\"}}\n", i));
  }
  EXPECT_EQ(std::ranges::count(life.partition().position().mark, '@'), 128);
}

TEST_F(ByteSourceTest, WhatWasReadMustStillBeThere) {
  const std::string text = "{\"a\":\"1\"}\n{\"a\":\"2\"}";
  env_.put("f", text);
  for (const char* follow : {"false", "true"}) {
    Table json = table("json", "f");
    json.options.set("follow", follow);
    Reading first = open(json);
    EXPECT_FALSE(read(first, 1).empty());
    const ReadPosition place = first.partition().position();

    env_.put("f", "{\"a\"");
    EXPECT_THAT(problem(json, place),
                AllOf(HasSubstr("of f: it ends at byte 4; put it back as it was (of a log that"),
                      HasSubstr("begin anew with --from-scratch")));
    env_.put("f", "{\"b\":\"1\"}\n{\"a\":\"2\"}\n");
    EXPECT_THAT(problem(json, place), HasSubstr("of f: what stands before is not what was read"));
    env_.put("f", text);
    EXPECT_EQ(problem(json, place), "");
  }
}

TEST_F(ByteSourceTest, ALastRowWithoutAnEndMustNotGoOn) {
  env_.put("f", "{\"a\":\"1\"}\n{\"a\":\"2\"}");
  const Table json = table("json", "f");
  Reading first = open(json);
  EXPECT_EQ(read(first, 9).size(), 2u);
  env_.append("f", " {\"a\":\"3\"}\n");

  EXPECT_THAT(problem(json, first.partition().position()),
              HasSubstr("its last row had no end when it was read, and goes on now"));
}

TEST_F(ByteSourceTest, AFileThatIsGoneIsToldOf) {
  env_.put("d/a", json_rows(5, 6));
  Table json = table("json", "d/*");
  json.options.set("partitions", "one");
  Reading first = open(json);
  EXPECT_FALSE(read(first, 1).empty());
  const ReadPosition place = first.partition().position();

  EXPECT_THAT(problem(table("json", "d/a"),
                      {.position = 9, .input = "d/b", .input_position = 9, .mark = place.mark}),
              HasSubstr("cannot go on at byte 9 of d/b: it is no longer there"));
  json.options.set("follow", "true");
  env_.put("d/0", json_rows(5, 7));
  EXPECT_THAT(problem(json, place), HasSubstr("d/0 has appeared, which by its name comes before"));
}

TEST_F(ByteSourceTest, ADamagedPositionIsRefused) {
  env_.put("f", json_rows(5, 8));
  const Table json = table("json", "f");
  EXPECT_THAT(problem(json, {.position = 9, .input = "f", .input_position = -1, .mark = "0:0"}),
              HasSubstr("there is no byte -1 of f"));
  EXPECT_THAT(problem(json, {.position = 9, .input = "f", .input_position = 10, .mark = "0:0"}),
              HasSubstr("there is no byte 10 of f"));
  for (const char* mark : {"", "x", "1", "1:", "1:2-", "1:2+ ", "1:2  3", "1:2 @", "1:2 @0:1:2",
                           "1:2 @5:1", "99999999999:1", "-1:1"}) {
    EXPECT_THAT(problem(json, {.position = 9, .input = "f", .input_position = 9, .mark = mark}),
                HasSubstr("is no mark of an input that was read"))
        << mark;
  }
  for (const char* mark : {"4097:1", "10:1"}) {
    EXPECT_THAT(problem(json, {.position = 9, .input = "f", .input_position = 9, .mark = mark}),
                HasSubstr("is not what was read"));
  }
}

TEST_F(ByteSourceTest, AnInputThatWasNotReadHasNoPosition) {
  env_.put("f", json_rows(5, 9));
  const Table json = table("json", "f");
  Reading first = open(json);
  EXPECT_EQ(first.partition().position(), ReadPosition());
  EXPECT_TRUE(first.source->can_resume());
  EXPECT_EQ(problem(json, ReadPosition()), "");
}

TEST_F(ByteSourceTest, StandardInputCannotBeReadAgain) {
  env_.say("{}\n");
  Table made = table("json", "");
  made.connector = "stdin";
  const std::vector<std::uint32_t> columns{0, 1};
  auto source =
      std::move(stdin_connector().make_source(world_, {.table = made, .columns = columns})).take();
  ASSERT_TRUE(source->open().ok());
  EXPECT_FALSE(source->can_resume());
}

}  // namespace
}  // namespace thalweg
