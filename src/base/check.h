#pragma once

namespace thalweg {

// Reports a broken invariant on stderr, with the request to report it, and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace thalweg

// Checks an invariant of the program, in release builds too.
#define TW_CHECK(condition)                                    \
  do {                                                         \
    if (!(condition)) [[unlikely]] {                           \
      ::thalweg::check_failed(#condition, __FILE__, __LINE__); \
    }                                                          \
  } while (false)

// The same inside inner loops: compiled out of release builds.
#ifdef NDEBUG
#define TW_DCHECK(condition) \
  do {                       \
  } while (false)
#else
#define TW_DCHECK(condition) TW_CHECK(condition)
#endif
