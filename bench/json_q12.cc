// q12 from a file of JSON lines, against simdjson's on-demand parser and the loop of q12.
#include <simdjson.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "bench.h"
#include "bid_file.h"
#include "engine_side.h"
#include "json_bids.h"
#include "q12.h"

namespace thalweg::bench {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Status run_loop(const std::string& path, Answer& answer) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "r"));
  if (file == nullptr) {
    return unavailable("cannot read " + path);
  }
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  JsonBids loop(answer);
  std::vector<char> block(kBlockBytes + simdjson::SIMDJSON_PADDING);
  std::size_t kept = 0;  // Of a line that is not whole.
  while (const std::size_t read =
             std::fread(block.data() + kept, 1, kBlockBytes - kept, file.get())) {
    const std::size_t filled = kept + read;
    const std::string_view all(block.data(), filled);
    const std::size_t whole = all.rfind('\n') + 1;
    TW_TRY(loop.add_block(block.data(), whole, kBlockBytes));
    kept = filled - whole;
    std::memmove(block.data(), block.data() + whole, kept);
  }
  loop.close();
  return {};
}

Status run(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  TW_TRY_ASSIGN(const BidFile file,
                BidFile::make(settings.data_folder, settings.scaled(2'000'000)));
  EngineSide engine(1);
  TW_TRY(engine.declare(file.table_sql()));
  return report.add(
      {.name = "json_q12",
       .rows = file.rows(),
       .engine = timed(Clock::kProcessor, [&](Answer& a) { return engine.run(kQ12, a); }),
       .limit = timed(Clock::kProcessor, [&](Answer& a) { return run_loop(file.path(), a); }),
       .rounds = settings.rounds(11)});
}

}  // namespace

Bench bench_json_q12() {
  return {.name = "json_q12",
          .text = "q12 from a file of JSON, against simdjson on demand",
          .floor = 0.75,
          .aim = 1.2,
          .run = run};
}

}  // namespace thalweg::bench
