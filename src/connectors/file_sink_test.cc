// Tables of files as they are written, by connector file.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "columnar/builder.h"
#include "connectors/connector.h"
#include "connectors/parts_sink.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class FileSinkTest : public ::testing::Test {
 protected:
  Table table(const std::string& path, const std::string& format = "csv") {
    Table made;
    made.name = "t";
    made.connector = "file";
    made.format = format;
    made.options.set("path", path);
    made.columns.push_back({.field = {"a", type_of(TypeKind::kBigint)},
                            .not_null = false,
                            .computed = nullptr,
                            .metadata = {}});
    return made;
  }

  static std::unique_ptr<Sink> make(World& world, const Table& table) {
    auto sink = file_connector().make_sink(world, {.table = table, .key = {}});
    EXPECT_TRUE(sink.ok()) << sink.status().message();
    return sink.ok() ? std::move(sink).take() : nullptr;
  }
  std::unique_ptr<Sink> make(const Table& table) { return make(world_, table); }

  static void write(SinkWriter& writer, std::int64_t value) {
    ColumnBuilder builder(type_of(TypeKind::kBigint));
    builder.append(value);
    Batch batch;
    batch.length = 1;
    batch.columns = {builder.finish()};
    EXPECT_TRUE(writer.write(batch).ok());
    EXPECT_TRUE(writer.flush().ok());
  }

  // A run of a job that keeps no state: each writer writes its rows.
  Status run(const Table& table, const std::vector<std::vector<std::int64_t>>& rows,
             bool completed = true) {
    const std::unique_ptr<Sink> sink = make(table);
    TW_TRY(sink->open());
    EXPECT_FALSE(sink->is_exactly_once());
    for (const std::vector<std::int64_t>& of_writer : rows) {
      const auto writer = sink->make_writer();
      for (const std::int64_t row : of_writer) {
        write(*writer, row);
      }
    }
    return sink->close(completed);
  }

  // A life of a job whose state is kept: an epoch for each row.
  static Status live(World& world, const Table& table, const EpochStart& start,
                     const std::vector<std::int64_t>& rows) {
    world.outputs.begin_run();
    const std::unique_ptr<Sink> sink = make(world, table);
    TW_TRY(sink->recover(start));
    TW_TRY(sink->open());
    const auto writer = sink->make_writer();
    std::uint64_t epoch = start.decided;
    for (const std::int64_t row : rows) {
      write(*writer, row);
      ++epoch;
      TW_TRY(writer->end_epoch(epoch));
      TW_TRY(sink->prepare(epoch));
      TW_TRY(sink->commit(epoch));
    }
    return sink->close(true);
  }
  Status live(const Table& table, const EpochStart& start, const std::vector<std::int64_t>& rows) {
    return live(world_, table, start, rows);
  }

  std::vector<std::string> names() {
    const auto found = env_.list_directory("out");
    return found.ok() ? found.value() : std::vector<std::string>();
  }

  // All rows that the connector reads under the path.
  std::vector<std::int64_t> read(const Table& table) {
    const std::vector<std::uint32_t> columns{0};
    auto source = file_connector().make_source(world_, {.table = table, .columns = columns}).take();
    EXPECT_TRUE(source->open().ok());
    auto reader = source->make_reader();
    std::vector<std::int64_t> all;
    for (Partition* const partition : source->partitions()) {
      Block block;
      while (partition->claim(block).value() == Claim::kBlock) {
        reader->begin(*partition, block);
        DecodedRows rows;
        while (reader->next(1000, rows)) {
          const auto piece = rows.columns.at(0).values<std::int64_t>();
          all.insert(all.end(), piece.begin(), piece.end());
        }
      }
    }
    return all;
  }

  FakeEnv env_;
  StandardInput input_{env_};
  World world_{env_, input_};
};

TEST_F(FileSinkTest, NamesOfPartsAreReadBack) {
  for (const PartName& name :
       {PartName{.incarnation = {}, .epoch = 0, .number = 3, .extension = "csv"},
        PartName{.incarnation = "a1", .epoch = 7, .number = 0, .extension = "jsonl"},
        PartName{.incarnation = "a-b",
                 .epoch = 123456789012,
                 .number = 9,
                 .extension = "jsonl",
                 .hidden = true},
        PartName{.incarnation = "a_b-1",
                 .epoch = 7,
                 .number = 1,
                 .cut = 12,
                 .extension = "csv",
                 .hidden = true}}) {
    EXPECT_EQ(parse_part_name(to_text(name)), name) << to_text(name);
  }
  EXPECT_EQ(to_text({.incarnation = "a1", .epoch = 7, .number = 2, .extension = "csv"}),
            "part-a1-00000007-2.csv");
  EXPECT_EQ(to_text({.incarnation = "a1", .epoch = 7, .number = 2, .cut = 3, .extension = "csv"}),
            "part-a1-00000007-2_000003.csv");
  for (const char* name : {"",
                           ".",
                           "part",
                           "part-",
                           "part-.csv",
                           "part-a.csv",
                           "part-1",
                           "x-1.csv",
                           "part-a-1.csv",
                           "part--1-1.csv",
                           "part-a-1-x.csv",
                           ".part-a-1-1.csv",
                           ".part-1.csv.tmp",
                           ".tmp",
                           "part-a-99999999999999999999-1.csv",
                           "part-1_1.csv",
                           "part-a-1-1_.csv",
                           "part-a-1-1_0.csv",
                           "part-a-1-1_x.csv",
                           "part-a-1-1_1_1.csv"}) {
    EXPECT_EQ(parse_part_name(name), std::nullopt) << name;
  }
}

TEST_F(FileSinkTest, ADirectoryHasAPartForEachWriterWithRowsWhenTheRunHasEnded) {
  ASSERT_TRUE(run(table("out/"), {{1, 2}, {}, {3}}).ok());

  EXPECT_THAT(names(), ElementsAre("part-0.csv", "part-2.csv"));
  EXPECT_EQ(env_.get("out/part-0.csv"), "a\n1\n2\n");
  EXPECT_EQ(env_.get("out/part-2.csv"), "a\n3\n");
  EXPECT_THAT(read(table("out/*.csv")), ElementsAre(1, 2, 3));
  EXPECT_THAT(read(table("out/")), ElementsAre(1, 2, 3));
}

TEST_F(FileSinkTest, AnotherRunReplacesThePartsOnceItHasEnded) {
  ASSERT_TRUE(run(table("out/"), {{1}, {2}, {3}}).ok());
  world_.outputs.begin_run();
  ASSERT_TRUE(run(table("out/"), {{4}, {5}}, false).ok());
  EXPECT_THAT(read(table("out/")), ElementsAre(1, 2, 3));
  world_.outputs.begin_run();
  ASSERT_TRUE(run(table("out/"), {{}, {6}}).ok());

  EXPECT_THAT(names(), ElementsAre("part-1.csv"));
  EXPECT_THAT(read(table("out/")), ElementsAre(6));
}

TEST_F(FileSinkTest, ALaterStatementOfTheRunAddsParts) {
  ASSERT_TRUE(run(table("out/"), {{1}, {2}}).ok());
  ASSERT_TRUE(run(table("out/"), {{3}}).ok());

  EXPECT_THAT(read(table("out/")), ElementsAre(1, 2, 3));
}

TEST_F(FileSinkTest, AnEpochIsAPartWithAHeaderOfItsOwn) {
  ASSERT_TRUE(live(table("out/"), {.incarnation = "i", .decided = 0}, {1, 2}).ok());
  ASSERT_TRUE(live(table("out/"), {.incarnation = "i", .decided = 2}, {3}).ok());

  EXPECT_THAT(names(), ElementsAre(".thalweg-lock", "part-i-00000001-0.csv",
                                   "part-i-00000002-0.csv", "part-i-00000003-0.csv"));
  EXPECT_EQ(env_.get("out/part-i-00000002-0.csv"), "a\n2\n");
  EXPECT_THAT(read(table("out/")), ElementsAre(1, 2, 3));
}

TEST_F(FileSinkTest, PartsAreCutByTheirSizeAndByEpochs) {
  Table cut = table("out/");
  cut.options.set("part_bytes", "4");
  const auto sink = make(cut);
  ASSERT_TRUE(sink->recover({.incarnation = "i", .decided = 0}).ok());
  ASSERT_TRUE(sink->open().ok());
  const auto writer = sink->make_writer();
  for (std::uint64_t epoch = 1; epoch <= 2; ++epoch) {
    for (std::int64_t row = 1; row <= 5; ++row) {
      write(*writer, row);
    }
    ASSERT_TRUE(writer->end_epoch(epoch).ok());
    ASSERT_TRUE(sink->prepare(epoch).ok());
    ASSERT_TRUE(sink->commit(epoch).ok());
  }
  EXPECT_TRUE(sink->close(true).ok());

  EXPECT_THAT(names(),
              ElementsAre(".thalweg-lock", "part-i-00000001-0.csv", "part-i-00000001-0_000001.csv",
                          "part-i-00000001-0_000002.csv", "part-i-00000002-0.csv",
                          "part-i-00000002-0_000001.csv", "part-i-00000002-0_000002.csv"));
  EXPECT_EQ(env_.get("out/part-i-00000001-0.csv"), "a\n1\n2\n");
  EXPECT_EQ(env_.get("out/part-i-00000001-0_000002.csv"), "a\n5\n");
  EXPECT_THAT(read(table("out/")), ElementsAre(1, 2, 3, 4, 5, 1, 2, 3, 4, 5));
}

TEST_F(FileSinkTest, ARunWithoutStateCutsPartsByTheirSize) {
  Table cut = table("out/");
  cut.options.set("part_bytes", "4");
  ASSERT_TRUE(run(cut, {{1, 2, 3}, {4, 5, 6}}).ok());
  EXPECT_THAT(names(), ElementsAre("part-0.csv", "part-1.csv", "part-2.csv", "part-3.csv"));
  EXPECT_EQ(env_.get("out/part-0.csv"), "a\n1\n2\n");
  EXPECT_THAT(read(table("out/")), UnorderedElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(FileSinkTest, PartsBeyondTheEpochThatCountsAreTakenBack) {
  ASSERT_TRUE(live(table("out/"), {.incarnation = "i", .decided = 0}, {1, 2, 3}).ok());
  ASSERT_TRUE(live(table("out/"), {.incarnation = "i", .decided = 1}, {20}).ok());

  EXPECT_THAT(read(table("out/")), ElementsAre(1, 20));
}

TEST_F(FileSinkTest, ABeginningFromNothingDoesNotMixWithPartsOfAnother) {
  ASSERT_TRUE(live(table("out/"), {.incarnation = "i", .decided = 0}, {1}).ok());
  EXPECT_THAT(live(table("out/"), {.incarnation = "j", .decided = 0}, {1}).message(),
              HasSubstr("out/ holds part-i-00000001-0.csv, a part of a run that began before"));
  world_.outputs.begin_run();
  EXPECT_THAT(run(table("out/"), {{1}}).message(),
              HasSubstr("a part of a job whose state is kept"));
  EXPECT_THAT(read(table("out/")), ElementsAre(1));
}

// As a savepoint is gone on from where the job that made it has gone on too.
TEST_F(FileSinkTest, PartsOfAnotherBeyondTheEpochItGoesOnFromAreRefused) {
  ASSERT_TRUE(live(table("out/"), {.incarnation = "i", .decided = 0}, {1, 2, 3}).ok());
  EXPECT_THAT(live(table("out/"), {.incarnation = "j", .decided = 2}, {3}).message(),
              HasSubstr("out/ holds part-i-00000003-0.csv, a part of another run of epoch 3"));
  EXPECT_THAT(read(table("out/")), ElementsAre(1, 2, 3));
  ASSERT_TRUE(env_.remove_file("out/part-i-00000003-0.csv").ok());
  ASSERT_TRUE(live(table("out/"), {.incarnation = "j", .decided = 2}, {3}).ok());
  ASSERT_TRUE(live(table("out/"), {.incarnation = "j", .decided = 3}, {4}).ok());
  EXPECT_THAT(read(table("out/")), ElementsAre(1, 2, 3, 4));
}

TEST_F(FileSinkTest, OneJobAtATimeWritesADirectory) {
  const auto held = make(table("out/"));
  ASSERT_TRUE(held->recover({.incarnation = "i", .decided = 0}).ok());
  World other{env_, input_};
  EXPECT_THAT(live(other, table("out/"), {.incarnation = "j", .decided = 0}, {1}).message(),
              HasSubstr("out/.thalweg-lock is held by process"));
}

TEST_F(FileSinkTest, SeveralSinksOfAJobShareADirectoryOrAFile) {
  for (const char* path : {"out/", "out.csv"}) {
    const auto first = make(table(path));
    const auto second = make(table(path));
    std::vector<std::unique_ptr<SinkWriter>> writers;
    for (Sink* const sink : {first.get(), second.get()}) {
      ASSERT_TRUE(sink->recover({.incarnation = "i", .decided = 0}).ok());
    }
    for (Sink* const sink : {first.get(), second.get()}) {
      ASSERT_TRUE(sink->open().ok());
      writers.push_back(sink->make_writer());
    }
    write(*writers[0], 1);
    write(*writers[1], 2);
    for (const auto& writer : writers) {
      ASSERT_TRUE(writer->end_epoch(1).ok());
    }
    ASSERT_TRUE(first->prepare(1).ok());
    ASSERT_TRUE(second->prepare(1).ok());
    ASSERT_TRUE(first->commit(1).ok());
    ASSERT_TRUE(second->commit(1).ok());
    EXPECT_TRUE(first->close(true).ok());
    EXPECT_TRUE(second->close(true).ok());
    EXPECT_THAT(read(table(path)), UnorderedElementsAre(1, 2)) << path;
  }
}

TEST_F(FileSinkTest, AFileGrowsByTheEpochAndHasOneHeader) {
  env_.put("out.csv", "old\n");
  ASSERT_TRUE(live(table("out.csv"), {.incarnation = "i", .decided = 0}, {}).ok());
  EXPECT_EQ(env_.get("out.csv"), "old\n");
  ASSERT_TRUE(live(table("out.csv"), {.incarnation = "i", .decided = 0}, {1, 2}).ok());
  ASSERT_TRUE(live(table("out.csv"), {.incarnation = "i", .decided = 2}, {3}).ok());

  EXPECT_EQ(env_.get("out.csv"), "a\n1\n2\n3\n");
}

TEST_F(FileSinkTest, AnEpochWithoutRowsReplacesTheFileToo) {
  env_.put("out.csv", "old\n");
  const auto sink = make(table("out.csv"));
  ASSERT_TRUE(sink->recover({.incarnation = "i", .decided = 0}).ok());
  ASSERT_TRUE(sink->open().ok());
  const auto writer = sink->make_writer();
  ASSERT_TRUE(writer->end_epoch(1).ok());
  ASSERT_TRUE(sink->prepare(1).ok());
  EXPECT_EQ(env_.get("out.csv"), "old\n");
  ASSERT_TRUE(sink->commit(1).ok());
  ASSERT_TRUE(sink->prepare(2).ok());
  ASSERT_TRUE(sink->commit(2).ok());

  EXPECT_EQ(env_.get("out.csv"), "a\n");
}

TEST_F(FileSinkTest, AFileThatWasMovedAwayBeginsAnew) {
  ASSERT_TRUE(live(table("out.csv"), {.incarnation = "i", .decided = 0}, {1}).ok());
  ASSERT_TRUE(env_.rename_file("out.csv", "out.1.csv").ok());
  ASSERT_TRUE(live(table("out.csv"), {.incarnation = "i", .decided = 1}, {2}).ok());

  EXPECT_EQ(env_.get("out.csv"), "a\n2\n");
}

TEST_F(FileSinkTest, AFileThatWasCutWhileRowsWaitedForItIsToldOf) {
  ASSERT_TRUE(live(table("out.csv"), {.incarnation = "i", .decided = 0}, {1}).ok());
  world_.outputs.begin_run();
  {
    const auto sink = make(table("out.csv"));
    ASSERT_TRUE(sink->recover({.incarnation = "i", .decided = 1}).ok());
    ASSERT_TRUE(sink->open().ok());
    const auto writer = sink->make_writer();
    write(*writer, 2);
    ASSERT_TRUE(writer->end_epoch(2).ok());
    ASSERT_TRUE(sink->prepare(2).ok());
  }
  ASSERT_TRUE(env_.truncate_file("out.csv", 2).ok());

  EXPECT_THAT(live(table("out.csv"), {.incarnation = "i", .decided = 2}, {}).message(),
              HasSubstr("out.csv has 2 bytes and had 4 when the rows of epoch 2"));
}

TEST_F(FileSinkTest, AFileKeepsItsModeAndItsLinks) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("thalweg-sink-{}", ::getpid());
  fs::create_directories(folder);
  std::ofstream(folder / "real.csv") << "old\n";
  ::chmod((folder / "real.csv").c_str(), 0640);
  fs::create_symlink("real.csv", folder / "link.csv");
  StandardInput input(system_env());
  World world{system_env(), input};

  const Status file = live(world, table(folder / "link.csv"), {.incarnation = "i"}, {1, 2});
  const Status parts = live(world, table((folder / "parts/").string()), {.incarnation = "i"}, {3});

  EXPECT_TRUE(file.ok()) << file.message();
  EXPECT_TRUE(parts.ok()) << parts.message();
  std::ifstream real(folder / "real.csv");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(real), {}), "a\n1\n2\n");
  EXPECT_TRUE(fs::is_symlink(folder / "link.csv"));
  struct stat info{};
  ASSERT_EQ(::stat((folder / "real.csv").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ASSERT_EQ(::stat((folder / "parts/part-i-00000001-0.csv").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0666u & ~mask);
  ASSERT_EQ(::stat((folder / "parts").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0777u & ~mask);
  EXPECT_EQ(std::ranges::count_if(fs::directory_iterator(folder),
                                  [](const fs::directory_entry& entry) {
                                    return !entry.path().filename().string().starts_with('.');
                                  }),
            3);
  fs::remove_all(folder);
}

TEST_F(FileSinkTest, ADeviceIsWrittenToAsRowsCome) {
  StandardInput input(system_env());
  World world{system_env(), input};
  const auto sink = make(world, table("/dev/null"));
  ASSERT_TRUE(sink->recover({.incarnation = "i", .decided = 0}).ok());
  ASSERT_TRUE(sink->open().ok());
  EXPECT_FALSE(sink->is_exactly_once());
  const auto writer = sink->make_writer();
  write(*writer, 1);
  EXPECT_TRUE(writer->end_epoch(1).ok());
  EXPECT_TRUE(sink->prepare(1).ok());
  EXPECT_TRUE(sink->commit(1).ok());
  EXPECT_TRUE(sink->close(true).ok());
}

TEST_F(FileSinkTest, StandardOutputIsSeenAtLeastOnce) {
  Table made = table("");
  const auto sink = stdout_connector().make_sink(world_, {.table = made, .key = {}}).take();
  ASSERT_TRUE(sink->open().ok());
  EXPECT_FALSE(sink->is_exactly_once());
  const auto writer = sink->make_writer();
  write(*writer, 1);
  EXPECT_EQ(env_.printed(), "a\n1\n");
}

}  // namespace
}  // namespace thalweg
