#include "base/nearest.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace thalweg {
namespace {

// Names longer than this are compared by prefix alone, which bounds the work.
constexpr std::size_t kEditLengthMax = 128;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return result;
}

// Damerau-Levenshtein distance in its "optimal string alignment" form: an insertion, a
// deletion, another letter, or two neighbours swapped count one each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    last[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(current);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string> candidates) {
  constexpr std::size_t kEditsMax = 2;
  const std::string wanted = lower(name);
  const std::string* nearest = nullptr;
  std::size_t fewest = kEditsMax + 1;
  const std::string* begins = nullptr;
  for (const std::string& candidate : candidates) {
    const std::string folded = lower(candidate);
    if (!wanted.empty() && folded.starts_with(wanted) &&
        (begins == nullptr || candidate.size() < begins->size())) {
      begins = &candidate;
    }
    const std::size_t difference =
        std::max(folded.size(), wanted.size()) - std::min(folded.size(), wanted.size());
    if (difference > kEditsMax || folded.size() > kEditLengthMax) {
      continue;
    }
    const std::size_t edits = edit_distance(wanted, folded);
    const bool nearer = edits < fewest || (edits == fewest && nearest != nullptr &&
                                           candidate.size() < nearest->size());
    if (edits * 2 < wanted.size() && nearer) {
      fewest = edits;
      nearest = &candidate;
    }
  }
  const std::string* found = nearest != nullptr ? nearest : begins;
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

}  // namespace thalweg
