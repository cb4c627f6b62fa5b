#pragma once

#include <cstdint>
#include <string>

#include "answer.h"
#include "api/engine.h"
#include "base/result.h"
#include "columnar/batch.h"

namespace thalweg::bench {

// The engine as a user has it: SQL text in, rows out.
class EngineSide {
 public:
  explicit EngineSide(std::uint32_t workers) : engine_(system_env(), {.workers = workers}) {}

  // A CREATE statement, or several.
  Status declare(const std::string& sql);

  // Lets a table that was declared without a connector hold these rows; nothing is copied, then or
  // when it is read. `table` is in lower case.
  Status fill(const std::string& table, const Batch& rows);

  // Everything from the text of a query to its last row. Where rows carry changes, these are one
  // more column.
  Status run(const std::string& query, Answer& answer);

 private:
  Engine engine_;
};

}  // namespace thalweg::bench
