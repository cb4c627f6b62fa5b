#include "operators/filter_project.h"

#include <algorithm>
#include <utility>

#include "columnar/kernels.h"
#include "expr/evaluator.h"
#include "operators/reject_each.h"

namespace thalweg {
namespace {

class FilterProject final : public Operator {
 public:
  explicit FilterProject(FilterProjectSpec spec) : projects_(spec.projections.has_value()) {
    context_.random_state = spec.random_seed;
    if (spec.predicate != nullptr) {
      predicate_.emplace(spec.predicate);
    }
    if (projects_) {
      for (const ExprPtr& expr : *spec.projections) {
        projections_.emplace_back(expr);
        collect_columns(*expr, used_);
      }
    }
  }

  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    if (predicate_) {
      filter(batch, out);
    }
    if (!batch.empty() && projects_) {
      project(batch, out);
    }
    if (!batch.empty()) {
      out.emit(Port::kMain, std::move(batch));
    }
    return Progress::kDone;
  }

  Result<Progress> on_time(Clock clock, EventTime now, Emitter& /*out*/) override {
    (clock == Clock::kWall ? context_.now : context_.watermark) = now;
    return Progress::kDone;
  }

 private:
  void filter(Batch& batch, Emitter& out) {
    Verdict verdict = judge(batch, predicate_->evaluate(batch, context_));
    reject_each(batch, verdict.failed, verdict.errors, out);
    if (verdict.kept.size() < batch.num_rows()) {
      batch = std::move(batch).select(std::move(verdict.kept));
    }
  }

  void project(Batch& batch, Emitter& out) {
    const bool few = batch.num_rows() < batch.length / 2;
    const Batch input = few ? compact_used(batch) : batch;
    std::vector<Vector> results;
    bool any_error = false;
    for (Evaluator& projection : projections_) {
      results.push_back(projection.evaluate(input, context_));
      any_error |= results.back().errors != nullptr;
    }
    Batch output = input;
    output.columns.clear();
    for (const Vector& result : results) {
      output.columns.push_back(result.constant ? expand(result, input.length) : result.column);
    }
    if (any_error) {
      // The original batch has all columns of a row; its i-th row is the i-th of `input`.
      reject_failed(batch, input, results, output, out);
    }
    batch = std::move(output);
  }

  // The existing rows, in columns of their own; only the columns that the projections read.
  Batch compact_used(const Batch& batch) const {
    Batch chosen = batch;
    for (std::size_t i = 0; i < chosen.columns.size(); ++i) {
      if (i >= used_.size() || !used_[i]) {
        chosen.columns[i] = null_column(type_of(TypeKind::kNull), batch.length);
      }
    }
    return std::move(chosen).compacted();
  }

  static void reject_failed(const Batch& batch, const Batch& input,
                            const std::vector<Vector>& results, Batch& output, Emitter& out) {
    std::vector<RowIndex> kept;
    std::vector<RowIndex> failed;
    std::vector<RowError> errors;
    for (std::uint32_t i = 0; i < input.num_rows(); ++i) {
      const RowIndex row = input.row(i);
      const auto result = std::find_if(results.begin(), results.end(), [row](const Vector& vector) {
        return vector.error(row) != RowError::kNone;
      });
      if (result == results.end()) {
        kept.push_back(row);
      } else {
        failed.push_back(batch.row(i));
        errors.push_back(result->error(row));
      }
    }
    if (!failed.empty()) {
      reject_each(batch, failed, errors, out);
      output = std::move(output).select(std::move(kept));
    }
  }

  std::optional<Evaluator> predicate_;
  const bool projects_;
  std::vector<Evaluator> projections_;
  std::vector<bool> used_;  // Columns that the projections read.
  EvalContext context_;
};

}  // namespace

std::unique_ptr<Operator> make_filter_project(FilterProjectSpec spec) {
  return std::make_unique<FilterProject>(std::move(spec));
}

}  // namespace thalweg
