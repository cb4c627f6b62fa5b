// Sinks that are seen exactly once, stopped at every step of writing and of recovery.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <sstream>

#include "connectors/epoch_file.h"
#include "connectors/parts_sink.h"
#include "env/fake_env.h"
#include "env/killed_env.h"

namespace thalweg {
namespace {

namespace fs = std::filesystem;

using ::testing::IsEmpty;

constexpr std::uint64_t kEpochs = 4;
constexpr std::size_t kWriters = 2;
constexpr const char* kHeader = "header";

using Lines = std::vector<std::string>;

// What a writer writes in an epoch: sometimes nothing, and nobody anything in the third.
Lines rows_of(std::uint64_t epoch, std::size_t writer) {
  Lines rows;
  for (std::uint64_t i = 0; epoch != 3 && i < (epoch * 2 + writer) % 5; ++i) {
    rows.push_back(fmt::format("{}/{}/{}", epoch, writer, i));
  }
  return rows;
}

// Sorted.
Lines rows_up_to(std::uint64_t epoch_last) {
  Lines all;
  for (std::uint64_t epoch = 1; epoch <= epoch_last; ++epoch) {
    for (std::size_t writer = 0; writer < kWriters; ++writer) {
      const Lines rows = rows_of(epoch, writer);
      all.insert(all.end(), rows.begin(), rows.end());
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

// Where a kind of sink writes, and what a reader finds there.
class Place {
 public:
  explicit Place(std::string directory) : directory_(std::move(directory)) {}
  virtual ~Place() = default;
  virtual std::unique_ptr<ByteSink> make(Env& env) const = 0;

  // The rows that can be seen, sorted; every file must begin with the header.
  Lines seen(Env& env) const {
    Lines all;
    for (const std::string& name : names(env)) {
      if (name.starts_with('.')) {
        continue;
      }
      std::istringstream text(read(env, directory_ + "/" + name));
      std::string line;
      std::getline(text, line);
      EXPECT_EQ(line, kHeader) << name;
      while (std::getline(text, line)) {
        all.push_back(line);
      }
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  Lines left_over(Env& env) const {
    Lines all;
    for (const std::string& name : names(env)) {
      const bool is_owner =
          name.ends_with(".owner") && name.find(fmt::format("-{}-", kEpochs)) != std::string::npos;
      const bool stays = name == ".thalweg-lock" || name.ends_with(".lock") || is_owner;
      if (name.starts_with('.') && !stays) {
        all.push_back(name);
      }
    }
    return all;
  }

 protected:
  Lines names(Env& env) const {
    const Result<Lines> found = env.list_directory(directory_);
    return found.ok() ? found.value() : Lines();
  }

  static std::string read(Env& env, const std::string& path) {
    const std::unique_ptr<InputFile> file = env.open_input(path).take();
    std::string text(1 << 16, '\0');
    text.resize(file->read(reinterpret_cast<std::byte*>(text.data()), text.size()).value());
    return text;
  }

  const std::string directory_;
};

class DirectoryOfParts final : public Place {
 public:
  explicit DirectoryOfParts(std::string directory,
                            std::size_t part_bytes = PartsPlace::kWithoutLimit)
      : Place(std::move(directory)), part_bytes_(part_bytes) {}
  std::unique_ptr<ByteSink> make(Env& env) const override {
    return make_parts_sink(env, {.directory = directory_,
                                 .extension = "csv",
                                 .beginning = fmt::format("{}\n", kHeader),
                                 .part_bytes = part_bytes_});
  }

 private:
  const std::size_t part_bytes_;
};

class OneFile final : public Place {
 public:
  using Place::Place;
  std::unique_ptr<ByteSink> make(Env& env) const override {
    return make_epoch_file(env, directory_ + "/f.csv", fmt::format("{}\n", kHeader));
  }
};

// A job that writes epoch after epoch; what has been decided outlives it.
struct Job {
  const Place& place;
  std::string incarnation = "i0";
  std::uint64_t decided = 0;

  // One life, to its end or to the first call that fails.
  Status live(Env& env) {
    const std::unique_ptr<ByteSink> sink = place.make(env);
    TW_TRY(sink->recover({.incarnation = incarnation, .decided = decided}));
    EXPECT_TRUE(sink->is_exactly_once());
    if (decided > 0) {
      EXPECT_EQ(place.seen(env), rows_up_to(decided));
    }
    TW_TRY(sink->open());
    std::vector<std::unique_ptr<ByteWriter>> writers;
    for (std::size_t i = 0; i < kWriters; ++i) {
      writers.push_back(sink->make_writer());
    }
    std::size_t ahead = 0;  // Rows of this epoch that the first writer has written already.
    for (std::uint64_t epoch = decided + 1; epoch <= kEpochs; ++epoch) {
      TW_TRY(write(*writers[0], rows_of(epoch, 0), ahead));
      TW_TRY(writers[0]->end_epoch(epoch));
      ahead = epoch < kEpochs ? rows_of(epoch + 1, 0).size() / 2 : 0;
      Lines next = rows_of(epoch + 1, 0);
      next.resize(ahead);
      TW_TRY(write(*writers[0], next, 0));
      TW_TRY(write(*writers[1], rows_of(epoch, 1), 0));
      TW_TRY(writers[1]->end_epoch(epoch));
      TW_TRY(sink->prepare(epoch));
      if (decided > 0) {
        EXPECT_EQ(place.seen(env), rows_up_to(decided));
      }
      decided = epoch;
      TW_TRY(sink->commit(epoch));
      EXPECT_EQ(place.seen(env), rows_up_to(decided));
    }
    return sink->close(true);
  }

  static Status write(ByteWriter& writer, const Lines& rows, std::size_t from) {
    for (std::size_t i = from; i < rows.size(); ++i) {
      TW_TRY(writer.write(rows[i] + "\n"));
    }
    return {};
  }

  // A job that has decided nothing has left nothing that tells who it was.
  void begin_again() {
    if (decided == 0) {
      incarnation = fmt::format("i{}", std::stoi(incarnation.substr(1)) + 1);
    }
  }
};

struct Stops {
  Fault fault;
  std::uint64_t seed;
  std::uint64_t first;   // The call of the first life at which it stops,
  std::uint64_t second;  // and of the second; 0: it does not.
};

enum class Reached : std::uint8_t { kNone, kFirst, kBoth };

// A job that is stopped twice, runs to its end, and is there after another crash.
Reached stop_and_go_on(const Place& place, const Stops& stops) {
  FakeEnv env;
  if (dynamic_cast<const OneFile*>(&place) != nullptr) {
    env.put("d/f.csv", "what was there before\n");
  }
  Job job{.place = place};
  env.fail_disk_call(stops.first, stops.fault);
  const bool first = !job.live(env).ok();
  env.crash(stops.seed);
  job.begin_again();
  bool second = false;
  if (first && stops.second > 0) {
    env.fail_disk_call(stops.second, stops.fault);
    second = !job.live(env).ok();
    env.crash(stops.seed + 1);
    job.begin_again();
  }
  const Status last = job.live(env);
  EXPECT_TRUE(last.ok()) << last.message();
  EXPECT_EQ(place.seen(env), rows_up_to(kEpochs));
  EXPECT_THAT(place.left_over(env), IsEmpty());
  env.crash(stops.seed + 2);
  EXPECT_EQ(place.seen(env), rows_up_to(kEpochs));
  return second ? Reached::kBoth : first ? Reached::kFirst : Reached::kNone;
}

// Stops at call after call, and where asked for in the life after that at call after call again.
void stop_everywhere(const Place& place, Fault fault, std::uint64_t seed, bool twice) {
  Reached reached = Reached::kFirst;
  for (std::uint64_t first = 1; reached != Reached::kNone; ++first) {
    reached = Reached::kBoth;
    for (std::uint64_t second = 1; reached == Reached::kBoth; ++second) {
      SCOPED_TRACE(fmt::format("fault {}, seed {}: calls {} and {}", static_cast<int>(fault), seed,
                               first, twice ? second : 0));
      reached = stop_and_go_on(
          place, {.fault = fault, .seed = seed, .first = first, .second = twice ? second : 0});
      if (testing::Test::HasFailure()) {
        return;
      }
    }
  }
}

void stop_everywhere(const Place& place) {
  for (const Fault fault : {Fault::kError, Fault::kCrash, Fault::kTornWrite}) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      stop_everywhere(place, fault, seed, /*twice=*/seed < 3);
    }
  }
}

TEST(ExactlyOnceTest, PartsStandAStopAtEveryCall) { stop_everywhere(DirectoryOfParts("d")); }

TEST(ExactlyOnceTest, PartsCutByTheirSizeStandAStopAtEveryCall) {
  stop_everywhere(DirectoryOfParts("d", /*part_bytes=*/10));  // Of two rows.
}

TEST(ExactlyOnceTest, OneFileStandsAStopAtEveryCall) { stop_everywhere(OneFile("d")); }

// An epoch was prepared and not decided; the next run decides one of its number without rows.
TEST(ExactlyOnceTest, RowsThatWereTakenBackStayAwayAfterAPowerCut) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    FakeEnv env;
    env.put("d/f.csv", "");
    const OneFile place("d");
    const auto run = [&](std::uint64_t decided, const std::string& rows, bool commits) {
      const std::unique_ptr<ByteSink> sink = place.make(env);
      ASSERT_TRUE(sink->recover({.incarnation = "i", .decided = decided}).ok());
      const std::unique_ptr<ByteWriter> writer = sink->make_writer();
      ASSERT_TRUE(rows.empty() || writer->write(rows).ok());
      ASSERT_TRUE(writer->end_epoch(decided + 1).ok());
      ASSERT_TRUE(sink->prepare(decided + 1).ok());
      ASSERT_TRUE(!commits || sink->commit(decided + 1).ok());
    };
    run(0, "1\n", true);
    run(1, "taken back\n", false);
    run(1, "", true);
    env.crash(seed);
    run(2, "", true);
    EXPECT_EQ(place.seen(env), Lines{"1"}) << "seed " << seed;
  }
}

class RealDiskTest : public ::testing::Test {
 protected:
  RealDiskTest() { fs::create_directories(folder_); }
  ~RealDiskTest() override { fs::remove_all(folder_); }

  void kill_everywhere(const std::function<std::unique_ptr<Place>(std::string)>& make) {
    bool reached = true;
    for (std::uint64_t call = 1; reached; ++call) {
      SCOPED_TRACE(fmt::format("call {}", call));
      const std::string folder = folder_ / std::to_string(call);
      fs::create_directories(folder);
      const std::unique_ptr<Place> place = make(folder);
      KilledEnv env(system_env());
      Job job{.place = *place};
      env.kill_at(call);
      reached = !job.live(env).ok();
      job.begin_again();
      env.kill_at(call / 2 + 1);
      const bool again = !job.live(env).ok();
      EXPECT_EQ(again, env.killed());
      env.kill_at(0);
      job.begin_again();
      const Status last = job.live(env);
      ASSERT_TRUE(last.ok()) << last.message();
      ASSERT_EQ(place->seen(env), rows_up_to(kEpochs));
      ASSERT_THAT(place->left_over(env), IsEmpty());
    }
  }

  const fs::path folder_ =
      fs::temp_directory_path() / fmt::format("thalweg-exactly-once-{}", ::getpid());
};

TEST_F(RealDiskTest, PartsStandAKillAtEveryCall) {
  kill_everywhere(
      [](std::string folder) { return std::make_unique<DirectoryOfParts>(std::move(folder)); });
}

TEST_F(RealDiskTest, OneFileStandsAKillAtEveryCall) {
  kill_everywhere([](std::string folder) { return std::make_unique<OneFile>(std::move(folder)); });
}

}  // namespace
}  // namespace thalweg
