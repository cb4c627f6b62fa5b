#include "connectors/output_files.h"

#include <fmt/format.h>

#include <utility>

#include "connectors/file_sink.h"

namespace thalweg {

Result<std::shared_ptr<ByteSink>> OutputFiles::share(Env& env, const std::string& path,
                                                     Shape shape) {
  const bool is_directory = path.ends_with('/');
  const std::string bare = path.substr(0, path.size() - (is_directory ? 1 : 0));
  const std::string name = env.output_name(bare);
  const auto known = written_.find(name);
  if (known != written_.end() && known->second.shape != shape) {
    return invalid_argument(
        fmt::format("two sinks write {} in different formats, columns or part_bytes", path));
  }
  if (known != written_.end()) {
    if (std::shared_ptr<ByteSink> running = known->second.sink.lock()) {
      running->join();
      return running;
    }
  }
  const OldBytes old = known == written_.end() ? OldBytes::kReplaced : OldBytes::kKept;
  std::shared_ptr<ByteSink> sink;
  if (is_directory) {
    sink = make_parts_sink(env, {.directory = bare,
                                 .extension = shape.extension,
                                 .beginning = shape.beginning,
                                 .old = old,
                                 .part_bytes = shape.part_bytes});
  } else {
    sink = make_file_sink(env, path, shape.beginning, old);
  }
  written_[name] = {.shape = std::move(shape), .sink = sink};
  return sink;
}

}  // namespace thalweg
