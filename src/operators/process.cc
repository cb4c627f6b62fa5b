#include "operators/process.h"

#include <iterator>
#include <utility>

#include "columnar/kernels.h"

namespace thalweg {
namespace {

void gather_in_place(std::optional<Column>& column, RowSpan rows) {
  if (column) {
    column = gather(*column, rows);
  }
}

class Process final : public Operator {
 public:
  explicit Process(ProcessSpec spec) : spec_(std::move(spec)) {}

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    RowsMade made = spec_.function->apply(batch);
    if (!made.refused.empty()) {
      out.reject(batch, made.refused, made.refused_as);
    }
    if (made.origins.empty()) {
      return Progress::kDone;
    }
    if (spec_.yields == Yields::kItsRows) {
      out.emit(Port::kMain, made.origins.size() == batch.num_rows()
                                ? std::move(batch)
                                : std::move(batch).select(std::move(made.origins)));
      return Progress::kDone;
    }
    if (spec_.yields == Yields::kColumns && batch.selection == nullptr &&
        made.origins.size() == batch.length) {
      std::move(made.columns.begin(), made.columns.end(), std::back_inserter(batch.columns));
      out.emit(Port::kMain, std::move(batch));
      return Progress::kDone;
    }
    Batch derived = batch;
    derived.columns.clear();
    if (spec_.yields == Yields::kColumns) {
      derived.columns = gather(batch.columns, made.origins);
    }
    std::move(made.columns.begin(), made.columns.end(), std::back_inserter(derived.columns));
    derived.length = static_cast<std::uint32_t>(made.origins.size());
    derived.selection = nullptr;
    for (std::optional<Column>* beside : {&derived.event_time, &derived.stamps, &derived.changes,
                                          &derived.partition, &derived.position}) {
      gather_in_place(*beside, made.origins);
    }
    out.emit(Port::kMain, std::move(derived));
    return Progress::kDone;
  }

 private:
  const ProcessSpec spec_;
};

}  // namespace

std::unique_ptr<Operator> make_process(ProcessSpec spec) {
  return std::make_unique<Process>(std::move(spec));
}

}  // namespace thalweg
