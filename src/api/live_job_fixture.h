#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/engine.h"
#include "env/fake_env.h"

// Jobs that run for as long as a test lets them, in a world whose clock the test moves.
namespace thalweg::fixture {

inline constexpr std::int64_t kSecond = 1'000'000;

// One line per row: values joined by blanks.
class LineReceiver final : public ResultReceiver {
 public:
  bool rows(const ResultHeader& header, const Rows& rows) override {
    const std::lock_guard lock(mutex_);
    for (std::uint32_t row = 0; row < rows.count(); ++row) {
      std::string line;
      for (std::uint32_t column = 0; column < header.columns.size(); ++column) {
        line += (column == 0 ? "" : " ") + rows.text(row, column);
      }
      lines_.push_back(std::move(line));
    }
    return true;
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;  // Guards lines_.
  std::vector<std::string> lines_;
};

// A row at so many seconds after the fake world's beginning.
inline std::string row_at(std::int64_t second) {
  return "{\"ts\":" + std::to_string(1'700'000'000'000 + second * 1000) + "}\n";
}

// A job over files that grow, while the test moves the clock.
class LiveJob {
 public:
  LiveJob(const std::string& options, const std::string& query, StateOptions state = {})
      : options_{.workers = 2, .state = std::move(state)} {
    engine_.emplace(env_, options_);
    script_.name = "test";
    script_.text =
        "CREATE TABLE t (ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '5 seconds') WITH "
        "(connector = 'file', path = 'part-*', format = 'json', follow = true" +
        options + ");\n" + query;
  }
  ~LiveJob() { stop(); }

  FakeEnv& env() { return env_; }

  void start() {
    thread_ = std::thread([this] { report_ = engine_->execute(script_, receiver_); });
  }

  // Of a job that keeps its state.
  void restart() {
    stop();
    engine_.emplace(env_, options_);
    start();
  }

  // Waits for the job, which runs by itself, to get there.
  bool reaches(const std::function<bool(const RunProgress&)>& condition,
               std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (condition(engine_->progress())) {
        return true;
      }
      std::this_thread::yield();
    }
    return false;
  }
  bool reads(std::uint64_t rows) {
    return reaches([&](const RunProgress& progress) { return progress.rows_in == rows; });
  }
  bool shows(std::size_t lines) {
    return reaches([&](const RunProgress&) { return receiver_.lines().size() >= lines; });
  }
  // Lets the clock go on, with `row` coming to part a now and then, until so many lines are there.
  // When exactly the job notices that a partition is silent is its own affair.
  bool shows_as_time_passes(std::size_t lines, const std::string& row = "") {
    for (int i = 0; i < 200; ++i) {
      env_.advance_micros(10 * kSecond);
      env_.append("part-a", row);
      if (reaches([&](const RunProgress&) { return receiver_.lines().size() >= lines; },
                  std::chrono::milliseconds(100))) {
        return true;
      }
    }
    return false;
  }
  std::vector<std::string> lines() { return receiver_.lines(); }
  RunProgress progress() { return engine_->progress(); }

 private:
  void stop() {
    engine_->request_stop();
    thread_.join();
  }

  FakeEnv env_;
  SessionOptions options_;
  std::optional<Engine> engine_;
  Script script_;
  LineReceiver receiver_;
  RunReport report_;
  std::thread thread_;
};

}  // namespace thalweg::fixture
