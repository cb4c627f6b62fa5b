#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "state/state_table.h"

namespace thalweg {

// One record of bytes that every worker holds, as a StateTable. The bytes are asked for when an
// epoch ends, so that changing what they stand for costs nothing more.
class SharedRecord final : public StateTable {
 public:
  using Write = std::function<std::string()>;
  using Read = std::function<bool(std::string_view)>;  // False: they are not what Write gives.

  SharedRecord(Write write, Read read);

  // The record is another.
  void mark() { changed_ = true; }

  const StateSchema& schema() const override { return schema_; }
  bool on_every_worker() const override { return true; }
  void note_changes() override { changed_ = false; }
  bool next_changes(std::uint32_t rows_max, StateChanges& out) override;
  Status apply(const StateChanges& changes) override;

 private:
  const Write write_;
  const Read read_;
  const StateSchema schema_;
  bool changed_ = false;
};

}  // namespace thalweg
