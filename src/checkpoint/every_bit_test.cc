// Each byte of a job's files is changed, and each file is cut at each length.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "checkpoint/epoch_store.h"
#include "checkpoint/inspect.h"
#include "checkpoint/store_fixture.h"
#include "env/fake_env.h"

namespace thalweg {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A base image and two deltas of tables with a column of each kind.
ModelJob write_state(FakeEnv& env) {
  Random random(11);
  ModelJob job;
  ModelTable table{
      .operator_id = "x/group#1", .schema = {.name = "rows", .partition_columns = 1}, .rows = {}};
  table.schema.columns = {
      {"key", type_of(TypeKind::kBigint)},
      {"text", type_of(TypeKind::kText)},
      {"flag", type_of(TypeKind::kBoolean)},
      {"list", array_type(type_of(TypeKind::kInterval))},
      {"pair", struct_type({{"a", numeric_type(20, 2)}, {"b", type_of(TypeKind::kBytea)}})}};
  table.schema.key_columns = 2;
  job.tables.push_back(table);
  table.operator_id = "y/top#1";
  table.schema.partition_columns = 0;
  job.tables.push_back(table);
  const auto store =
      EpochStore::open(env, "state", "job",
                       {.merge = BaseMerge::kAtOnce, .delta_bytes_min = std::uint64_t{2} * 4096})
          .take();
  EXPECT_TRUE(job.run_epochs(5, *store, 1, random, 20).ok());
  return job;
}

// What goes wrong when the state is opened and read whole.
Status read_all(FakeEnv& env, const ModelJob& job) {
  TW_TRY_ASSIGN(const auto store, EpochStore::open(env, "state", "job"));
  if (!store->last()) {
    ADD_FAILURE() << "the job would begin from nothing";
  }
  TW_TRY_ASSIGN(const std::vector<Rows> rows, job.read(*store, 2));
  ADD_FAILURE() << "damage goes unseen";
  return {};
}

void expect_found(FakeEnv& env, const ModelJob& job, const std::string& path,
                  const std::string& damaged) {
  const std::string whole = env.get(path);
  env.put(path, damaged);
  const Status status = read_all(env, job);
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr(path));
  EXPECT_THAT(verify_state(env, "state", "job"), Not(IsEmpty()));
  env.put(path, whole);
}

std::vector<std::string> files_of(FakeEnv& env) {
  std::vector<std::string> paths;
  for (const std::string& name : env.list_directory("state/job").take()) {
    if (name != "LOCK") {
      paths.push_back("state/job/" + name);
    }
  }
  return paths;
}

TEST(EveryBit, OfEveryFileCounts) {
  FakeEnv env;
  const ModelJob job = write_state(env);
  ASSERT_EQ(files_of(env).size(), 4);  // Manifest, image, two deltas.
  Random random(12);
  for (const std::string& path : files_of(env)) {
    const std::string whole = env.get(path);
    for (std::size_t i = 0; i < whole.size() && !HasFailure(); ++i) {
      SCOPED_TRACE(path + " at byte " + std::to_string(i));
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << below(random, 8)));
      expect_found(env, job, path, damaged);
      damaged[i] = static_cast<char>(whole[i] ^ (1 + below(random, 255)));
      expect_found(env, job, path, damaged);
    }
  }
  EXPECT_THAT(verify_state(env, "state", "job"), IsEmpty());
}

TEST(EveryBit, IsMissedWhereAFileIsCutOrLonger) {
  FakeEnv env;
  const ModelJob job = write_state(env);
  for (const std::string& path : files_of(env)) {
    const std::string whole = env.get(path);
    for (std::size_t size = 0; size < whole.size() && !HasFailure(); ++size) {
      SCOPED_TRACE(path + " cut to " + std::to_string(size));
      expect_found(env, job, path, whole.substr(0, size));
    }
    expect_found(env, job, path, whole + '\0');
    expect_found(env, job, path, whole + whole);
  }
}

TEST(EveryBit, DamageInABlockIsNamed) {
  FakeEnv env;
  const ModelJob job = write_state(env);
  const std::string path = files_of(env).back();
  std::string damaged = env.get(path);
  damaged[17] ^= 1;
  env.put(path, damaged);

  EXPECT_THAT(read_all(env, job).message(),
              ::testing::MatchesRegex(path + ": block 0 \\((rows|erased keys) of table rows of "
                                             "x/group#1, key group [0-9]+, bytes 16 to [0-9]+\\) "
                                             "does not read back as it was written; .*"));
  EXPECT_THAT(verify_state(env, "state", "job"), ::testing::SizeIs(1));
}

TEST(EveryBit, FilesOfOneEpochAreNotTakenForThoseOfAnother) {
  FakeEnv env;
  const ModelJob job = write_state(env);
  const std::vector<std::string> paths = files_of(env);
  expect_found(env, job, paths[3], env.get(paths[2]));
}

TEST(EveryBit, WhatDoesNotCountMayBeDamaged) {
  FakeEnv env;
  const ModelJob job = write_state(env);
  env.put("state/job/MANIFEST.prepared", "torn");
  env.put("state/job/base-0000000000000000-000000000009", "half an image");
  const auto store = EpochStore::open(env, "state", "job").take();
  EXPECT_EQ(job.read(*store, 2).value(), job.texts());
  EXPECT_EQ(files_of(env).size(), 4);
}

TEST(EveryBit, ALaterVersionIsRefusedAsThat) {
  FakeEnv env;
  const ModelJob job = write_state(env);
  for (const std::string& path : files_of(env)) {
    const std::string whole = env.get(path);
    std::string later = whole;
    later[8] = 4;
    const bool manifest = path.ends_with("MANIFEST");
    const std::size_t checked = manifest ? later.size() - 8 : 12;
    const std::uint64_t checksum = checksum_of(std::string_view(later).substr(0, checked));
    std::memcpy(later.data() + checked, &checksum, manifest ? 8 : 4);
    env.put(path, later);
    const auto store = EpochStore::open(env, "state", "job");
    EXPECT_THAT(store.status().message(), HasSubstr("version 4"));
    EXPECT_EQ(store.status().code(), Code::kInvalidArgument);
    env.put(path, whole);
  }
}

}  // namespace
}  // namespace thalweg
