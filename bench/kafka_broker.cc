#include "kafka_broker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <utility>

namespace thalweg::bench {
namespace {

std::string command(const char* verb, const std::string& folder) {
  return fmt::format("python3 '{}/../tests/kafka/broker.py' {} '{}'", THALWEG_BENCH_DIR, verb,
                     folder);
}

Status status_of(const kafka::Error& error) {
  return error ? unavailable(error.message()) : Status();
}

}  // namespace

Result<KafkaBroker> KafkaBroker::start(std::string folder) {
  const std::string starting = command("start", folder);
  std::FILE* const pipe = popen(starting.c_str(), "r");
  char line[64] = {};
  const bool told = pipe != nullptr && std::fscanf(pipe, "%63s", line) == 1;
  if (pipe == nullptr || pclose(pipe) != 0 || !told) {
    return unavailable("this did not work: " + starting);
  }
  auto admin = kafka::Admin::open({.connection = {.brokers = line}});
  if (!admin) {
    return unavailable(admin.error().message());
  }
  return KafkaBroker(std::move(folder), line, std::move(*admin));
}

KafkaBroker::KafkaBroker(std::string folder, std::string address, kafka::Admin admin)
    : folder_(std::move(folder)),
      address_(std::move(address)),
      admin_(std::make_unique<kafka::Admin>(std::move(admin))) {}

KafkaBroker::~KafkaBroker() {
  if (admin_ && std::system(command("stop", folder_).c_str()) != 0) {
    fmt::print(stderr, "the broker in {} may still run\n", folder_);
  }
}

Status KafkaBroker::make_topic(const std::string& name) const {
  const kafka::Error deleting = admin_->delete_topic(name);
  if (deleting && deleting.kind() != kafka::ErrorKind::kConfiguration) {
    return unavailable(deleting.message());
  }
  TW_TRY(
      status_of(admin_->create_topic({.name = name, .settings = {{"file.delete.delay.ms", "0"}}})));
  return wait_for(name);
}

// A topic is there a moment after its creation has been answered.
Status KafkaBroker::wait_for(const std::string& topic) const {
  constexpr int kTriesMax = 500;
  constexpr std::chrono::milliseconds kPause{10};
  for (int tries = 0; tries < kTriesMax; ++tries) {
    if (end_offset(topic).ok()) {
      return {};
    }
    std::this_thread::sleep_for(kPause);
  }
  return unavailable("topic " + topic + " does not come");
}

Result<std::int64_t> KafkaBroker::end_offset(const std::string& topic) const {
  const auto described = admin_->describe_topic(topic);
  if (!described) {
    return unavailable(described.error().message());
  }
  return described->partitions.at(0).end;
}

Result<double> KafkaBroker::processor_seconds() const {
  int pid = 0;
  std::ifstream(folder_ + "/pid") >> pid;
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string word;
  for (int field = 1; field < 14; ++field) {  // The 14th and 15th, as proc(5) counts.
    stat >> word;
  }
  std::uint64_t user = 0;
  std::uint64_t kernel = 0;
  if (!(stat >> user >> kernel)) {
    return unavailable("no broker runs in " + folder_);
  }
  return static_cast<double>(user + kernel) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

Contestant KafkaBroker::timed(std::function<Status(Answer&)> run) const {
  return [this, run = std::move(run)](Answer& answer) -> Result<double> {
    TW_TRY_ASSIGN(const double broker_begin, processor_seconds());
    const double begin = seconds_now(Clock::kProcessor);
    TW_TRY(run(answer));
    const double ours = seconds_now(Clock::kProcessor) - begin;
    TW_TRY_ASSIGN(const double broker_end, processor_seconds());
    return ours + broker_end - broker_begin;
  };
}

Contestant KafkaBroker::timed_filling(const std::string& topic, std::function<Status()> run) const {
  return [this, topic, run = std::move(run)](Answer& answer) -> Result<double> {
    TW_TRY(make_topic(topic));
    TW_TRY_ASSIGN(const double taken, timed([&](Answer& /*answer*/) { return run(); })(answer));
    TW_TRY_ASSIGN(const std::int64_t held, end_offset(topic));
    answer.add(std::array<const std::int64_t*, 1>{&held}, 1);
    return taken;
  };
}

}  // namespace thalweg::bench
