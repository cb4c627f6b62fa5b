#pragma once

#include <string>
#include <string_view>

#include "env/env.h"
#include "kafka/secret.h"
#include "thalweg/kafka/connection.h"

namespace thalweg::kafka {

// A JSON web token (RFC 7519) with what librdkafka wants to know of it: when it expires (`exp`)
// and whose it is (`sub`). Not verified: that is the broker's part.
Expected<OauthToken> parse_token(std::string_view text);

Expected<OauthToken> read_token_file(Env& env, const std::string& path,
                                     const Directories& directories);

}  // namespace thalweg::kafka
