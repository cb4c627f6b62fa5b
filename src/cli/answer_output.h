#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "command_line.h"
#include "screen.h"
#include "thalweg/output.h"

namespace thalweg::cli {

// Writes answers to standard output in the format asked for; says of an answer without rows why it
// has none, and of a script what is doubtful in it before it runs.
class AnswerOutput final : public ResultReceiver {
 public:
  AnswerOutput(const CommandLine& line, Screen& screen);

  void warning(const Problem& problem) override;
  void begin(const ResultHeader& header) override;
  bool rows(const ResultHeader& header, const Rows& rows) override;
  void end(const ResultHeader& header, const RunProgress& summary) override;
  void explanation(std::string_view text) override { inner_->explanation(text); }

  // Whether there has been a query whose rows were asked for.
  bool has_answered() const { return has_answered_; }

 private:
  const CommandLine& line_;
  Screen& screen_;
  const std::unique_ptr<ResultReceiver> inner_;
  std::map<std::size_t, std::uint64_t> rows_;  // By statement; several may come interleaved.
  bool has_answered_ = false;
};

void show_problems(const std::vector<Problem>& problems, bool json);

// What warning() has not shown.
void show_errors(const RunReport& report, bool json);

}  // namespace thalweg::cli
