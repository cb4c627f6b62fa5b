#include "operators/over_ranks.h"

#include "base/check.h"
#include "operators/fixed_column.h"

namespace thalweg {
namespace {

// Calls put(answer, run, row) for each row whose answer is given.
template <typename Put>
void for_each_answer(const OverInput& input, Put put) {
  for (const OverRun& run : input.runs) {
    for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
      put(run.answer + (row - run.out_begin), run, row);
    }
  }
}

// What a column of peers has for each answer.
std::vector<std::int64_t> peer_numbers(const OverInput& input, std::size_t column) {
  std::vector<std::int64_t> numbers(input.answers);
  RunValues<std::int64_t> values(input, column);
  for (const OverRun& run : input.runs) {
    values.enter(run);
    for (std::uint32_t row = run.out_begin; row < run.out_end; ++row) {
      numbers[run.answer + (row - run.out_begin)] = values[row];
    }
  }
  return numbers;
}

// Rows of the run's key.
std::int64_t size_of(const OverRun& run) {
  return static_cast<std::int64_t>(run.number) + run.rows();
}

// Which of `buckets` row `number`, from 0, is in: the first ones have one row more where they
// cannot all be alike.
std::int64_t bucket_of(std::int64_t number, std::int64_t rows, std::int64_t buckets) {
  const std::int64_t small = rows / buckets;
  const std::int64_t in_large = (rows % buckets) * (small + 1);
  return number < in_large ? number / (small + 1) + 1
                           : rows % buckets + (number - in_large) / small + 1;
}

Column bigints(const std::vector<std::int64_t>& values, std::int64_t plus) {
  return fixed_column<std::int64_t>(type_of(TypeKind::kBigint), values.size(),
                                    [&](std::size_t i) { return values[i] + plus; });
}

}  // namespace

Column rank_rows(const OverCall& call, const OverInput& input, const PeerColumns& peers) {
  std::vector<std::int64_t> numbers(input.answers);
  std::vector<double> shares;
  switch (call.kind) {
    case OverKind::kRowNumber:
      for_each_answer(input, [&](std::uint32_t answer, const OverRun& run, std::uint32_t row) {
        numbers[answer] = static_cast<std::int64_t>(run.number) + row;
      });
      return bigints(numbers, 1);
    case OverKind::kRank:
      return bigints(peer_numbers(input, peers.first), 1);
    case OverKind::kDenseRank:
      return bigints(peer_numbers(input, peers.group), 0);
    case OverKind::kNtile:
      for_each_answer(input, [&](std::uint32_t answer, const OverRun& run, std::uint32_t row) {
        numbers[answer] =
            bucket_of(static_cast<std::int64_t>(run.number) + row, size_of(run), call.number);
      });
      return bigints(numbers, 0);
    case OverKind::kPercentRank:
    case OverKind::kCumeDist: {
      const bool percent = call.kind == OverKind::kPercentRank;
      numbers = peer_numbers(input, percent ? peers.first : peers.end);
      shares.resize(input.answers);
      for_each_answer(input, [&](std::uint32_t answer, const OverRun& run, std::uint32_t) {
        const std::int64_t of = size_of(run) - (percent ? 1 : 0);
        shares[answer] =
            of == 0 ? 0 : static_cast<double>(numbers[answer]) / static_cast<double>(of);
      });
      return fixed_column<double>(type_of(TypeKind::kDouble), shares.size(),
                                  [&](std::size_t i) { return shares[i]; });
    }
    default:
      TW_CHECK(false);
  }
}

}  // namespace thalweg
