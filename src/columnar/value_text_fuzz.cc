#include <cstdint>
#include <vector>

#include "base/check.h"
#include "columnar/value.h"

namespace thalweg {
namespace {

const std::vector<Type>& types() {
  static const Type texts = array_type(type_of(TypeKind::kText));
  static const std::vector<Type> all{
      type_of(TypeKind::kBoolean),
      type_of(TypeKind::kInt),
      type_of(TypeKind::kReal),
      type_of(TypeKind::kDouble),
      numeric_type(38, 10),
      numeric_type(5, 2),
      type_of(TypeKind::kBytea),
      type_of(TypeKind::kDate),
      type_of(TypeKind::kTime),
      type_of(TypeKind::kTimestamp),
      type_of(TypeKind::kTimestamptz),
      type_of(TypeKind::kInterval),
      texts,
      array_type(array_type(type_of(TypeKind::kInterval))),
      struct_type({{"a", type_of(TypeKind::kText)}, {"b", texts}}),
  };
  return all;
}

}  // namespace
}  // namespace thalweg

// The first byte chooses a type, the rest is text. What can be read must print as a text that reads
// back as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const thalweg::Type& type = thalweg::types()[data[0] % thalweg::types().size()];
  const auto value =
      thalweg::parse_value({reinterpret_cast<const char*>(data) + 1, size - 1}, type);
  if (value.ok()) {
    const std::string text = to_string(value.value());
    const auto again = thalweg::parse_value(text, type);
    TW_CHECK(again.ok() && to_string(again.value()) == text);
  }
  return 0;
}
