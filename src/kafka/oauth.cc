#include "kafka/oauth.h"

#include <absl/strings/escaping.h>
#include <simdjson.h>

#include <utility>

#include "kafka/setting_table.h"

namespace thalweg::kafka {
namespace {

Error wrong(std::string message) { return {ErrorKind::kConfiguration, "", std::move(message)}; }

constexpr std::string_view kWhat = "the OAUTHBEARER token";

}  // namespace

Expected<OauthToken> parse_token(std::string_view text) {
  const std::size_t first = text.find('.');
  const std::size_t second = text.find('.', first == text.npos ? first : first + 1);
  if (second == std::string_view::npos) {
    return wrong(std::string(kWhat) + " is no JSON web token (header.claims.signature)");
  }
  const absl::string_view encoded(text.data() + first + 1, second - first - 1);
  std::string claims;
  if (!absl::WebSafeBase64Unescape(encoded, &claims)) {
    return wrong(std::string(kWhat) + "'s claims are not base64url");
  }
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  double expires = 0;  // Seconds, which may have a fraction.
  std::string_view subject;
  if (parser.parse(claims).get(json) != simdjson::SUCCESS ||
      json["exp"].get(expires) != simdjson::SUCCESS ||
      json["sub"].get(subject) != simdjson::SUCCESS) {
    return wrong(std::string(kWhat) + " has no \"exp\" and \"sub\" among its claims");
  }
  return OauthToken{.token = std::string(text),
                    .expires = {static_cast<std::int64_t>(expires * 1'000'000)},
                    .principal = std::string(subject)};
}

Expected<OauthToken> read_token_file(Env& env, const std::string& path,
                                     const Directories& directories) {
  Expected<std::string> text =
      resolve_reference(env, "${file:" + path + "}", directories, kTokenFileSetting);
  if (!text) {
    return text.error();
  }
  return parse_token(*text);
}

}  // namespace thalweg::kafka
