#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// Of these names of a folder: one that the rotation of the log `name` gives to what was written
// after `renamed`, which is another of them. None: what was renamed last is `renamed`. Numbers of
// up to four digits count back (`app.log.1` is later than `app.log.2.gz`), and names with six
// digits or more go by their order (`app.log-20260102`); any other is no log of this one's rotation
// (`app.log.pos`).
std::optional<std::string> rotated_since(std::string_view name, std::string_view renamed,
                                         const std::vector<std::string>& names);

}  // namespace thalweg
