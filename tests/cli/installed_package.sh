#!/usr/bin/env bash
# A stranger's project finds the installed package, links it and runs. $THALWEG: the built program.
set -euo pipefail
build=$(cd "$(dirname "$THALWEG")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >/dev/null
mkdir "$work/project"
cat >"$work/project/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(stranger LANGUAGES CXX)
find_package(thalweg 0.1 REQUIRED COMPONENTS static)
add_compile_options(-Wall -Wextra -Werror)
add_executable(shared_program main.cc)
target_link_libraries(shared_program PRIVATE thalweg::thalweg)
add_library(program OBJECT main.cc)
target_link_libraries(program PRIVATE thalweg::static)
add_executable(static_program $<TARGET_OBJECTS:program>)
target_link_libraries(static_program PRIVATE thalweg::static)
CMAKE
cat >"$work/project/main.cc" <<'CXX'
#include <thalweg/thalweg.h>

#include <cstdio>

namespace {
struct Reading {
  long sensor;
  double value;
};
}  // namespace

int main(int argc, char** argv) {
  thalweg::Pipeline pipeline("stranger");
  pipeline.source<Reading>({{1, 2.5}, {1, 3.5}, {2, 9}})
      .filter([](const Reading& reading) { return reading.sensor == 1; })
      .key_by<&Reading::sensor>()
      .aggregate(thalweg::sum<&Reading::value>().as("total"))
      .sink([](const thalweg::Record& row) { std::printf("%g\n", row.number("total")); });
  return thalweg::main(pipeline, argc, argv);
}
CXX
cmake -S "$work/project" -B "$work/out" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
ninja -C "$work/out" >"$work/log" || { cat "$work/log"; exit 1; }

passed=0
failed=0
expect() {
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$1: expected '$2', got '$3'"
  fi
}
expect "linked with the shared library" 6 "$("$work/out/shared_program" --quiet)"
expect "linked with the static library" 6 "$("$work/out/static_program" --quiet)"
expect "the program that was installed" "$("$THALWEG" --version)" \
  "$(LD_LIBRARY_PATH=$work/prefix/lib "$work/prefix/bin/thalweg" --version)"
expect "headers without their tests" "" "$(find "$work/prefix/include" -name '*_test*')"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
