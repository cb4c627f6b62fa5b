#include "connectors/rotated_names.h"

#include <gtest/gtest.h>

namespace thalweg {
namespace {

std::string since(const std::string& renamed, const std::vector<std::string>& names) {
  return rotated_since("app.log", renamed, names).value_or("none");
}

TEST(RotatedNames, CountsGoBack) {
  const std::vector<std::string> names{"app.log", "app.log.1", "app.log.2", "app.log.10.gz",
                                       "b.log"};
  EXPECT_EQ(since("app.log.1", names), "none");
  EXPECT_EQ(since("app.log.2", names), "app.log.1");
  EXPECT_EQ(since("app.log.2", {"app.log", "app.log.1.gz", "app.log.2"}), "app.log.1.gz");
}

TEST(RotatedNames, TimesGoOn) {
  const std::vector<std::string> names{"app.log", "app.log-20260101.gz", "app.log-20260102"};
  EXPECT_EQ(since("app.log-20260102", names), "none");
  EXPECT_EQ(since("app.log-20260101.gz", names), "app.log-20260102");
  EXPECT_EQ(since("app.log.20260101", {"app.log.20260102", "app.log.20260101"}),
            "app.log.20260102");
  EXPECT_EQ(since("app.log.20260102", {"app.log.20260102", "app.log.20260101"}), "none");
}

TEST(RotatedNames, OthersAreNoneOfTheLogs) {
  EXPECT_EQ(since("app.log.2", {"app.log", "app.log.2", "app.log.old", "app.log.pos", "app.log."}),
            "none");
  EXPECT_EQ(since("app.log-20260101", {"app.log-20260101", "app.log.1", "app.log_errors"}), "none");
  EXPECT_EQ(since("app.log.old", {"app.log.old", "app.log.1", "app.log.pos"}), "none");
  EXPECT_EQ(since("app.log.1", {"app.log.1", "app.log.1.gz"}), "none");
}

}  // namespace
}  // namespace thalweg
