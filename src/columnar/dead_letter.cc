#include "columnar/dead_letter.h"

namespace thalweg {

Schema dead_letter_schema() {
  return {{.name = "source", .type = type_of(TypeKind::kText)},
          {.name = "topic", .type = type_of(TypeKind::kText)},
          {.name = "partition", .type = type_of(TypeKind::kInt)},
          {.name = "offset", .type = type_of(TypeKind::kBigint)},
          {.name = "code", .type = type_of(TypeKind::kText)},
          {.name = "message", .type = type_of(TypeKind::kText)},
          {.name = "key", .type = type_of(TypeKind::kBytea)},
          {.name = "payload", .type = type_of(TypeKind::kBytea)}};
}

}  // namespace thalweg
