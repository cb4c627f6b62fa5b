#include "engine_side.h"

#include <vector>

#include "columnar/batch.h"
#include "thalweg/session.h"

namespace thalweg::bench {
namespace {

// The selected values of a column of whole numbers, dates or times.
std::vector<std::int64_t> values_of(const Batch& batch, const Column& column) {
  std::vector<std::int64_t> values(batch.num_rows());
  for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
    const RowIndex row = batch.row(i);
    switch (column.type().kind) {
      case TypeKind::kNumeric:  // Without its point; bids are far from 64 bits.
        values[i] = static_cast<std::int64_t>(column.values<Int128>()[row]);
        break;
      case TypeKind::kSmallint:
        values[i] = column.values<std::int16_t>()[row];
        break;
      case TypeKind::kInt:
      case TypeKind::kDate:
        values[i] = column.values<std::int32_t>()[row];
        break;
      default:
        values[i] = column.values<std::int64_t>()[row];
    }
  }
  return values;
}

class Collector final : public ResultReceiver {
 public:
  explicit Collector(Answer& answer) : answer_(answer) {}

  bool rows(const ResultHeader& /*header*/, const Rows& rows) override {
    const Batch& batch = rows.batch();
    if (answer_.keep() == Answer::Keep::kCount) {
      answer_.add_count(batch.num_rows());
      return true;
    }
    std::vector<std::vector<std::int64_t>> columns;
    for (const Column& column : batch.columns) {
      columns.push_back(values_of(batch, column));
    }
    if (batch.changes) {
      columns.push_back(values_of(batch, *batch.changes));
    }
    std::vector<const std::int64_t*> pointers;
    for (const std::vector<std::int64_t>& column : columns) {
      pointers.push_back(column.data());
    }
    answer_.add(pointers, batch.num_rows());
    return true;
  }

 private:
  Answer& answer_;
};

Status status_of(const RunReport& report) {
  if (report.outcome == Outcome::kDone) {
    return {};
  }
  return invalid_argument(report.problems.empty() ? "the engine stopped"
                                                  : report.problems.front().text);
}

}  // namespace

Status EngineSide::declare(const std::string& sql) {
  Answer nothing(Answer::Keep::kCount);
  return run(sql, nothing);
}

Status EngineSide::fill(const std::string& table, const Batch& rows) {
  const TablePtr found = engine_.catalog().find_table(table);
  if (found == nullptr || found->memory == nullptr) {
    return invalid_argument("no table in memory is called " + table);
  }
  found->memory->batches = {rows};
  return {};
}

Status EngineSide::run(const std::string& query, Answer& answer) {
  Collector collector(answer);
  return status_of(engine_.execute({.name = "bench", .text = query}, collector));
}

}  // namespace thalweg::bench
