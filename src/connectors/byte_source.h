#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/block_cutter.h"
#include "connectors/connector.h"

namespace thalweg {

// What may have had an input's name before. InputFile::replaced() tells when to go on with the
// input itself.
struct RenamedInput {
  std::string name;
  std::unique_ptr<InputFile> file;
  std::optional<std::string> since;  // What may have had the name between it and the input.
};

struct ByteInput {
  std::string name;
  std::function<Result<std::unique_ptr<InputFile>>()> open;
  std::function<Result<std::vector<RenamedInput>>()> open_renamed =
      nullptr;  // Absent: nothing has.
};

// One partition of bytes: inputs read one after the other, opened when their turn comes.
struct ByteInputs {
  std::string name;
  std::vector<ByteInput> inputs;
};

struct ByteSourceOptions {
  // Goes on reading as the last input grows, and begins again when that is replaced.
  bool follow = false;
  // Whether inputs can be read again, from any byte on.
  bool can_resume = true;
  CutterLimits limits;
};

// Reads rows in the table's format. `list` is called when the source opens and says what there is.
Result<std::unique_ptr<Source>> make_byte_source(
    const ScanRequest& request, ByteSourceOptions options,
    std::function<Result<std::vector<ByteInputs>>()> list);

}  // namespace thalweg
