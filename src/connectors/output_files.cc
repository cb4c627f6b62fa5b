#include "connectors/output_files.h"

#include <fmt/format.h>

#include <utility>

namespace thalweg {

Status SharedOutput::write(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  return file_->write(bytes);
}

Status SharedOutput::flush() {
  const std::lock_guard lock(mutex_);
  return file_->flush();
}

void SharedOutput::join() {
  const std::lock_guard lock(mutex_);
  ++sinks_;
}

Status SharedOutput::close() {
  const std::lock_guard lock(mutex_);
  return --sinks_ > 0 ? Status() : file_->close();
}

Result<std::shared_ptr<SharedOutput>> OutputFiles::open(Env& env, const std::string& path,
                                                        Shape shape) {
  const std::string name = env.output_name(path);
  const auto known = written_.find(name);
  if (known != written_.end() && known->second.shape != shape) {
    return invalid_argument(
        fmt::format("two sinks write {} in different formats or columns", path));
  }
  if (known != written_.end()) {
    if (std::shared_ptr<SharedOutput> open = known->second.output.lock()) {
      open->join();
      return open;
    }
  }
  const bool first = known == written_.end();
  TW_TRY_ASSIGN(std::unique_ptr<OutputFile> file,
                env.create_output(path, first ? OldBytes::kReplaced : OldBytes::kKept));
  auto output = std::make_shared<SharedOutput>(std::move(file));
  if (first) {
    TW_TRY(output->write(shape.beginning));
  }
  written_[name] = {.shape = std::move(shape), .output = output};
  return output;
}

}  // namespace thalweg
