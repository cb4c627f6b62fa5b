#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "broker_fixture.h"

namespace thalweg::kafka {

// A broker of its own behind tests/kafka/proxy.py, which harms single requests on command.
class HarmedBroker {
 public:
  HarmedBroker() {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) {
      return;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    const std::string script = THALWEG_KAFKA_TESTS "/proxy.py";
    const std::array<const char*, 5> words{
        "python3", script.c_str(), "--set",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms=200", nullptr};
    ::posix_spawnp(&process_, words[0], &actions, nullptr, const_cast<char**>(words.data()),
                   environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    const std::string line = read_line(out[0]);
    ::close(out[0]);
    address_ = line.substr(0, line.find(' '));
    port_ = static_cast<std::uint16_t>(std::atoi(line.substr(line.rfind(':') + 1).c_str()));
  }
  HarmedBroker(const HarmedBroker&) = delete;
  HarmedBroker& operator=(const HarmedBroker&) = delete;
  ~HarmedBroker() {
    ::close(input_);  // It ends with its input.
    ::waitpid(process_, nullptr, 0);
  }

  const std::string& address() const { return address_; }

  // The answer to a command, which proxy.py describes.
  std::string tell(const std::string& command) const {
    const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string answer;
    const std::string line = command + "\n";
    if (::connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0 &&
        ::send(connection, line.data(), line.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(line.size())) {
      answer = read_line(connection);
    }
    ::close(connection);
    EXPECT_FALSE(answer.empty() || answer.starts_with("error")) << command << ": " << answer;
    return answer;
  }

 private:
  static std::string read_line(int from) {
    std::string line;
    for (char c = 0; ::read(from, &c, 1) == 1 && c != '\n';) {
      line += c;
    }
    return line;
  }

  pid_t process_ = -1;
  int input_ = -1;
  std::string address_;
  std::uint16_t port_ = 0;
};

// Tests whose clients reach their broker through the proxy.
class HarmedBrokerTest : public BrokerTest {
 protected:
  static void SetUpTestSuite() { broker_ = std::make_unique<HarmedBroker>(); }
  static void TearDownTestSuite() { broker_.reset(); }
  HarmedBrokerTest() { connection.brokers = broker_->address(); }

  // The rule's number.
  static std::string rule(const std::string& rule) { return broker_->tell("rule " + rule); }
  static void tell(const std::string& command) { broker_->tell(command); }

 private:
  static inline std::unique_ptr<HarmedBroker> broker_;
};

}  // namespace thalweg::kafka
