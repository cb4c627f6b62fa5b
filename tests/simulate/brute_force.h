#pragma once

#include <string>
#include <vector>

#include "simulate/feed.h"

namespace thalweg::tests {

// What queries of the catalogue give over a feed that ends, row by row over all rows in memory, as
// the lines of JSON that a sink writes. Nothing of the engine is used.
std::vector<std::string> expect_filter(const Feed& feed);
std::vector<std::string> expect_tumble(const Feed& feed);
std::vector<std::string> expect_session(const Feed& feed);
std::vector<std::string> expect_group(const Feed& feed);
std::vector<std::string> expect_total(const Feed& feed);
std::vector<std::string> expect_top(const Feed& feed);
std::vector<std::string> expect_first(const Feed& feed);
std::vector<std::string> expect_joined(const Feed& feed);
std::vector<std::string> expect_watched(const Feed& feed);
std::vector<std::string> expect_surveyed(const Feed& feed);

}  // namespace thalweg::tests
