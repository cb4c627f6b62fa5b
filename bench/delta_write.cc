// An epoch's delta from columns to the disk, against writing as many bytes and fdatasync.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "bench.h"
#include "checkpoint/epoch_store.h"
#include "columnar/kernels.h"
#include "kept_job.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kRows = 8'000'000;
constexpr std::uint32_t kPieceRows = 16 * 1024;
constexpr std::size_t kColumns = 8;
constexpr std::size_t kWriteBytes = std::size_t{1} << 20;

StateSchema schema() {
  StateSchema schema{.name = "groups", .columns = {}, .partition_columns = 1, .key_columns = 1};
  for (std::size_t i = 0; i < kColumns; ++i) {
    schema.columns.push_back({"c" + std::to_string(i), type_of(TypeKind::kBigint)});
  }
  return schema;
}

StateChanges piece(std::uint64_t begin) {
  StateChanges changes;
  for (std::size_t column = 0; column < kColumns; ++column) {
    changes.puts.push_back(bigints(kPieceRows, [&](std::uint32_t row) {
      return static_cast<std::int64_t>(hash_key(static_cast<std::int64_t>(begin + row)) + column);
    }));
  }
  return changes;
}

Result<double> write_epoch(const std::string& directory, const std::vector<StateChanges>& pieces) {
  TW_TRY_ASSIGN(const std::unique_ptr<EpochStore> store,
                EpochStore::open(system_env(), directory, "bench"));
  const StateSchema table = schema();
  const double begin = seconds_now(Clock::kWall);
  TW_TRY_ASSIGN(const std::unique_ptr<DeltaWriter> writer, store->begin_delta(0));
  for (const StateChanges& changes : pieces) {
    TW_TRY(writer->add("op", table, changes));
  }
  TW_TRY(writer->finish());
  TW_TRY(store->prepare({.epoch = 1, .job = "bench", .incarnation = store->incarnation()}));
  return seconds_now(Clock::kWall) - begin;
}

Result<double> write_bytes(const std::string& path, std::uint64_t bytes) {
  const std::vector<char> data(kWriteBytes, 'x');
  const double begin = seconds_now(Clock::kWall);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool written = file >= 0;
  for (std::uint64_t done = 0; written && done < bytes; done += kWriteBytes) {
    written = ::write(file, data.data(), kWriteBytes) == static_cast<ssize_t>(kWriteBytes);
  }
  written = written && ::fdatasync(file) == 0;
  if (file >= 0) {
    ::close(file);
  }
  return written ? Result<double>(seconds_now(Clock::kWall) - begin)
                 : Result<double>(unavailable("cannot write " + path));
}

Status run_bench(const Settings& settings, NexmarkInput& /*nexmark*/, Report& report) {
  std::vector<StateChanges> pieces;
  for (std::uint64_t begin = 0; begin < settings.scaled(kRows); begin += kPieceRows) {
    pieces.push_back(piece(begin));
  }
  double engine = 1e9;
  double limit = 1e9;
  std::uint64_t bytes = 0;
  for (int round = 0; round < settings.rounds(5); ++round) {
    {
      TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
      TW_TRY_ASSIGN(const double seconds, write_epoch(folder.path(), pieces));
      engine = std::min(engine, seconds);
      bytes = folder.bytes();
    }
    TW_TRY_ASSIGN(const StateFolder folder, StateFolder::make(settings.data_folder));
    TW_TRY_ASSIGN(const double seconds, write_bytes(folder.path() + "/bytes", bytes));
    limit = std::min(limit, seconds);
  }
  const std::uint64_t rows = pieces.size() * kPieceRows;
  const double mrows = static_cast<double>(rows) * 1e-6;
  report.figures.push_back({.name = "delta_write",
                            .rows = rows,
                            .engine_mrows_s = mrows / engine,
                            .limit_mrows_s = mrows / limit});
  report.promises.push_back({.name = "delta_row",
                             .measured = static_cast<double>(bytes) / static_cast<double>(rows),
                             .promised = 1.1 * kColumns * sizeof(std::int64_t),
                             .unit = "bytes of file for 64 of columns"});
  return {};
}

}  // namespace

Bench bench_delta_write() {
  return {.name = "delta_write",
          .text = "an epoch's delta onto the disk, against write and fdatasync",
          .floor = 0.6,
          .aim = 0.85,
          .run = run_bench};
}

}  // namespace thalweg::bench
