#include "operators/reject_each.h"

#include <array>

namespace thalweg {

void reject_each(const Batch& batch, const std::vector<RowIndex>& rows,
                 const std::vector<RowError>& errors, Emitter& out) {
  std::array<std::vector<RowIndex>, kRowErrorCount> by_error;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    by_error[static_cast<std::size_t>(errors[i])].push_back(rows[i]);
  }
  for (std::size_t error = 0; error < by_error.size(); ++error) {
    if (!by_error[error].empty()) {
      out.reject(batch, by_error[error], static_cast<RowError>(error));
    }
  }
}

}  // namespace thalweg
