#include "operators/union.h"

#include <utility>

namespace thalweg {
namespace {

class Union final : public Operator {
 public:
  Result<Progress> process(int /*input*/, Batch batch, Emitter& out) override {
    out.emit(Port::kMain, std::move(batch));
    return Progress::kDone;
  }
};

}  // namespace

std::unique_ptr<Operator> make_union() { return std::make_unique<Union>(); }

}  // namespace thalweg
