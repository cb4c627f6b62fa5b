#include "base/shorten.h"

namespace thalweg {

std::string shorten(std::string_view text) {
  constexpr std::size_t kBytesMax = 60;
  if (text.size() <= kBytesMax) {
    return std::string(text);
  }
  std::size_t size = kBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
    --size;
  }
  return std::string(text.substr(0, size)) + "...";
}

}  // namespace thalweg
