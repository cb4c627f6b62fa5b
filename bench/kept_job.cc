#include "kept_job.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "api/engine.h"
#include "columnar/kernels.h"
#include "measure.h"
#include "thalweg/session.h"

namespace thalweg::bench {
namespace {

constexpr const char* kName = "bench";

// Takes the time of the first rows, and drops them all.
class Notes final : public ResultReceiver {
 public:
  explicit Notes(double begin) : begin_(begin) {}

  void resuming(const ResumedRun& resumed) override {
    run_.restore_seconds = resumed.seconds;
    run_.restored_rows = resumed.rows;
  }
  bool rows(const ResultHeader& /*header*/, const Rows& /*rows*/) override {
    if (run_.first_result_seconds == 0) {
      run_.first_result_seconds = seconds_now(Clock::kWall) - begin_;
    }
    return true;
  }
  KeptRun finish() {
    run_.seconds = seconds_now(Clock::kWall) - begin_;
    return run_;
  }

 private:
  const double begin_;
  KeptRun run_;
};

Status succeeded(const RunReport& report) {
  return report.outcome == Outcome::kDone
             ? Status()
             : invalid_argument(report.problems.empty() ? "the engine stopped"
                                                        : report.problems.front().text);
}

}  // namespace

Result<KeptRun> run(const KeptJob& job) {
  Notes notes(seconds_now(Clock::kWall));
  Engine engine(system_env(), {.workers = job.workers,
                               .state = {.directory = job.directory, .name = kName},
                               .checkpoint_interval_micros = job.interval_micros,
                               .checkpoint_rows = job.epoch_rows});
  const auto execute = [&](const std::string& text) {
    return succeeded(engine.execute({.name = "bench", .text = text}, notes));
  };
  // The connector stands for the program's own source.
  TW_TRY(execute(fmt::format("CREATE TABLE {} ({}) WITH (connector = 'stdin', format = 'json');",
                             job.table, job.columns)));
  const TablePtr input = engine.catalog().find_table(job.table);
  engine.program().sources[input.get()] =
      [&](const std::vector<std::uint32_t>& columns) -> Result<std::unique_ptr<Source>> {
    return make_made_source(job.input, columns);
  };
  TW_TRY(execute(job.query));
  return notes.finish();
}

Result<StateFolder> StateFolder::make(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::string path = folder + "/state_XXXXXX";
  if (error || ::mkdtemp(path.data()) == nullptr) {
    return unavailable("cannot make a folder in " + folder);
  }
  return StateFolder(std::move(path));
}

StateFolder::~StateFolder() {
  if (!path_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
}

StateFolder::StateFolder(StateFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

std::uint64_t StateFolder::bytes() const {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_, error)) {
    bytes += entry.is_regular_file(error) ? entry.file_size(error) : 0;
  }
  return bytes;
}

KeptJob many_groups(std::uint64_t groups) {
  const auto group_of = [groups](std::uint64_t row) {
    return row < groups ? row : hash_key(static_cast<std::int64_t>(row)) % groups;
  };
  return {.table = "input",
          .columns = "k BIGINT NOT NULL, v BIGINT NOT NULL",
          .query =
              "SELECT k, count(*) AS n, sum(v) AS s, min(v) AS low, max(v) AS high "
              "FROM input GROUP BY k EMIT CHANGES",
          .input = {.rows = groups, .make = [group_of](std::uint64_t begin, std::uint32_t count) {
                      std::vector<Column> columns;
                      columns.push_back(bigints(count, [&](std::uint32_t i) {
                        return static_cast<std::int64_t>(group_of(begin + i) * 7919);
                      }));
                      columns.push_back(bigints(count, [&](std::uint32_t i) {
                        return static_cast<std::int64_t>((begin + i) % 1000);
                      }));
                      return columns;
                    }}};
}

}  // namespace thalweg::bench
