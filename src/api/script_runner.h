#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "api/engine.h"

namespace thalweg {

// Takes every row and shows none.
class NoReceiver : public ResultReceiver {
 public:
  bool rows(const ResultHeader& /*header*/, const Rows& /*rows*/) override { return true; }
};

// Runs the statements of a bound script in order: INSERTs that stand together as one job, unless
// one reads or writes what another writes, and queries by themselves; except that what comes after
// an INSERT without end runs beside it.
class ScriptRunner {
 public:
  ScriptRunner(Engine& engine, ResultReceiver& receiver) : engine_(engine), receiver_(receiver) {}

  Status run(const Engine::BoundScript& script);

 private:
  Status run_statement(std::size_t statement, const sql::BoundStatement& bound);
  Status run_query(std::size_t statement, const sql::BoundQuery& query);
  Status run_explain(const sql::BoundExplain& explain);
  void show_rows(std::size_t statement, const sql::BoundRows& rows);
  void add(std::size_t statement, const sql::BoundQuery& query);
  bool reads_written(const plan::Node& sink) const;
  Status flush();

  Engine& engine_;
  ResultReceiver& receiver_;
  plan::Plan pending_;
  std::vector<Answer> answers_;
  std::set<const Table*> written_;  // By the INSERTs among pending_.
  bool pending_bounded_ = true;
};

ResultHeader header_of(std::size_t statement, const sql::BoundQuery& query);

// The first statement whose rows would come between those of another, for they run together.
std::optional<std::size_t> first_interleaved(const Engine::BoundScript& script);

// Every query and INSERT of the script, in one plan.
plan::Plan plan_of(const Engine::BoundScript& script);

// A plan as text or JSON with what its operators have done.
std::string analyzed_text(const RunProgress& progress, bool json);

}  // namespace thalweg
