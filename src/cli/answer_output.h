#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "command_line.h"
#include "live_tables.h"
#include "screen.h"
#include "thalweg/output.h"

namespace thalweg::cli {

// Writes answers to standard output in the format asked for, and shows on a terminal those that
// change as tables; says of an answer without rows why it has none, and of a script what is
// doubtful in it before it runs.
class AnswerOutput final : public ResultReceiver {
 public:
  AnswerOutput(const CommandLine& line, Screen& screen);

  void warning(const Problem& problem) override;
  void resuming(const ResumedRun& run) override;
  void at_least_once(const std::vector<std::string>& sinks) override;
  void waiting(std::string_view why) override;
  void begin(const ResultHeader& header) override;
  bool rows(const ResultHeader& header, const Rows& rows) override;
  void end(const ResultHeader& header, const RunProgress& summary) override;
  void explanation(std::string_view text) override { inner_->explanation(text); }

  // After the run: shows what stood of answers that have not come to their end.
  void close();

  // Whether there has been a query whose rows were asked for.
  bool has_answered() const { return has_answered_; }

 private:
  bool is_live(const ResultHeader& header) const;
  void end_live(std::size_t statement);

  const CommandLine& line_;
  Screen& screen_;
  bool has_written_ = false;
  const std::unique_ptr<ResultReceiver> inner_;
  std::optional<LiveTables> live_;             // From the first answer that changes on.
  std::map<std::size_t, std::uint64_t> rows_;  // By statement; several may come interleaved.
  bool has_answered_ = false;
};

void show_problems(const std::vector<Problem>& problems, bool json);

// What warning() has not shown.
void show_errors(const RunReport& report, bool json);

}  // namespace thalweg::cli
