#include "kafka/client_config.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "kafka/secret.h"
#include "kafka/setting_table.h"

namespace thalweg::kafka {
namespace {

Error wrong(std::string message) { return {ErrorKind::kConfiguration, "", std::move(message)}; }

bool serves(const SettingSpec& spec, Side side) {
  return spec.side == Side::kBoth || spec.side == side;
}

std::string_view name_of(SaslMechanism mechanism) {
  switch (mechanism) {
    case SaslMechanism::kNone:
      return "";
    case SaslMechanism::kPlain:
      return "PLAIN";
    case SaslMechanism::kScramSha256:
      return "SCRAM-SHA-256";
    case SaslMechanism::kScramSha512:
      return "SCRAM-SHA-512";
    case SaslMechanism::kOauthBearer:
      return "OAUTHBEARER";
  }
  return "";
}

void put(SettingValues& values, std::string name, std::string value) {
  if (!value.empty()) {
    values[std::move(name)] = std::move(value);
  }
}

void put_security(SettingValues& values, const Security& security) {
  put(values, "ssl.ca.location", security.ca_file);
  put(values, "ssl.certificate.location", security.certificate_file);
  put(values, "ssl.key.location", security.key_file);
  put(values, "ssl.key.password", SecretReader::text(security.key_password));
  put(values, "sasl.mechanism", std::string(name_of(security.mechanism)));
  put(values, "sasl.username", security.username);
  put(values, "sasl.password", SecretReader::text(security.password));
}

// What the security protocol is where nobody has said it.
std::string protocol_of(const SettingValues& values, const Security& security) {
  const bool sasl = values.find("sasl.mechanism") != values.end();
  return security.tls ? (sasl ? "sasl_ssl" : "ssl") : (sasl ? "sasl_plaintext" : "plaintext");
}

Error check_sasl(const SettingValues& values, const Security& security) {
  const auto mechanism = values.find("sasl.mechanism");
  const bool has_user = values.find("sasl.username") != values.end();
  const bool has_password = values.find("sasl.password") != values.end();
  if (mechanism == values.end()) {
    return has_user || has_password || !security.token_file.empty()
               ? wrong(
                     "a user, password or token is given, and no sasl.mechanism: PLAIN, "
                     "SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER")
               : Error();
  }
  if (mechanism->second != "OAUTHBEARER" && !security.token_file.empty()) {
    return wrong(fmt::format("{} goes with sasl.mechanism OAUTHBEARER, and that is {}",
                             kTokenFileSetting, mechanism->second));
  }
  if (mechanism->second == "OAUTHBEARER") {
    return security.token || !security.token_file.empty()
               ? Error()
               : wrong(
                     fmt::format("sasl.mechanism OAUTHBEARER needs {}, a file with a token; or, in "
                                 "a C++ program, Security::token, a function",
                                 kTokenFileSetting));
  }
  return has_user && has_password
             ? Error()
             : wrong(fmt::format("sasl.mechanism {} needs sasl.username and sasl.password",
                                 mechanism->second));
}

// What is asked for must come true: a certificate, or a user, that is not used is a mistake.
Error check_security(const SettingValues& values, const Security& security) {
  const std::string& protocol = values.at("security.protocol");
  const bool tls = protocol == "ssl" || protocol == "sasl_ssl";
  const bool sasl = protocol.starts_with("sasl_");
  for (const auto& [name, value] : values) {
    // One of them has a default.
    if (!tls && name.starts_with("ssl.") && name != "ssl.endpoint.identification.algorithm") {
      return wrong(
          fmt::format("{} is given, and TLS is not asked for: security.protocol ssl or sasl_ssl "
                      "does",
                      name));
    }
  }
  if (sasl != (values.find("sasl.mechanism") != values.end())) {
    return wrong(
        fmt::format("security.protocol {} and sasl.mechanism do not go together", protocol));
  }
  return check_sasl(values, security);
}

Error resolve(Env& env, const Connection& connection, SettingValues& values) {
  for (auto& [name, value] : values) {
    const SettingSpec* const spec = find_setting(name);
    const bool is_text =
        spec != nullptr && (spec->type == SettingType::kText || spec->type == SettingType::kPath ||
                            spec->type == SettingType::kSecret);
    if (!is_text) {
      continue;
    }
    Expected<std::string> text = resolve_reference(env, value, connection.file_directories, name);
    if (!text) {
      return text.error();
    }
    value = std::move(*text);
    if (spec->type == SettingType::kPath) {
      if (Error outside = check_path(value, connection.file_directories, name)) {
        return outside;
      }
    }
  }
  return {};
}

}  // namespace

Expected<SettingValues> setting_values(Env& env, const Connection& connection, Side side,
                                       const SettingValues& fields) {
  SettingValues values;
  for (const SettingSpec& spec : setting_specs()) {
    if (spec.is_our_default && serves(spec, side)) {
      values[std::string(spec.name)] = spec.default_value;
    }
  }
  const Security security = with_own_settings(connection).security;
  put(values, "bootstrap.servers", connection.brokers);
  put(values, "client.id", connection.client_id);
  put_security(values, security);
  for (const auto& [name, value] : fields) {
    values[name] = value;
  }
  SettingValues given;
  for (const auto& [name, value] : connection.properties) {
    if (Error problem = check_setting(name, value, side)) {
      return problem;
    }
    const std::string own(find_setting(name)->name);
    if (!given.emplace(own, value).second) {
      return wrong(fmt::format("{} is given twice", own));
    }
    if (own != kTokenFileSetting) {
      values[own] = value;
    }
  }
  if (values.find("bootstrap.servers") == values.end()) {
    return wrong("no brokers are given; they are as \"localhost:9092\"");
  }
  values.emplace("security.protocol", protocol_of(values, security));
  if (Error problem = check_security(values, security)) {
    return problem;
  }
  if (Error problem = resolve(env, connection, values)) {
    return problem;
  }
  if (security.insecure_accept_any_certificate) {
    values["enable.ssl.certificate.verification"] = "false";
  }
  return values;
}

Connection with_own_settings(Connection connection) {
  std::erase_if(connection.properties, [&](const auto& property) {
    const bool is_token_file = without_prefix(property.first) == kTokenFileSetting;
    if (is_token_file) {
      connection.security.token_file = property.second;
    }
    return is_token_file;
  });
  return connection;
}

Connection for_side(Connection connection, Side side) {
  std::erase_if(connection.properties, [&](const auto& property) {
    const SettingSpec* const spec = find_setting(property.first);
    return spec != nullptr && !serves(*spec, side);
  });
  return connection;
}

Expected<ConfPtr> make_conf(Env& env, const Connection& connection, Side side,
                            const SettingValues& fields) {
  Expected<SettingValues> values = setting_values(env, connection, side, fields);
  if (!values) {
    return values.error();
  }
  ConfPtr conf(rd_kafka_conf_new());
  for (const auto& [name, value] : *values) {
    std::array<char, 512> why{};
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why.data(), why.size()) !=
        RD_KAFKA_CONF_OK) {
      // librdkafka's reason may repeat the value.
      const SettingSpec* const spec = find_setting(name);
      const bool is_secret = spec != nullptr && spec->type == SettingType::kSecret;
      return wrong(is_secret ? fmt::format("{} is not one that librdkafka takes", name)
                             : fmt::format("{}: {}", name, static_cast<const char*>(why.data())));
    }
  }
  return conf;
}

}  // namespace thalweg::kafka
