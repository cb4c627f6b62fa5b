// Every changelog, applied, is what the rows give that stand at the end: random rows that come and
// go, with NULLs, through the whole engine, against answers worked out row by row here.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/random_cases.h"
#include "thalweg/session.h"

namespace thalweg {
namespace {

using Value = std::optional<std::int64_t>;

struct Row {
  std::int64_t id = 0;
  Value k;
  Value v;
};

std::string text_of(const Value& value) { return value ? std::to_string(*value) : "NULL"; }

// An answer: its rows as text, sorted, each as often as it stands there.
using Answer = std::vector<std::string>;

// Applies changes as they come; notes a row that is taken back without being there.
class Applied : public ResultReceiver {
 public:
  bool rows(const ResultHeader& header, const Rows& rows) override {
    for (std::uint32_t row = 0; row < rows.count(); ++row) {
      std::string text;
      for (std::uint32_t column = 0; column < header.columns.size(); ++column) {
        text += column == 0 ? "" : "|";
        text += rows.is_null(row, column) ? "NULL" : rows.text(row, column);
      }
      int& standing = standing_[text];
      standing += rows.change(row);
      never_there_ = never_there_ || standing < 0;
    }
    return true;
  }

  Answer answer() const {
    Answer all;
    for (const auto& [text, count] : standing_) {
      all.insert(all.end(), static_cast<std::size_t>(std::max(count, 0)), text);
    }
    return all;
  }
  bool never_there() const { return never_there_; }

 private:
  std::map<std::string, int> standing_;
  bool never_there_ = false;
};

// A query over `log (id, k, v)`, and its answer over the rows that stand.
struct Question {
  const char* sql;
  std::function<Answer(const std::vector<Row>&)> answer;
};

std::map<Value, std::vector<Row>> by_key(const std::vector<Row>& rows) {
  std::map<Value, std::vector<Row>> groups;
  for (const Row& row : rows) {
    groups[row.k].push_back(row);
  }
  return groups;
}

struct Sums {
  std::int64_t rows = 0;
  std::int64_t values = 0;
  std::int64_t distinct = 0;
  Value sum;
  Value least;
  Value greatest;
};

Sums sums_of(const std::vector<Row>& rows) {
  Sums sums;
  std::set<std::int64_t> distinct;
  for (const Row& row : rows) {
    ++sums.rows;
    if (row.v) {
      ++sums.values;
      distinct.insert(*row.v);
      sums.sum = sums.sum.value_or(0) + *row.v;
      sums.least = std::min(sums.least.value_or(*row.v), *row.v);
      sums.greatest = std::max(sums.greatest.value_or(*row.v), *row.v);
    }
  }
  sums.distinct = static_cast<std::int64_t>(distinct.size());
  return sums;
}

// NULL behind all values, as in ORDER BY v.
bool comes_before(const Row& a, const Row& b) {
  if (a.v != b.v) {
    return a.v && (!b.v || *a.v < *b.v);
  }
  return a.id < b.id;
}

Answer group_sums(const std::vector<Row>& rows) {
  Answer answer;
  for (const auto& [key, group] : by_key(rows)) {
    const Sums sums = sums_of(group);
    answer.push_back(text_of(key) + '|' + std::to_string(sums.rows) + '|' +
                     std::to_string(sums.values) + '|' + std::to_string(sums.distinct) + '|' +
                     text_of(sums.sum) + '|' + text_of(sums.least) + '|' + text_of(sums.greatest));
  }
  return answer;
}

Answer sizes_of_groups(const std::vector<Row>& rows) {
  std::map<std::int64_t, std::int64_t> keys;
  for (const auto& [key, group] : by_key(rows)) {
    ++keys[static_cast<std::int64_t>(group.size())];
  }
  Answer answer;
  for (const auto& [size, count] : keys) {
    answer.push_back(std::to_string(size) + '|' + std::to_string(count));
  }
  return answer;
}

Answer distinct_pairs(const std::vector<Row>& rows) {
  std::set<std::string> pairs;
  for (const Row& row : rows) {
    pairs.insert(text_of(row.k) + '|' + text_of(row.v));
  }
  return {pairs.begin(), pairs.end()};
}

Answer first_rows(const std::vector<Row>& rows, std::size_t limit) {
  Answer answer;
  for (auto [key, group] : by_key(rows)) {
    std::sort(group.begin(), group.end(), comes_before);
    for (std::size_t i = 0; i < std::min(limit, group.size()); ++i) {
      answer.push_back(text_of(key) + '|' + std::to_string(group[i].id) + '|' +
                       text_of(group[i].v) + (limit > 1 ? '|' + std::to_string(i + 1) : ""));
    }
  }
  return answer;
}

Answer lists(const std::vector<Row>& rows) {
  Answer answer;
  for (auto [key, group] : by_key(rows)) {
    std::sort(group.begin(), group.end(), comes_before);
    std::string ids;
    for (const Row& row : group) {
      ids += (ids.empty() ? "" : ",") + std::to_string(row.id);
    }
    answer.push_back(text_of(key) + '|' + ids + '|' + text_of(group.front().v));
  }
  return answer;
}

Answer large_groups(const std::vector<Row>& rows) {
  Answer answer;
  for (const auto& [key, group] : by_key(rows)) {
    if (group.size() > 2) {
      answer.push_back(text_of(key));
    }
  }
  return answer;
}

// Each row with the sum of the two before it, itself and the next one of its key, its place among
// all by value, and how many values of its key are within 2 of its own.
Answer neighbours(const std::vector<Row>& rows) {
  Answer answer;
  for (auto [key, group] : by_key(rows)) {
    std::sort(group.begin(), group.end(), comes_before);
    for (std::size_t i = 0; i < group.size(); ++i) {
      Value sum;
      for (std::size_t j = i - std::min<std::size_t>(i, 2); j < std::min(i + 2, group.size());
           ++j) {
        sum = group[j].v ? sum.value_or(0) + *group[j].v : sum;
      }
      const auto less = std::count_if(rows.begin(), rows.end(), [&](const Row& row) {
        return row.v && (!group[i].v || *row.v < *group[i].v);
      });
      const auto near = std::count_if(group.begin(), group.end(), [&](const Row& row) {
        return row.v && group[i].v && std::abs(*row.v - *group[i].v) <= 2;
      });
      answer.push_back(std::to_string(group[i].id) + '|' + text_of(sum) + '|' +
                       std::to_string(less + 1) + '|' + std::to_string(near));
    }
  }
  return answer;
}

const std::vector<Question>& questions() {
  static const std::vector<Question> all = {
      {"SELECT k, count(*), count(v), count(DISTINCT v), sum(v), min(v), max(v) FROM log GROUP BY "
       "k",
       group_sums},
      {"SELECT n, count(*) FROM (SELECT k, count(*) AS n FROM log GROUP BY k) AS c GROUP BY n",
       sizes_of_groups},
      {"SELECT DISTINCT k, v FROM log", distinct_pairs},
      {"SELECT k, id, v, rn FROM (SELECT k, id, v, row_number() OVER (PARTITION BY k ORDER BY v, "
       "id) "
       "AS rn FROM log) AS r WHERE rn <= 3",
       [](const std::vector<Row>& rows) { return first_rows(rows, 3); }},
      {"SELECT DISTINCT ON (k) k, id, v FROM log ORDER BY k, v, id",
       [](const std::vector<Row>& rows) { return first_rows(rows, 1); }},
      {"SELECT k, string_agg(id::TEXT, ',' ORDER BY v, id), first_value(v ORDER BY v, id) FROM log "
       "GROUP BY k",
       lists},
      {"SELECT k FROM log GROUP BY k HAVING count(*) > 2", large_groups},
      {"SELECT id, sum(v) OVER (PARTITION BY k ORDER BY v, id ROWS BETWEEN 2 PRECEDING AND 1 "
       "FOLLOWING), rank() OVER (ORDER BY v), count(v) OVER (PARTITION BY k ORDER BY v RANGE "
       "BETWEEN 2 PRECEDING AND 2 FOLLOWING) FROM log",
       neighbours},
  };
  return all;
}

class RandomLog {
 public:
  explicit RandomLog(std::uint64_t seed) : random_(seed) {
    const std::int64_t changes = pick(0, 120);
    for (std::int64_t i = 0; i < changes; ++i) {
      change();
    }
  }

  const std::string& text() const { return text_; }
  const std::vector<Row>& standing() const { return standing_; }

 private:
  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  Value pick_value(std::int64_t high) {
    return pick(0, 7) == 0 ? std::nullopt : Value(pick(0, high));
  }

  void write(const char* op, const Row& row) {
    const auto json = [](const Value& value) { return value ? std::to_string(*value) : "null"; };
    text_ += std::string(R"({"op":")") + op + R"(","id":)" + std::to_string(row.id) + R"(,"k":)" +
             json(row.k) + R"(,"v":)" + json(row.v) + "}\n";
  }

  void change() {
    const std::int64_t kind = standing_.empty() ? 0 : pick(0, 9);
    if (kind < 5) {
      standing_.push_back({.id = next_id_++, .k = pick_value(4), .v = pick_value(9)});
      write("+I", standing_.back());
      return;
    }
    Row& row = standing_[static_cast<std::size_t>(
        pick(0, static_cast<std::int64_t>(standing_.size()) - 1))];
    if (kind < 8) {
      write("-U", row);
      row.k = pick(0, 2) == 0 ? pick_value(4) : row.k;
      row.v = pick_value(9);
      write("+U", row);
    } else {
      write("-D", row);
      row = standing_.back();
      standing_.pop_back();
    }
  }

  std::mt19937_64 random_;
  std::int64_t next_id_ = 0;
  std::string text_;
  std::vector<Row> standing_;
};

TEST(ChangelogRandomTest, AppliedChangesAreTheAnswerOverTheRowsThatStand) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("thalweg-changelog-" + std::to_string(::getpid()) + ".jsonl");
  for (std::uint64_t seed = 0; seed < random_cases(60); ++seed) {
    const RandomLog log(seed);
    std::ofstream(path) << log.text();
    const Question& question = questions()[seed % questions().size()];
    SessionOptions options;
    options.workers = static_cast<std::uint32_t>(1 + seed / questions().size() % 4);
    options.batch_rows = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 7 : 4096;
    options.interleaving_seed = seed;
    const std::string sql =
        "CREATE TABLE log (id BIGINT, k BIGINT, v BIGINT) WITH (connector = 'file', path = '" +
        path.string() + "', format = 'json', mode = 'changelog'" +
        (seed % 5 == 0 ? ", block_bytes = 100" : "") + "); " + question.sql +
        (seed % 2 == 0 ? " EMIT CHANGES;" : ";");
    Session session(options);
    Applied applied;
    const RunReport report = session.execute({.name = "random", .text = sql}, applied);
    ASSERT_EQ(report.outcome, Outcome::kDone)
        << "seed " << seed << ": " << (report.problems.empty() ? "" : report.problems[0].text);
    Answer expected = question.answer(log.standing());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(applied.answer(), expected) << "seed " << seed << ": " << sql << "\n" << log.text();
    EXPECT_FALSE(applied.never_there()) << "seed " << seed << ": " << sql << "\n" << log.text();
    EXPECT_EQ(report.summary.rows_rejected(), 0U) << "seed " << seed;
    if (HasFailure()) {
      break;
    }
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace thalweg
