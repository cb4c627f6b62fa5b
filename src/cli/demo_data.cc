#include "demo_data.h"

#include <cstddef>

// The file's bytes, put into the program by the assembler.
__asm__(
    ".section .rodata\n"
    ".global thalweg_quakes_begin\n"
    ".global thalweg_quakes_end\n"
    "thalweg_quakes_begin:\n"
    ".incbin \"" THALWEG_DATA_DIR
    "/quakes.jsonl\"\n"
    "thalweg_quakes_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const char thalweg_quakes_begin[];
extern const char thalweg_quakes_end[];
}

namespace thalweg::cli {

std::string_view quakes_jsonl() {
  return {thalweg_quakes_begin,
          static_cast<std::size_t>(thalweg_quakes_end - thalweg_quakes_begin)};
}

}  // namespace thalweg::cli
