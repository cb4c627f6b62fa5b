#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "thalweg/kafka/error.h"
#include "thalweg/timestamp.h"

namespace thalweg::kafka {

// A password or a key. No function shows it; in a message it is "***". Better than the text itself
// is a reference, read when a client is made: "${file:/run/secrets/kafka}" (the file's text without
// the newline at its end) or "${env:KAFKA_PASSWORD}".
class Secret {
 public:
  Secret() = default;
  Secret(std::string text) : text_(std::move(text)) {}  // NOLINT: implicit, for initialisers.
  Secret(const char* text) : text_(text) {}             // NOLINT

  bool empty() const { return text_.empty(); }

 private:
  friend struct SecretReader;
  std::string text_;
};

enum class SaslMechanism : std::uint8_t {
  kNone,
  kPlain,  // Sends the password as it is: only over TLS.
  kScramSha256,
  kScramSha512,
  kOauthBearer,
};

struct OauthToken {
  Secret token;
  Timestamp expires;
  std::string principal;
  std::map<std::string, std::string> extensions = {};
};

struct Security {
  bool tls = false;
  std::string ca_file = {};  // PEM; empty: the certificates that the system trusts.
  // For mTLS: this client's own certificate and key, PEM.
  std::string certificate_file = {};
  std::string key_file = {};
  Secret key_password = {};
  // Trusts any broker, whatever certificate it shows. Only for trying things out.
  bool insecure_accept_any_certificate = false;

  SaslMechanism mechanism = SaslMechanism::kNone;
  std::string username = {};
  Secret password = {};
  // OAUTHBEARER: where tokens come from, asked again before each expires, in a thread of the
  // client.
  std::function<Expected<OauthToken>()> token = {};
  // Instead: a file with a JSON web token, read again before it expires.
  std::string token_file = {};
};

// What every client needs to reach a cluster.
struct Connection {
  std::string brokers;  // "host:port,host:port": some of them; the others are asked for.
  std::string client_id = "thalweg";
  Security security = {};
  // Further settings by librdkafka's names, with or without "properties." before them; see
  // setting_docs(). One given here takes the place of the field for it. Values may be references as
  // a Secret is.
  std::map<std::string, std::string> properties = {};
  // Where files with secrets, keys and certificates may lie; empty: anywhere.
  std::vector<std::string> file_directories = {};
  // Gets what librdkafka has to say, in threads of its own; `level` as syslog's. Otherwise nobody.
  std::function<void(int level, std::string_view line)> on_log = {};
  // Told when no broker can be reached any more, and when one answers again; in any thread.
  std::function<void(bool away)> on_outage = {};
  // Asked, in any thread, while a producer's call waits for brokers: true ends it as if its time
  // were over, so that a program which is to end does so during an outage.
  std::function<bool()> gives_up = {};
};

// The side of a client that a setting is about.
enum class Side : std::uint8_t { kBoth, kProducer, kConsumer };

// A setting that may be given in Connection::properties.
struct SettingDoc {
  std::string name;  // librdkafka's.
  std::vector<std::string> aliases;
  Side side = Side::kBoth;
  std::string type;  // "text", "boolean", "integer", "choice", "path" or "secret".
  std::string default_value;
  std::string text;  // One line.
  std::vector<std::string> choices;
  std::int64_t smallest = 0;  // Of an integer.
  std::int64_t largest = 0;
};

std::vector<SettingDoc> setting_docs();

// Whether a setting may be given so to a client of that side: an unknown name is answered with the
// nearest one, one that is not allowed with the reason.
Error check_setting(std::string_view name, std::string_view value, Side side);

}  // namespace thalweg::kafka
