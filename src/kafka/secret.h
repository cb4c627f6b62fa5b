#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/env.h"
#include "thalweg/kafka/connection.h"

namespace thalweg::kafka {

// The one way to a secret's text.
struct SecretReader {
  static const std::string& text(const Secret& secret) { return secret.text_; }
};

// Where files may lie that settings name; none: anywhere.
using Directories = std::vector<std::string>;

// Refuses a path that is outside of all directories, or gets out of them by ".." or links.
Error check_path(const std::string& path, const Directories& directories, std::string_view what);

// What a reference stands for: "${file:PATH}", without the newline at the file's end, or
// "${env:NAME}"; any other text is itself. `what` names the setting in errors, which never show the
// value.
Expected<std::string> resolve_reference(Env& env, const std::string& text,
                                        const Directories& directories, std::string_view what);

// The whole of a small file.
Expected<std::string> read_small_file(Env& env, const std::string& path, std::string_view what);

}  // namespace thalweg::kafka
