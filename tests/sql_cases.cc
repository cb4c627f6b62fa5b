// Runs the cases of tests/sql/ through the public interface, each in every way a script may run:
// the rows must be the same each time. The last line is `N passed, N failed`.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "case_file.h"
#include "thalweg/session.h"

namespace thalweg::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kAllRows = 1 << 20;

struct Mode {
  std::string name;
  SessionOptions options;
};

// Jobs that crash and go on, again and again.
Mode crash_mode(std::uint64_t seed) {
  Mode mode{.name = "crashes by seed " + std::to_string(seed), .options = {}};
  mode.options.batch_rows = seed % 3 == 0 ? 1 : 7;
  mode.options.interleaving_seed = seed;
  mode.options.crash_seed = seed;
  mode.options.state = {.directory = "state", .name = "case"};
  return mode;
}

SessionOptions options_of(std::uint32_t workers, std::uint32_t batch_rows) {
  SessionOptions options;
  options.workers = workers;
  options.batch_rows = batch_rows;
  return options;
}

std::vector<Mode> every_mode() {
  std::vector<Mode> modes;
  for (const std::uint32_t workers : {1u, 4u}) {
    for (const std::uint32_t batch_rows : {kAllRows, 7u, 1u}) {
      const std::string batch = batch_rows == kAllRows ? "all" : std::to_string(batch_rows);
      modes.push_back({std::to_string(workers) + " workers, batches of " + batch,
                       options_of(workers, batch_rows)});
    }
  }
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    modes.push_back({"4 workers stepped by seed " + std::to_string(seed), options_of(4, 7)});
    modes.back().options.interleaving_seed = seed;
  }
  for (const std::uint64_t seed : {1u, 2u}) {
    modes.push_back(crash_mode(seed));
  }
  return modes;
}

std::string csv_field(const std::string& text) {
  if (!text.empty() && text != "NULL" && text.find_first_of("\",\n\r") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted.append(c == '"' ? 2 : 1, c);
  }
  return quoted + '"';
}

// Keeps the answers of a script as CSV lines, changes applied.
class Collector : public ResultReceiver {
 public:
  void begin(const ResultHeader& header) override {
    std::string line;
    for (const ResultHeader::Column& column : header.columns) {
      line += (line.empty() ? "" : ",") + csv_field(column.name);
    }
    answers_[header.statement] = {std::move(line)};
  }

  bool rows(const ResultHeader& header, const Rows& rows) override {
    std::vector<std::string>& lines = answers_[header.statement];
    for (std::uint32_t row = 0; row < rows.count(); ++row) {
      std::string line = csv_line(rows, row, header.columns.size());
      if (rows.change(row) > 0) {
        lines.push_back(std::move(line));
        continue;
      }
      const auto taken = std::find(lines.begin() + 1, lines.end(), line);
      if (taken == lines.end()) {
        lines.push_back("(taken back without having been there) " + line);
      } else {
        lines.erase(taken);
      }
    }
    return true;
  }

  // In the order of the statements; the header first in each.
  std::vector<std::vector<std::string>> take() {
    std::vector<std::vector<std::string>> all;
    for (auto& [statement, lines] : answers_) {
      all.push_back(std::move(lines));
    }
    return all;
  }

 private:
  static std::string csv_line(const Rows& rows, std::uint32_t row, std::size_t columns) {
    std::string line;
    for (std::uint32_t column = 0; column < columns; ++column) {
      line += column == 0 ? "" : ",";
      line += rows.is_null(row, column) ? "NULL" : csv_field(rows.text(row, column));
    }
    return line;
  }

  std::map<std::size_t, std::vector<std::string>> answers_;
};

// The lines as they stand in a case file, where a field may hold newlines.
std::vector<std::string> physical_lines(const std::vector<std::string>& lines, bool ordered) {
  std::vector<std::string> sorted = lines;
  if (!ordered && !sorted.empty()) {
    std::sort(sorted.begin() + 1, sorted.end());
  }
  std::vector<std::string> physical;
  for (const std::string& line : sorted) {
    for (std::size_t begin = 0; begin <= line.size();) {
      const std::size_t end = std::min(line.find('\n', begin), line.size());
      physical.push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return physical;
}

// An expected row may span lines: joins those with an open quote.
std::vector<std::string> logical_lines(const std::vector<std::string>& lines) {
  std::vector<std::string> logical;
  bool open = false;
  for (const std::string& line : lines) {
    if (open) {
      logical.back() += '\n' + line;
    } else {
      logical.push_back(line);
    }
    open ^= std::count(line.begin(), line.end(), '"') % 2 == 1;
  }
  return logical;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += "    " + line + "\n";
  }
  return text;
}

std::string compare_rows(const std::vector<ExpectedRows>& expected,
                         const std::vector<std::vector<std::string>>& actual) {
  if (expected.size() != actual.size()) {
    return "  " + std::to_string(expected.size()) + " answers expected, " +
           std::to_string(actual.size()) + " came\n";
  }
  std::string difference;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const bool ordered = expected[i].ordered;
    const auto want = physical_lines(logical_lines(expected[i].lines), ordered);
    const auto got = physical_lines(actual[i], ordered);
    if (want != got) {
      difference += "  answer " + std::to_string(i + 1) + ": expected\n" + joined(want) +
                    "  but came\n" + joined(got);
    }
  }
  return difference;
}

std::string compare_counts(const std::map<std::string, std::size_t>& expected,
                           const RunProgress& summary) {
  std::map<std::string, std::size_t> actual;
  for (const RunProgress::Rejected& rejected : summary.rejected) {
    actual[rejected.reason] = rejected.rows;
  }
  if (actual == expected) {
    return "";
  }
  std::string difference = "  rejected rows differ:";
  for (const auto& [reason, rows] : expected) {
    difference += " expected " + reason + " " + std::to_string(rows) + ";";
  }
  for (const auto& [reason, rows] : actual) {
    difference += " came " + reason + " " + std::to_string(rows) + ";";
  }
  for (const RunProgress::Sample& sample : summary.samples) {
    difference += "\n    " + sample.origin + ": " + sample.reason + ": " + sample.detail;
  }
  return difference + "\n";
}

std::string texts_of(const RunReport& report, bool errors) {
  std::string text;
  for (const Problem& problem : report.problems) {
    text += problem.is_error == errors ? problem.text : "";
  }
  return text;
}

std::string compare_problems(const std::optional<std::string>& expected,
                             const std::string& actual) {
  if (actual == expected.value_or("")) {
    return "";
  }
  return "  expected problems:\n" + expected.value_or("") + "  but came:\n" + actual;
}

// What differs from what the case expects; empty when nothing does.
std::string run_case(const Case& one, const SessionOptions& options) {
  Session session(options);
  Collector collector;
  const RunReport report = session.execute({.name = "case.sql", .text = one.sql}, collector);
  std::string difference = compare_problems(one.error, texts_of(report, true));
  if (one.warning) {
    difference += compare_problems(one.warning, texts_of(report, false));
  }
  if (!difference.empty()) {
    return difference;
  }
  if (one.error) {
    return report.outcome == Outcome::kDone ? "  the script ran all the same\n" : "";
  }
  return compare_rows(one.rows, collector.take()) + compare_counts(one.rejected, report.summary);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// An empty working directory for each case, gone at the end. In memory where there is such a place:
// a crash of a job under test is none of the machine, so that no disk need be waited for.
class Sandbox {
 public:
  Sandbox() : folder_(place() / fs::path("thalweg-cases-XXXXXX")) {
    std::string name = folder_.string();
    folder_ = mkdtemp(name.data());
    fs::current_path(folder_);
  }
  ~Sandbox() {
    fs::current_path("/");
    fs::remove_all(folder_);
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  void fill(const Case& one, const fs::path& data) {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      fs::remove_all(entry);
    }
    for (const auto& [name, content] : one.inputs) {
      std::ofstream(folder_ / name, std::ios::binary) << content;
    }
    for (const std::string& name : one.data) {
      fs::create_symlink(data / name, folder_ / name);
    }
  }

 private:
  static fs::path place() {
    const fs::path memory = "/dev/shm";
    return fs::is_directory(memory) ? memory : fs::temp_directory_path();
  }

  fs::path folder_;
};

struct Arguments {
  bool once = false;
  std::uint64_t crashes = 0;  // Only that many crash modes.
  std::string filter;
  fs::path folder = "tests/sql";
};

Arguments parse_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--once") {
      arguments.once = true;
    } else if (words[i] == "--crashes" && i + 1 < words.size()) {
      arguments.crashes = std::stoull(words[++i]);
    } else if (words[i] == "--filter" && i + 1 < words.size()) {
      arguments.filter = words[++i];
    } else {
      arguments.folder = words[i];
    }
  }
  return arguments;
}

struct Totals {
  int passed = 0;
  int failed = 0;
};

class Runner {
 public:
  explicit Runner(Arguments arguments)
      : arguments_(std::move(arguments)),
        data_(fs::absolute(arguments_.folder / "../../examples/data")),
        modes_(every_mode()) {
    if (arguments_.once) {
      modes_ = {{"2 workers", options_of(2, 7)}, crash_mode(3)};
    }
    if (arguments_.crashes > 0) {
      modes_.clear();
      for (std::uint64_t seed = 1; seed <= arguments_.crashes; ++seed) {
        modes_.push_back(crash_mode(seed));
      }
    }
  }

  void run_file(const fs::path& path, const std::string& text) {
    std::string problem;
    const std::vector<Case> cases = parse_cases(text, problem);
    if (!problem.empty()) {
      fail(path.filename().string(), problem + "\n");
    }
    for (const Case& one : cases) {
      const std::string name = path.stem().string() + "/" + one.name;
      if (name.find(arguments_.filter) != std::string::npos) {
        run_modes(name, one);
      }
    }
  }

  const Totals& totals() const { return totals_; }

 private:
  void run_modes(const std::string& name, const Case& one) {
    for (const Mode& mode : modes_) {
      sandbox_.fill(one, data_);
      const std::string difference = run_case(one, mode.options);
      if (!difference.empty()) {
        fail(name + " (line " + std::to_string(one.line) + ", " + mode.name + ")", difference);
        return;
      }
    }
    ++totals_.passed;
  }

  void fail(const std::string& name, const std::string& difference) {
    ++totals_.failed;
    std::printf("FAILED %s\n%s", name.c_str(), difference.c_str());
    std::fflush(stdout);
  }

  Arguments arguments_;
  fs::path data_;
  std::vector<Mode> modes_;
  Sandbox sandbox_;
  Totals totals_;
};

int run(const std::vector<std::string>& words) {
  const Arguments arguments = parse_arguments(words);
  std::map<fs::path, std::string> files;  // Read before the sandbox changes the directory.
  for (const auto& entry : fs::directory_iterator(arguments.folder)) {
    if (entry.path().extension() == ".cases") {
      files[entry.path()] = read_file(entry.path());
    }
  }
  Runner runner(arguments);
  for (const auto& [path, text] : files) {
    runner.run_file(path, text);
  }
  std::printf("%d passed, %d failed\n", runner.totals().passed, runner.totals().failed);
  return runner.totals().failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace thalweg::tests

int main(int argc, char** argv) { return thalweg::tests::run({argv, argv + argc}); }
