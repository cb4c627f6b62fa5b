#include "checkpoint/epoch_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <optional>
#include <thread>

#include "checkpoint/byte_codec.h"
#include "checkpoint/inspect.h"
#include "checkpoint/manifest.h"
#include "checkpoint/savepoint.h"
#include "checkpoint/store_fixture.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::unique_ptr<EpochStore> open(Env& env, const EpochStoreOptions& options = {}) {
  auto store = EpochStore::open(env, "state", "job", options);
  EXPECT_TRUE(store.ok()) << store.status().message();
  return std::move(store).take();
}

constexpr EpochStoreOptions kMergeAlways{.merge = BaseMerge::kAtOnce, .delta_bytes_min = 0};
constexpr EpochStoreOptions kMergeNever{.delta_bytes_min = std::uint64_t{1} << 60};

StateSchema counts_schema() {
  return {.name = "counts",
          .columns = {{"key", type_of(TypeKind::kBigint)}, {"n", type_of(TypeKind::kBigint)}},
          .partition_columns = 1,
          .key_columns = 1};
}

Column bigints(const std::vector<std::int64_t>& values) {
  ColumnBuilder builder(type_of(TypeKind::kBigint));
  for (const std::int64_t value : values) {
    builder.append(value);
  }
  return builder.finish();
}

// A job of one table, and one epoch in which key 1 has the number of the epoch.
ModelJob counting_job() {
  ModelJob job;
  job.tables.push_back({.operator_id = "x/group#1", .schema = counts_schema(), .rows = {}});
  return job;
}

TEST(EpochStore, BeginsWithNothing) {
  FakeEnv env;
  const auto store = open(env);

  EXPECT_EQ(store->last(), std::nullopt);
  EXPECT_THAT(store->incarnation(), SizeIs(16));
  EXPECT_TRUE(store
                  ->read("x", counts_schema(), {},
                         [](const StateChanges&) { return unavailable("no rows expected"); })
                  .ok());
}

TEST(EpochStore, GivesBackAllThatARecordSays) {
  FakeEnv env;
  EpochRecord record{.epoch = 1,
                     .job = "hot",
                     .incarnation = {},
                     .made_at = EventTime{123},
                     .workers = 3,
                     .finished = true,
                     .decided_by = "a ledger",
                     .sources = {{.id = "bids",
                                  .partitions = {{.name = "a\nb",
                                                  .number = 7,
                                                  .position = 1'000'000'000'000,
                                                  .input = "in",
                                                  .input_position = 5,
                                                  .mark = std::string("\0\xff", 2),
                                                  .watermark = EventTime{-4},
                                                  .ended = true,
                                                  .silent_micros = 9'000'000'000}}}},
                     .operators = {{.id = "x/group#1",
                                    .description = "GROUP BY x",
                                    .fingerprint = "f",
                                    .tables = {counts_schema()},
                                    .watermark = kEndOfTime}},
                     .counters = {{"rows_in", 12}, {"rejected.late", 0}},
                     .sinks = {"hot", "hot#2"}};
  {
    const auto store = open(env);
    record.incarnation = store->incarnation();
    ASSERT_TRUE(store->prepare(record).ok());
    ASSERT_TRUE(store->decide().ok());
    ASSERT_TRUE(store->settled().ok());
    EXPECT_EQ(store->last()->epoch, 1);
  }
  const EpochRecord last = open(env)->last().value();
  EXPECT_EQ(last.epoch, 1);
  EXPECT_EQ(last.job, "hot");
  EXPECT_EQ(last.incarnation, record.incarnation);
  EXPECT_EQ(last.made_at, EventTime{123});
  EXPECT_EQ(last.workers, 3);
  EXPECT_TRUE(last.finished);
  const PartitionEpoch& partition = last.sources.at(0).partitions.at(0);
  EXPECT_EQ(last.sources[0].id, "bids");
  EXPECT_EQ(partition.name, "a\nb");
  EXPECT_EQ(partition.number, 7);
  EXPECT_EQ(partition.position, 1'000'000'000'000);
  EXPECT_EQ(partition.input, "in");
  EXPECT_EQ(partition.input_position, 5);
  EXPECT_EQ(partition.mark, std::string("\0\xff", 2));
  EXPECT_EQ(partition.watermark, EventTime{-4});
  EXPECT_TRUE(partition.ended);
  EXPECT_EQ(partition.silent_micros, 9'000'000'000);
  const OperatorEpoch& op = last.operators.at(0);
  EXPECT_EQ(op.id, "x/group#1");
  EXPECT_EQ(op.description, "GROUP BY x");
  EXPECT_EQ(op.fingerprint, "f");
  EXPECT_EQ(op.watermark, kEndOfTime);
  EXPECT_EQ(op.tables.at(0).name, "counts");
  EXPECT_EQ(op.tables[0].columns, counts_schema().columns);
  EXPECT_EQ(op.tables[0].key_columns, 1);
  EXPECT_EQ(last.counters, record.counters);
  EXPECT_EQ(last.sinks, record.sinks);
  EXPECT_EQ(last.decided_by, "a ledger");
}

// Of bytes from which some have been taken away, as one of an earlier version.
Result<Manifest> decode_as(std::string bytes, char version) {
  bytes[8] = version;
  bytes.resize(bytes.size() - 8);
  ByteWriter(bytes).number(checksum_of(bytes));
  return decode_manifest(bytes, "MANIFEST");
}

TEST(EpochStore, ReadsManifestsOfEarlierVersions) {
  Manifest manifest;
  manifest.record = {
      .epoch = 3, .sources = {{.id = "bids", .partitions = {{.name = "a", .silent_micros = 5}}}}};
  std::string bytes = encode_manifest(manifest);
  // The second said nothing of sinks, a list, nor of what decided the epoch, a text; both stand
  // before two empty lists and the checksum;
  bytes.erase(bytes.size() - 8 - 8 - 8, 8);
  const Result<Manifest> second = decode_as(bytes, 2);
  ASSERT_TRUE(second.ok()) << second.status().message();
  EXPECT_EQ(second.value().record.sources.at(0).partitions.at(0).silent_micros, 5);
  EXPECT_THAT(second.value().record.sinks, IsEmpty());
  EXPECT_EQ(second.value().record.decided_by, "");
  // the first nor of silence, which stands before two more.
  bytes.erase(bytes.size() - 8 - 16 - 8, 8);
  const Result<Manifest> first = decode_as(bytes, 1);
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_EQ(first.value().record.epoch, 3);
  EXPECT_EQ(first.value().record.sources.at(0).partitions.at(0).name, "a");
  EXPECT_EQ(first.value().record.sources[0].partitions[0].silent_micros, 0);
}

// Random tables and changes, by changing numbers of workers, in several lives.
void run_lives(std::uint64_t seed, const EpochStoreOptions& options) {
  SCOPED_TRACE(seed);
  Random random(seed);
  FakeEnv env;
  ModelJob job = random_job(random);
  constexpr std::array<std::uint32_t, 5> kWorkers = {1, 2, 3, 4, 7};
  for (int life = 0; life < 4; ++life) {
    const auto store = open(env, options);
    const std::uint32_t workers = kWorkers[below(random, kWorkers.size())];
    ASSERT_EQ(store->last() ? store->last()->epoch : 0, job.epoch);
    const auto rows = job.read(*store, workers);
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    ASSERT_EQ(rows.value(), job.texts());
    for (std::uint64_t i = 1 + below(random, 6); i > 0; --i) {
      const Status status = job.run_epoch(*store, workers, random);
      ASSERT_TRUE(status.ok()) << status.message();
    }
  }
  EXPECT_THAT(verify_state(env, "state", "job"), IsEmpty());
}

TEST(EpochStore, GivesBackTheRowsOfRandomTables) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    run_lives(seed, kMergeNever);
  }
}

TEST(EpochStore, BaseImagesHoldWhatTheirFilesHeld) {
  for (std::uint64_t seed = 100; seed < 140; ++seed) {
    run_lives(seed, kMergeAlways);
  }
}

TEST(EpochStore, BaseImagesAreMadeWhileTheJobGoesOn) {
  for (std::uint64_t seed = 200; seed < 220; ++seed) {
    run_lives(seed, {.merge = BaseMerge::kBesides, .delta_bytes_min = 0});
  }
}

TEST(EpochStore, ABaseImageTakesThePlaceOfOldFiles) {
  FakeEnv env;
  Random random(1);
  ModelJob job = counting_job();
  const auto store =
      open(env, {.merge = BaseMerge::kAtOnce, .delta_bytes_min = std::uint64_t{3} * 4096});
  ASSERT_TRUE(job.run_epochs(4, *store, 1, random).ok());
  ASSERT_TRUE(job.run_epoch(*store, 1, random).ok());

  const std::string incarnation = store->incarnation();
  EXPECT_THAT(env.list_directory("state/job").value(),
              ElementsAre("LOCK", "MANIFEST", "base-" + incarnation + "-000000000004",
                          "delta-" + incarnation + "-000000000005-0000"));
  EXPECT_THAT(StateInspection::open(env, "state", "job").value()->files(), SizeIs(2));
}

// Each epoch has a hundred keys, from one on that is greater by `step` than that of the epoch
// before. In which of 30 a base image stands in place of the first delta.
std::optional<std::uint64_t> epoch_of_base(std::int64_t step) {
  FakeEnv env;
  const auto store = open(env, {.merge = BaseMerge::kAtOnce,
                                .delta_bytes_min = std::uint64_t{4} * 4096,
                                .delta_bytes_cheap = 0});
  ModelJob job = counting_job();
  for (job.epoch = 1; job.epoch <= 30; ++job.epoch) {
    std::vector<std::int64_t> keys(100);
    std::iota(keys.begin(), keys.end(), static_cast<std::int64_t>(job.epoch) * step);
    const auto delta = store->begin_delta(0).take();
    EXPECT_TRUE(
        delta->add("x/group#1", counts_schema(), {.puts = {bigints(keys), bigints(keys)}}).ok());
    EXPECT_TRUE(delta->finish().ok());
    EXPECT_TRUE(store->prepare(job.record(*store, 1)).ok());
    EXPECT_TRUE(store->decide().ok());
    EXPECT_TRUE(store->settled().ok());
    const std::vector<std::string> names = env.list_directory("state/job").value();
    if (std::ranges::none_of(names, [](const std::string& name) {
          return name.starts_with("delta-") && name.ends_with("-000000000001-0000");
        })) {
      return job.epoch;
    }
  }
  return std::nullopt;
}

TEST(EpochStore, ABaseImageWaitsWhereNearlyAllRowsCount) {
  const auto of_the_same_keys = epoch_of_base(0);
  const auto of_some_new_keys = epoch_of_base(25);
  const auto of_new_keys = epoch_of_base(100);
  ASSERT_TRUE(of_the_same_keys && of_some_new_keys && of_new_keys);
  EXPECT_LE(*of_the_same_keys, 6U);  // As soon as four deltas stand there, and one more epoch.
  EXPECT_EQ(*of_some_new_keys, *of_the_same_keys);
  EXPECT_GE(*of_new_keys, 17U);  // Four times as many.
  EXPECT_LE(*of_new_keys, 24U);
}

TEST(EpochStore, SlicesOfOneWorkerGoWithoutThoseOfAnother) {
  const StateSchema schema{
      .name = "slices",
      .columns = {{"key", type_of(TypeKind::kBigint)}, {"end", type_of(TypeKind::kTimestamp)}},
      .partition_columns = 1,
      .key_columns = 2};
  const auto rows_of = [&](std::uint32_t worker, std::int64_t end) {
    StateChanges changes;
    std::vector<std::int64_t> keys;
    for (std::int64_t key = 0; key < 100; ++key) {
      if (worker_of_group(key_group(hash_key(key)), 2) == worker) {
        keys.push_back(key);
      }
    }
    changes.puts = {bigints(keys), bigints(std::vector<std::int64_t>(keys.size(), end))
                                       .with_type(type_of(TypeKind::kTimestamp))};
    return changes;
  };
  for (const EpochStoreOptions& options : {kMergeNever, kMergeAlways}) {
    FakeEnv env;
    std::uint32_t kept = 0;
    {
      const auto store = open(env, options);
      EpochRecord record{.epoch = 1, .incarnation = store->incarnation(), .workers = 2};
      record.operators = {{.id = "w"}};
      for (record.epoch = 1; record.epoch <= 3; ++record.epoch) {
        for (std::uint32_t worker = 0; worker < 2; ++worker) {
          const auto delta = store->begin_delta(worker).take();
          if (record.epoch == 1) {
            const StateChanges early = rows_of(worker, 50);
            kept += early.put_rows() * (worker == 1 ? 2 : 1);
            ASSERT_TRUE(delta->add("w", schema, early).ok());
            ASSERT_TRUE(delta->add("w", schema, rows_of(worker, 150)).ok());
          } else if (record.epoch == 2 && worker == 0) {
            ASSERT_TRUE(
                delta
                    ->add("w", schema,
                          {.dropped_to = EventTime{50}, .dropped_groups = groups_of_worker(0, 2)})
                    .ok());
          }
          ASSERT_TRUE(delta->finish().ok());
        }
        ASSERT_TRUE(store->prepare(record).ok());
        ASSERT_TRUE(store->decide().ok());
        ASSERT_TRUE(store->settled().ok());
      }
    }
    std::uint32_t rows = 0;
    ASSERT_TRUE(open(env)
                    ->read("w", schema, {},
                           [&](const StateChanges& changes) -> Status {
                             EXPECT_EQ(changes.dropped_to, std::nullopt);
                             rows += changes.put_rows();
                             return {};
                           })
                    .ok());
    EXPECT_EQ(rows, kept);
  }
}

TEST(EpochStore, ReadsOnlyTheKeyGroupsAskedFor) {
  FakeEnv env;
  Random random(3);
  ModelJob job = counting_job();
  ASSERT_TRUE(job.run_epoch(*open(env), 2, random, 500).ok());

  for (const KeyGroupRange groups :
       {KeyGroupRange{.begin = 0, .end = 40}, KeyGroupRange{.begin = 40, .end = 41},
        KeyGroupRange{.begin = 5, .end = 5}}) {
    Rows rows;
    ASSERT_TRUE(open(env)
                    ->read("x/group#1", counts_schema(), groups,
                           [&](const StateChanges& changes) -> Status {
                             fold(changes, counts_schema(), rows);
                             for (std::uint32_t row = 0; row < changes.put_rows(); ++row) {
                               EXPECT_TRUE(
                                   groups.contains(group_of(changes.puts, counts_schema(), row)));
                             }
                             return {};
                           })
                    .ok());
    Rows expected = job.texts()[0];
    std::erase_if(expected, [&](const auto& entry) {
      const std::vector<Column> row =
          columns_of({job.tables[0].rows.at(entry.first)}, counts_schema(), 2);
      return !groups.contains(group_of(row, counts_schema(), 0));
    });
    EXPECT_EQ(rows, expected);
  }
}

TEST(EpochStore, AnEpochThatIsOnlyPreparedDoesNotCount) {
  FakeEnv env;
  Random random(4);
  ModelJob job = counting_job();
  std::vector<Rows> first;
  {
    const auto store = open(env);
    ASSERT_TRUE(job.run_epoch(*store, 1, random).ok());
    first = job.texts();
    ASSERT_TRUE(job.prepare(*store, 1, random).ok());
    EXPECT_TRUE(env.exists("state/job/MANIFEST.prepared"));
  }
  const auto store = open(env);

  EXPECT_EQ(store->last()->epoch, 1);
  EXPECT_EQ(job.read(*store, 1).value(), first);
  EXPECT_THAT(env.list_directory("state/job").value(), SizeIs(3));
}

TEST(EpochStore, IsUsedByOneAtATime) {
  FakeEnv env;
  const auto store = open(env);

  const auto second = EpochStore::open(env, "state", "job");
  EXPECT_THAT(second.status().message(), AllOf(HasSubstr("state/job"), HasSubstr("process 1")));
  EXPECT_THAT(set_state_aside(env, "state", "job").status().message(), HasSubstr("process 1"));
  EXPECT_TRUE(EpochStore::open(env, "state", "other").ok());
}

TEST(EpochStore, DoesNotBeginFromNothingWhereStateIsMissing) {
  FakeEnv env;
  Random random(5);
  ModelJob job = counting_job();
  {
    const auto store = open(env);
    ASSERT_TRUE(job.run_epoch(*store, 1, random).ok());
    ASSERT_TRUE(job.run_epoch(*store, 1, random).ok());
  }
  const std::string manifest = env.get("state/job/MANIFEST");
  ASSERT_TRUE(env.remove_file("state/job/MANIFEST").ok());
  EXPECT_THAT(EpochStore::open(env, "state", "job").status().message(),
              AllOf(HasSubstr("state/job/MANIFEST is missing"), HasSubstr("--from-scratch")));

  env.put("state/job/MANIFEST", manifest);
  const auto names = env.list_directory("state/job").take();
  ASSERT_TRUE(env.remove_file("state/job/" + names.back()).ok());
  EXPECT_THAT(EpochStore::open(env, "state", "job").status().message(),
              HasSubstr(names.back() + " is missing"));
}

TEST(EpochStore, DoesNotBeginFromNothingWhereTheFirstEpochIsMissing) {
  FakeEnv env;
  Random random(5);
  ModelJob job = counting_job();
  ASSERT_TRUE(job.run_epoch(*open(env), 1, random).ok());
  const auto names = env.list_directory("state/job").take();
  ASSERT_TRUE(env.remove_file("state/job/MANIFEST").ok());

  for (int start = 0; start < 2; ++start) {
    EXPECT_THAT(EpochStore::open(env, "state", "job").status().message(),
                AllOf(HasSubstr("state/job/MANIFEST is missing"), HasSubstr("delta-")));
  }
  EXPECT_THAT(env.list_directory("state/job").value(), SizeIs(names.size() - 1));
}

TEST(EpochStore, OldStateIsKeptUnderANewName) {
  FakeEnv env;
  EXPECT_EQ(set_state_aside(env, "state", "job").value(), "");
  for (const char* aside : {"job.old-1", "job.old-2"}) {
    Random random(6);
    ModelJob job = counting_job();
    {
      const auto store = open(env);
      EXPECT_EQ(store->last(), std::nullopt);
      ASSERT_TRUE(job.run_epoch(*store, 1, random).ok());
    }
    EXPECT_EQ(set_state_aside(env, "state", "job").value(), aside);
    const auto old = EpochStore::open(env, "state", aside).take();
    EXPECT_EQ(job.read(*old, 1).value(), job.texts());
  }
}

TEST(EpochStore, RowsOfAnOperatorThatWasGoneDoNotComeBack) {
  for (const EpochStoreOptions& options : {kMergeNever, kMergeAlways}) {
    FakeEnv env;
    Random random(7);
    ModelJob job = random_job(random);
    ModelJob rest = job;
    {
      const auto store = open(env, options);
      ASSERT_TRUE(job.run_epoch(*store, 2, random).ok());
      ASSERT_TRUE(job.run_epoch(*store, 2, random).ok());
      rest = job;
      std::erase_if(rest.tables,
                    [](const ModelTable& table) { return table.operator_id == "b/top#1"; });
      ASSERT_TRUE(rest.run_epoch(*store, 2, random).ok());
    }
    job.epoch = rest.epoch;
    for (std::size_t i = 0; i < job.tables.size(); ++i) {
      job.tables[i].rows =
          i < rest.tables.size() ? rest.tables[i].rows : decltype(rest.tables[0].rows)();
    }
    for (int i = 0; i < 3; ++i) {
      const auto store = open(env, options);
      ASSERT_EQ(job.read(*store, 3).value(), job.texts());
      ASSERT_TRUE(job.run_epoch(*store, 2, random).ok());
    }
  }
}

TEST(EpochStore, RefusesOtherColumnsThanThoseKept) {
  FakeEnv env;
  Random random(8);
  ModelJob job = counting_job();
  ASSERT_TRUE(job.run_epoch(*open(env), 1, random).ok());
  const auto store = open(env);
  const auto nothing = [](const StateChanges&) { return Status(); };

  StateSchema schema = counts_schema();
  schema.columns[1].name = "renamed";
  EXPECT_TRUE(store->read("x/group#1", schema, {}, nothing).ok());
  schema.columns[1].type = type_of(TypeKind::kText);
  EXPECT_THAT(
      store->read("x/group#1", schema, {}, nothing).message(),
      AllOf(HasSubstr("counts of x/group#1"), HasSubstr("n BIGINT"), HasSubstr("renamed TEXT")));
}

TEST(EpochStore, SaysWhatAJobHas) {
  FakeEnv env;
  Random random(9);
  ModelJob job = random_job(random);
  const auto store = open(env, kMergeNever);
  ASSERT_TRUE(job.run_epochs(5, *store, 2, random).ok());
  env.put("state/stray", "");

  EXPECT_THAT(list_states(env, "state").value(), ElementsAre("job"));
  const auto inspection = StateInspection::open(env, "state", "job").take();
  EXPECT_EQ(inspection->record().epoch, 5);
  EXPECT_EQ(inspection->tables().size(), job.tables.size());
  std::uint64_t table_bytes = 0;
  for (const TableSummary& table : inspection->tables()) {
    EXPECT_EQ(table.base_rows, 0);
    EXPECT_GT(table.put_rows, 0);
    table_bytes += table.bytes;
  }
  std::uint64_t file_bytes = 0;
  for (const FileSummary& file : inspection->files()) {
    file_bytes += file.bytes;
  }
  EXPECT_LT(table_bytes, file_bytes);
  for (const ModelTable& table : job.tables) {
    Rows rows;
    ASSERT_TRUE(inspection
                    ->visit_rows(table.operator_id, table.schema.name,
                                 [&](const std::vector<Column>& columns) -> Status {
                                   for (std::uint32_t row = 0; row < columns[0].length(); ++row) {
                                     rows[key_of(columns, table.schema.key_columns, row)] =
                                         text_of(columns, row);
                                   }
                                   return {};
                                 })
                    .ok());
    EXPECT_EQ(rows, table.texts());
  }
  EXPECT_EQ(StateInspection::open(env, "state", "none").status().message(),
            "there is no state of a job none in state; there is that of job");
  EXPECT_THAT(StateInspection::open(env, "elsewhere", "none").status().message(),
              HasSubstr("--state-dir"));
}

TEST(Savepoint, CarriesAnEpochElsewhere) {
  FakeEnv env;
  Random random(13);
  ModelJob job = random_job(random);
  const auto store = open(env, kMergeNever);
  ASSERT_TRUE(job.run_epochs(4, *store, 2, random).ok());
  for (const char* other : {"", "SELECT 1;", "a longer text, which is no savepoint"}) {
    env.put("out/save", other);
    EXPECT_THAT(write_savepoint(env, "state", "job", "out/save").message(),
                HasSubstr("out/save is there and is no savepoint"));
    EXPECT_EQ(env.get("out/save"), other);
  }
  ASSERT_TRUE(env.remove_file("out/save").ok());
  ASSERT_TRUE(write_savepoint(env, "state", "job", "out/save").ok());
  ASSERT_TRUE(write_savepoint(env, "state", "job", "out/save").ok());
  EXPECT_THAT(env.list_directory("out").value(), ElementsAre("save"));

  ASSERT_TRUE(restore_savepoint(env, "out/save", "elsewhere", "copy").ok());
  EXPECT_THAT(verify_state(env, "elsewhere", "copy"), IsEmpty());
  EXPECT_THAT(restore_savepoint(env, "out/save", "elsewhere", "copy").message(),
              HasSubstr("elsewhere/copy holds state already"));
  env.crash(1);
  const auto copy = EpochStore::open(env, "elsewhere", "copy").take();
  EXPECT_EQ(copy->last()->epoch, 4);
  EXPECT_NE(copy->incarnation(), store->incarnation());
  EXPECT_EQ(job.read(*copy, 3).value(), job.texts());
  ASSERT_TRUE(job.run_epoch(*copy, 3, random).ok());
}

TEST(Savepoint, DamageIsFound) {
  FakeEnv env;
  Random random(14);
  ModelJob job = counting_job();
  ASSERT_TRUE(job.run_epoch(*open(env), 2, random, 6).ok());
  ASSERT_TRUE(write_savepoint(env, "state", "job", "state/save").ok());
  const std::string whole = env.get("state/save");
  const auto is_found = [&](const std::string& name, const std::string& bytes) {
    env.put("state/damaged", bytes);
    const Status status = restore_savepoint(env, "state/damaged", "state", name);
    EXPECT_THAT(status.message(), HasSubstr("state/damaged"));
    // Another one may begin under the name.
    return !status.ok() && restore_savepoint(env, "state/save", "state", name).ok();
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << below(random, 8)));
    EXPECT_TRUE(is_found("flipped-" + std::to_string(i), damaged)) << i;
    EXPECT_TRUE(is_found("cut-" + std::to_string(i), whole.substr(0, i))) << i;
  }
  EXPECT_FALSE(restore_savepoint(env, "state/none", "state", "x").ok());
  EXPECT_FALSE(write_savepoint(env, "state", "none", "state/save").ok());
}

TEST(EpochStore, RefusesNamesThatLeadElsewhere) {
  FakeEnv env;
  for (const char* name : {"", "..", "a/b", ".hidden"}) {
    EXPECT_FALSE(EpochStore::open(env, "state", name).ok());
  }
}

TEST(EpochStore, LivesOnARealDiskForItsUserAlone) {
  std::string directory =
      (std::filesystem::temp_directory_path() / "epoch_store_test_XXXXXX").string();
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  Random random(10);
  ModelJob job = random_job(random);
  for (int life = 0; life < 3; ++life) {
    const auto store =
        EpochStore::open(system_env(), directory + "/deep", "job", {.delta_bytes_min = 0}).take();
    EXPECT_EQ(job.read(*store, 2).value(), job.texts());
    ASSERT_TRUE(job.run_epochs(5, *store, 2, random, 300).ok());
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat info{};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, entry.is_directory() ? 0700U : 0600U) << entry.path();
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace thalweg
