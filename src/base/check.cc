#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace thalweg {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr,
               "thalweg: internal error: %s does not hold at %s:%d\n"
               "This is a bug in thalweg; please report it with the query and this message.\n",
               condition, file, line);
  std::abort();
}

}  // namespace thalweg
