#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "env/env.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
  auto result = env_.create_output(path("out.txt"));
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
    auto file = env_.create_output(path("out.txt"));
    ASSERT_TRUE(file.value()->write("text").ok());
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(PosixEnvTest, WritesToADeviceAsItIs) {
  auto file = env_.create_output("/dev/null");

  ASSERT_TRUE(file.value()->write("text").ok());
  EXPECT_TRUE(file.value()->close().ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(PosixEnvTest, CannotCreateAFileInAMissingFolder) {
  EXPECT_THAT(env_.create_output(path("no/out.txt")).status().message(), HasSubstr("no/out.txt"));
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

TEST_F(PosixEnvTest, SteadyTimeNeverMovesBack) {
  const std::int64_t before = env_.steady_nanos();
  EXPECT_GE(env_.steady_nanos(), before);
  EXPECT_GT(env_.wall_now(), EventTime{1'700'000'000'000'000});
}

}  // namespace
}  // namespace thalweg
