#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectors/block_cutter.h"
#include "connectors/connector.h"

namespace thalweg {

struct ByteInput {
  std::string name;
  std::function<Result<std::unique_ptr<InputFile>>()> open;
  // Opens those that may have had its name before; absent: nothing has. InputFile::replaced() of
  // these tells when to go on with the input itself.
  std::function<Result<std::vector<std::unique_ptr<InputFile>>>()> open_renamed = nullptr;
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
