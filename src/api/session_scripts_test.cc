#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "thalweg/docs.h"
#include "thalweg/session.h"

namespace thalweg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Notes warnings and texts of the first column, in the order in which they come.
class Notes final : public ResultReceiver {
 public:
  void warning(const Problem& problem) override { notes.push_back("warning " + problem.code); }
  bool rows(const ResultHeader& /*header*/, const Rows& rows) override {
    for (std::uint32_t row = 0; row < rows.count(); ++row) {
      notes.push_back(rows.text(row, 0));
    }
    return true;
  }

  std::vector<std::string> notes;
};

RunReport run(Session& session, const std::string& sql) {
  Notes nobody;
  return session.execute({.name = "test.sql", .text = sql}, nobody);
}

std::vector<std::string> codes(const std::vector<Problem>& problems) {
  std::vector<std::string> found;
  for (const Problem& problem : problems) {
    found.push_back(problem.code);
  }
  return found;
}

TEST(SessionScriptsTest, ARequestToStopIsOfTheRunUnderWayOrTheNextOne) {
  Session session;
  ASSERT_EQ(run(session, "CREATE TABLE bids WITH (connector = 'nexmark', type = 'bid');").outcome,
            Outcome::kDone);
  session.request_stop();
  EXPECT_EQ(run(session, "SELECT count(*) FROM bids;").outcome, Outcome::kStopped);
  EXPECT_EQ(run(session, "SELECT 1;").outcome, Outcome::kDone);
}

TEST(SessionScriptsTest, AScriptInErrorDeclaresNothing) {
  Session session;

  EXPECT_EQ(run(session, "CREATE TABLE t (a INT); SELECT nope FROM t;").outcome, Outcome::kInvalid);

  EXPECT_EQ(run(session, "CREATE TABLE t (a INT); SELECT a FROM t;").outcome, Outcome::kDone);
}

TEST(SessionScriptsTest, AScriptSeesTablesAndViewsOfTheOnesBefore) {
  Session session;
  ASSERT_EQ(run(session, "CREATE VIEW v AS SELECT 1 AS a;").outcome, Outcome::kDone);

  EXPECT_THAT(session.validate({.name = "test.sql", .text = "SELECT a FROM v;"}), IsEmpty());
}

TEST(SessionScriptsTest, WhatIsOnlyValidatedIsForgotten) {
  Session session;
  ASSERT_THAT(session.validate({.name = "a.sql", .text = "CREATE TABLE t (a INT);"}), IsEmpty());

  EXPECT_THAT(codes(session.validate({.name = "b.sql", .text = "SELECT a FROM t;"})),
              ElementsAre("S0201"));
}

TEST(SessionScriptsTest, ATableInErrorIsNotAlsoMissing) {
  Session session;
  const std::string table = "CREATE TABLE t (a INT) WITH (connector = 'nothing');";

  EXPECT_THAT(codes(session.validate(
                  {.name = "t.sql", .text = table + "SELECT b FROM t; INSERT INTO t SELECT 1;"})),
              ElementsAre("C0101"));
}

TEST(SessionScriptsTest, WarningsComeBeforeRows) {
  Session session;
  Notes notes;

  const RunReport report = session.execute(
      {.name = "test.sql", .text = "SELECT 1 AS a WHERE (1 = NULL) IS NULL;"}, notes);

  EXPECT_THAT(codes(report.problems), ElementsAre("S0301"));
  EXPECT_THAT(notes.notes, ElementsAre("warning S0301", "1"));
}

TEST(SessionScriptsTest, EveryExampleOfAnAggregateYieldsItsResult) {
  Session session;
  for (const FunctionDoc& function : function_docs()) {
    if (function.category == "aggregate") {
      Notes notes;
      session.execute({.name = "test.sql",
                       .text = "SELECT CAST(" + function.example + " AS TEXT) FROM " +
                               aggregate_rows_of_examples()},
                      notes);
      EXPECT_THAT(notes.notes, ElementsAre(function.result)) << function.example;
    }
  }
}

}  // namespace
}  // namespace thalweg
