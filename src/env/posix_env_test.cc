#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "env/env.h"
#include "env/quiet_time.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class PosixEnvTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "env_test_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  void put(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary | std::ios::app) << text;
  }

  std::string get(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name), std::ios::binary).rdbuf();
    return text.str();
  }

  void write(const std::string& name, std::string_view text, OldBytes old) const {
    auto file = env_.create_output(path(name), old);
    ASSERT_TRUE(file.ok()) << file.status().message();
    ASSERT_TRUE(file.value()->write(text).ok());
    ASSERT_TRUE(file.value()->close().ok());
  }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      found.push_back(entry.path().filename().string());
    }
    return found;
  }

  std::filesystem::path directory_;
  Env& env_ = system_env();
};

std::string read_all(InputFile& file) {
  std::string text;
  std::byte buffer[7];
  while (true) {
    const std::size_t count = file.read(buffer, sizeof buffer).value();
    if (count == 0) {
      return text;
    }
    text.append(reinterpret_cast<const char*>(buffer), count);
  }
}

TEST_F(PosixEnvTest, ReadsAFileAndLaterWhatWasAdded) {
  put("a.txt", "one two three");
  const auto opened = env_.open_input(path("a.txt"));
  ASSERT_TRUE(opened.ok());
  InputFile* file = opened.value().get();

  EXPECT_EQ(read_all(*file), "one two three");
  put("a.txt", " four");

  EXPECT_EQ(read_all(*file), " four");
}

TEST_F(PosixEnvTest, SaysWhichFileIsMissingAndWhy) {
  const auto missing = env_.open_input(path("no.txt"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), Code::kUnavailable);
  EXPECT_THAT(missing.status().message(), HasSubstr("no.txt"));
  EXPECT_THAT(missing.status().message(), HasSubstr("No such file"));

  EXPECT_THAT(env_.open_input(directory_.string()).status().message(), HasSubstr("directory"));
}

TEST_F(PosixEnvTest, FindsPathsInNameOrder) {
  put("b.csv", "");
  put("a.csv", "");
  put("c.txt", "");

  EXPECT_THAT(env_.glob(path("*.csv")).value(), ElementsAre(path("a.csv"), path("b.csv")));
  EXPECT_THAT(env_.glob(path("c.txt")).value(), ElementsAre(path("c.txt")));
  EXPECT_FALSE(env_.glob(path("*.json")).ok());
  EXPECT_FALSE(env_.glob(path("d.txt")).ok());
}

TEST_F(PosixEnvTest, TakesANameWithPatternCharactersLiterallyWhereItExists) {
  put("a[1].csv", "");

  EXPECT_THAT(env_.glob(path("a[1].csv")).value(), ElementsAre(path("a[1].csv")));
}

TEST_F(PosixEnvTest, OutputAppearsUnderItsNameOnlyWhenClosed) {
  put("out.txt", "old");
  auto result = env_.create_output(path("out.txt"), OldBytes::kReplaced);
  ASSERT_TRUE(result.ok());
  auto file = std::move(result).take();
  ASSERT_TRUE(file->write("new ").ok());
  ASSERT_TRUE(file->flush().ok());
  EXPECT_EQ(get("out.txt"), "old");

  ASSERT_TRUE(file->write(std::string(600'000, 'x')).ok());
  ASSERT_TRUE(file->close().ok());
  file.reset();

  EXPECT_EQ(get("out.txt"), "new " + std::string(600'000, 'x'));
  EXPECT_THAT(names(), ElementsAre("out.txt"));
}

TEST_F(PosixEnvTest, OutputThatIsNotClosedLeavesNothingBehind) {
  {
    auto file = env_.create_output(path("out.txt"), OldBytes::kReplaced);
    ASSERT_TRUE(file.value()->write("text").ok());
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(PosixEnvTest, WritesToADeviceAsItIs) {
  auto file = env_.create_output("/dev/null", OldBytes::kReplaced);

  ASSERT_TRUE(file.value()->write("text").ok());
  EXPECT_TRUE(file.value()->close().ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(PosixEnvTest, WritesToTheFileThatALinkLeadsTo) {
  put("real.txt", "old");
  std::filesystem::create_symlink("real.txt", path("link.txt"));
  std::filesystem::create_symlink("link.txt", path("twice.txt"));
  std::filesystem::create_symlink("new.txt", path("dangling.txt"));

  write("twice.txt", "rows", OldBytes::kReplaced);
  write("dangling.txt", "more", OldBytes::kReplaced);

  EXPECT_EQ(get("real.txt"), "rows");
  EXPECT_EQ(get("new.txt"), "more");
  EXPECT_TRUE(std::filesystem::is_symlink(path("twice.txt")));
  EXPECT_TRUE(std::filesystem::is_symlink(path("link.txt")));
  EXPECT_TRUE(std::filesystem::is_symlink(path("dangling.txt")));
}

TEST_F(PosixEnvTest, OneFileHasOneNameByWhateverPath) {
  put("real.txt", "");
  std::filesystem::create_symlink(path("real.txt"), path("link.txt"));

  EXPECT_EQ(env_.output_name(path("link.txt")), env_.output_name(path("./real.txt")));
  EXPECT_NE(env_.output_name(path("new.txt")), env_.output_name(path("real.txt")));
}

TEST_F(PosixEnvTest, LinksThatGoRoundAreAnError) {
  std::filesystem::create_symlink("b.txt", path("a.txt"));
  std::filesystem::create_symlink("a.txt", path("b.txt"));

  EXPECT_FALSE(env_.create_output(path("a.txt"), OldBytes::kReplaced).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(path("a.txt")));
}

TEST_F(PosixEnvTest, AFileThatIsReplacedKeepsItsMode) {
  for (const mode_t mode : {0600U, 0666U, 0640U}) {
    put("out.txt", "old");
    ASSERT_EQ(::chmod(path("out.txt").c_str(), mode), 0);

    write("out.txt", "new", OldBytes::kReplaced);

    struct stat info{};
    ASSERT_EQ(::stat(path("out.txt").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, mode);
    EXPECT_EQ(get("out.txt"), "new");
  }
}

TEST_F(PosixEnvTest, OldBytesAreKeptWhereRowsAreAdded) {
  put("out.txt", "one ");

  write("out.txt", "two", OldBytes::kKept);
  write("new.txt", "three", OldBytes::kKept);

  EXPECT_EQ(get("out.txt"), "one two");
  EXPECT_EQ(get("new.txt"), "three");
}

TEST_F(PosixEnvTest, WritesThroughItsOwnDescriptors) {
  put("shared.txt", "before ");
  const int fd = ::open(path("shared.txt").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  std::filesystem::create_symlink("/dev/fd/" + std::to_string(fd), path("link.txt"));

  write("link.txt", "after", OldBytes::kReplaced);
  EXPECT_EQ(::close(fd), 0);

  EXPECT_EQ(get("shared.txt"), "before after");
  EXPECT_THAT(names(), UnorderedElementsAre("shared.txt", "link.txt"));
}

TEST_F(PosixEnvTest, WhatAKilledRunLeftIsRemovedByTheNext) {
  put("out.txt.4711-0.part", "left");
  put("out.txt.part", "not ours");
  put("out.txt.1-2-x.part", "not ours");
  put("other.txt.4711-0.part", "of another file");

  write("out.txt", "rows", OldBytes::kReplaced);

  EXPECT_THAT(names(), UnorderedElementsAre("out.txt", "out.txt.part", "out.txt.1-2-x.part",
                                            "other.txt.4711-0.part"));
}

TEST_F(PosixEnvTest, ARunThatIsAliveKeepsWhatItWrites) {
  auto first = env_.create_output(path("out.txt"), OldBytes::kReplaced);
  ASSERT_TRUE(first.value()->write("first").ok());

  write("out.txt", "second", OldBytes::kReplaced);
  EXPECT_EQ(get("out.txt"), "second");

  EXPECT_TRUE(first.value()->close().ok());
  EXPECT_EQ(get("out.txt"), "first");
}

TEST_F(PosixEnvTest, TellsThatAFileWasCutWrittenAnewOrRenamed) {
  put("a.txt", "one\n");
  put("b.txt", "one\n");
  put("c.txt", "one\n");
  auto cut = env_.open_input(path("a.txt")).take();
  auto anew = env_.open_input(path("b.txt")).take();
  auto renamed = env_.open_input(path("c.txt")).take();
  for (InputFile* file : {cut.get(), anew.get(), renamed.get()}) {
    EXPECT_EQ(read_all(*file), "one\n");
    EXPECT_FALSE(file->replaced().value());
  }

  std::filesystem::resize_file(path("a.txt"), 0);
  std::filesystem::resize_file(path("b.txt"), 0);
  put("b.txt", "two\nthree\n");  // More than before.
  std::filesystem::rename(path("c.txt"), path("c.old"));
  EXPECT_FALSE(renamed->replaced().value());  // The next one is not there yet.
  put("c.txt", "two\n");
  put("c.old", "last\n");

  EXPECT_TRUE(cut->replaced().value());
  EXPECT_TRUE(anew->replaced().value());
  EXPECT_FALSE(renamed->replaced().value());
  EXPECT_EQ(read_all(*renamed), "last\n");
  // Who writes to it may not know yet.
  EXPECT_FALSE(renamed->replaced().value());
  put("c.old", "very last\n");
  EXPECT_FALSE(renamed->replaced().value());
  EXPECT_EQ(read_all(*renamed), "very last\n");
  const std::int64_t quiet_since = env_.steady_nanos();
  while (!renamed->replaced().value()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_GE(env_.steady_nanos() - quiet_since, QuietTime::kEnoughNanos);
}

TEST_F(PosixEnvTest, CannotCreateAFileInAMissingFolder) {
  EXPECT_THAT(env_.create_output(path("no/out.txt"), OldBytes::kReplaced).status().message(),
              HasSubstr("no/out.txt"));
}

TEST_F(PosixEnvTest, APipeIsReadableOnlyWhenSomethingIsThere) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::fstream both_ends(path("pipe"), std::ios::in | std::ios::out);
  auto file = env_.open_input(path("pipe"));
  ASSERT_TRUE(file.ok());

  EXPECT_FALSE(file.value()->readable(0));
  both_ends << "x" << std::flush;

  EXPECT_TRUE(file.value()->readable(0));
}

TEST_F(PosixEnvTest, GoesOnReadingWhereItIsTold) {
  put("a.txt", "one two three");
  auto file = env_.open_input(path("a.txt")).take();
  ASSERT_TRUE(file->seek(4).ok());
  EXPECT_EQ(read_all(*file), "two three");
  EXPECT_FALSE(file->replaced().value());
  EXPECT_THAT(file->seek(14).message(), HasSubstr("ends at byte 13"));
  EXPECT_TRUE(file->seek(0).ok());
  EXPECT_EQ(read_all(*file), "one two three");

  ASSERT_TRUE(file->seek(7).ok());
  std::filesystem::resize_file(path("a.txt"), 0);
  put("a.txt", "other text");
  EXPECT_TRUE(file->replaced().value());
}

TEST_F(PosixEnvTest, APipeCannotGoBack) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::fstream both_ends(path("pipe"), std::ios::in | std::ios::out);
  EXPECT_FALSE(env_.open_input(path("pipe")).value()->seek(0).ok());
}

TEST_F(PosixEnvTest, DurableFilesAreForTheirUserAlone) {
  ASSERT_TRUE(env_.make_directories(path("x/y")).ok());
  ASSERT_TRUE(env_.make_directories(path("x/y")).ok());
  auto file = env_.create_file(path("x/y/f")).take();
  ASSERT_TRUE(file->write("some rows").ok());
  ASSERT_TRUE(file->sync().ok());
  ASSERT_TRUE(file->close().ok());
  ASSERT_TRUE(env_.sync_directory(path("x/y")).ok());

  struct stat info{};
  ASSERT_EQ(::stat(path("x/y/f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  ASSERT_EQ(::stat(path("x/y").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
  EXPECT_THAT(env_.create_file(path("x/y/f")).status().message(), HasSubstr("File exists"));
  EXPECT_THAT(env_.make_directories(path("x/y/f")).message(), HasSubstr("x/y/f"));
}

TEST_F(PosixEnvTest, DurableFilesAreListedCutAddedToRenamedAndRemoved) {
  put("b", "0123456789");
  put("a", "");
  EXPECT_THAT(env_.list_directory(directory_.string()).value(), ElementsAre("a", "b"));
  EXPECT_FALSE(env_.list_directory(path("none")).ok());
  EXPECT_EQ(env_.file_size(path("b")).value(), 10);
  EXPECT_EQ(env_.file_size(path("none")).value(), std::nullopt);

  ASSERT_TRUE(env_.truncate_file(path("b"), 4).ok());
  ASSERT_TRUE(env_.append_file(path("b")).value()->write("x").ok());
  ASSERT_TRUE(env_.rename_file(path("b"), path("c")).ok());
  ASSERT_TRUE(env_.remove_file(path("a")).ok());
  ASSERT_TRUE(env_.remove_file(path("a")).ok());

  EXPECT_THAT(env_.list_directory(directory_.string()).value(), ElementsAre("c"));
  EXPECT_EQ(get("c"), "0123x");
  EXPECT_FALSE(env_.append_file(path("b")).ok());
  EXPECT_FALSE(env_.rename_file(path("b"), path("c")).ok());
}

TEST_F(PosixEnvTest, ALockNamesItsHolder) {
  auto lock = env_.lock_file(path("LOCK")).take();
  EXPECT_THAT(env_.lock_file(path("LOCK")).status().message(),
              HasSubstr("process " + std::to_string(::getpid())));
  lock.reset();
  EXPECT_TRUE(env_.lock_file(path("LOCK")).ok());
}

TEST_F(PosixEnvTest, ADirectoryStaysLockedWithoutTheFileThatLocksIt) {
  auto lock = env_.lock_directory(directory_.string(), "LOCK").take();
  EXPECT_THAT(env_.lock_directory(directory_.string(), "LOCK").status().message(),
              HasSubstr("process " + std::to_string(::getpid())));
  ASSERT_TRUE(env_.remove_file(path("LOCK")).ok());
  EXPECT_THAT(env_.lock_directory(directory_.string(), "LOCK").status().message(),
              HasSubstr("LOCK was removed"));
  lock.reset();
  EXPECT_TRUE(env_.lock_directory(directory_.string(), "LOCK").ok());
}

TEST_F(PosixEnvTest, SteadyTimeNeverMovesBack) {
  const std::int64_t before = env_.steady_nanos();
  EXPECT_GE(env_.steady_nanos(), before);
  EXPECT_GT(env_.wall_now(), EventTime{1'700'000'000'000'000});
}

}  // namespace
}  // namespace thalweg
