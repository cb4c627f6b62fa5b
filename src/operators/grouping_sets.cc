#include "operators/grouping_sets.h"

#include <utility>

#include "columnar/kernels.h"
#include "operators/fixed_column.h"

namespace thalweg {
namespace {

class GroupingSets final : public Operator {
 public:
  explicit GroupingSets(GroupingSetsSpec spec) : spec_(std::move(spec)) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    for (std::size_t set = 0; set < spec_.sets.size(); ++set) {
      Batch rows = batch;
      for (std::size_t i = 0; i < spec_.keys.size(); ++i) {
        const Column& key = batch.columns[spec_.keys[i]];
        rows.columns.push_back(spec_.sets[set][i] ? key : null_column(key.type(), batch.length));
      }
      rows.columns.push_back(fixed_column<std::int32_t>(
          type_of(TypeKind::kInt), batch.length,
          [set](std::size_t) { return static_cast<std::int32_t>(set); }));
      out.emit(Port::kMain, std::move(rows));
    }
    return Progress::kDone;
  }

 private:
  const GroupingSetsSpec spec_;
};

}  // namespace

std::unique_ptr<Operator> make_grouping_sets(GroupingSetsSpec spec) {
  return std::make_unique<GroupingSets>(std::move(spec));
}

}  // namespace thalweg
