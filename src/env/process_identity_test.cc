#include "env/process_identity.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace thalweg {
namespace {

TEST(ProcessIdentityTest, ThisProcessIsAlive) {
  const ProcessIdentity own = this_process();
  EXPECT_EQ(own.number, ::getpid());
  EXPECT_GT(own.began, 0);
  EXPECT_EQ(is_alive(own), true);
}

TEST(ProcessIdentityTest, OneThatHasEndedIsNotAlive) {
  ProcessIdentity child = this_process();
  const pid_t number = ::fork();
  if (number == 0) {
    ::_exit(0);
  }
  siginfo_t about{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(number), &about, WEXITED | WNOWAIT), 0);
  child.number = number;
  EXPECT_EQ(is_alive(child), false) << "also while its parent has not asked for it";
  ASSERT_EQ(::waitpid(number, nullptr, 0), number);
  EXPECT_EQ(is_alive(child), false);
}

TEST(ProcessIdentityTest, ALaterOneOfTheSameNumberIsAnother) {
  ProcessIdentity earlier = this_process();
  --earlier.began;
  EXPECT_EQ(is_alive(earlier), false);
}

TEST(ProcessIdentityTest, NothingIsKnownOfOtherHostsAndContainers) {
  ProcessIdentity elsewhere = this_process();
  elsewhere.host += "-2";
  EXPECT_EQ(is_alive(elsewhere), std::nullopt);
  ProcessIdentity contained = this_process();
  contained.numbering += "1";
  EXPECT_EQ(is_alive(contained), std::nullopt);
}

}  // namespace
}  // namespace thalweg
