#include "env/machine_memory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace thalweg {
namespace {

constexpr std::uint64_t kGibi = std::uint64_t{1} << 30;

// A machine of 8 GiB with the files of its control groups.
class MachineMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "memory_test_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    put("proc/meminfo", "MemTotal:        8388608 kB\nMemFree:         1000000 kB\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void put(const std::string& path, std::string_view text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  std::uint64_t memory() const { return machine_memory(root_.string()); }

 private:
  std::filesystem::path root_;
};

TEST_F(MachineMemoryTest, IsThatOfTheMachineWithoutGroups) { EXPECT_EQ(memory(), 8 * kGibi); }

TEST_F(MachineMemoryTest, IsTheLeastOfAllGroupsAbove) {
  put("proc/self/cgroup", "0::/users/job\n");
  put("sys/fs/cgroup/users/job/memory.max", "max\n");
  EXPECT_EQ(memory(), 8 * kGibi);
  put("sys/fs/cgroup/users/memory.max", "2147483648\n");
  EXPECT_EQ(memory(), 2 * kGibi);
  put("sys/fs/cgroup/users/job/memory.max", "1073741824\n");
  EXPECT_EQ(memory(), kGibi);
}

TEST_F(MachineMemoryTest, IsThatOfAContainerWhichSeesItsGroupAsTheRoot) {
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/memory.max", "1073741824\n");
  EXPECT_EQ(memory(), kGibi);
}

TEST_F(MachineMemoryTest, FollowsGroupsOfVersionOne) {
  put("proc/self/cgroup", "5:cpu,cpuacct:/docker/a\n4:hugetlb,memory:/docker/a\n0::/docker/a\n");
  put("sys/fs/cgroup/cpu/docker/a/memory.limit_in_bytes", "1\n");  // Not the memory controller's.
  put("sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(memory(), 8 * kGibi);
  // In the container the path is that of the host, and only the mount's top is there.
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
  EXPECT_EQ(memory(), kGibi);
}

TEST_F(MachineMemoryTest, IsNotKnownWhereNothingTellsIt) {
  EXPECT_EQ(machine_memory("/nowhere/at/all"), 0);
}

TEST(ResidentMemoryTest, GrowsWithWhatIsWritten) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const std::uint64_t before = resident_memory();
  EXPECT_GT(before, 0);
  const std::vector<char> filled(kBytes, 'x');
  EXPECT_GE(resident_memory(), before + kBytes / 2);
  EXPECT_EQ(filled.back(), 'x');
}

}  // namespace
}  // namespace thalweg
