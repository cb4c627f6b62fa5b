#include "connectors/file_owner.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace thalweg {
namespace {

constexpr std::string_view kMarkEnd = ".owner";

std::string_view last_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string hidden_beside(const std::string& name) {
  return fmt::format("{}/.{}.", directory_of(name), last_of(name));
}

}  // namespace

FileOwner::FileOwner(Env& env, std::string name)
    : env_(env), name_(std::move(name)), hidden_(hidden_beside(name_)) {}

std::string FileOwner::path_of(const Mark& mark) const {
  return fmt::format("{}{}-{}{}", hidden_, mark.incarnation, mark.epoch, kMarkEnd);
}

Status FileOwner::take(const EpochStart& start) {
  incarnation_ = start.incarnation;
  auto lock = env_.lock_file(hidden_ + "lock");
  if (!lock.ok()) {
    return Status(lock.status().code(),
                  fmt::format("{} cannot be written: {}", name_, lock.status().message()));
  }
  lock_ = std::move(lock).take();
  TW_TRY_ASSIGN(const std::vector<std::string> names, env_.list_directory(directory_of(name_)));
  const std::string_view begin = last_of(hidden_);
  for (std::string_view name : names) {
    if (!name.starts_with(begin) || !name.ends_with(kMarkEnd)) {
      continue;
    }
    name.remove_prefix(begin.size());
    name.remove_suffix(std::min(name.size(), kMarkEnd.size()));
    const std::size_t dash = name.rfind('-');
    Mark mark{.incarnation = std::string(name.substr(0, dash))};
    // With a dot it belongs to another file, whose name begins as this one's.
    if (dash != std::string_view::npos && name.find('.') == std::string_view::npos &&
        std::from_chars(name.data() + dash + 1, name.data() + name.size(), mark.epoch).ptr ==
            name.data() + name.size()) {
      marks_.push_back(std::move(mark));
    }
  }
  return refuse_foreign(start);
}

Status FileOwner::refuse_foreign(const EpochStart& start) const {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> bytes, env_.file_size(name_));
  if (!bytes || std::ranges::count(marks_, start.incarnation, &Mark::incarnation) > 0) {
    return {};
  }
  for (const Mark& mark : marks_) {
    if (start.decided == 0) {
      return invalid_argument(
          fmt::format("{} holds what another run has written, up to its epoch {}, and this one "
                      "would replace it; move the file away, or write to another one",
                      name_, mark.epoch));
    }
    if (mark.epoch > start.decided) {
      return invalid_argument(fmt::format(
          "{} holds what another run has written, up to its epoch {}, and this one goes on from "
          "epoch {}: what both write would be read together; move the file away, or write to "
          "another one",
          name_, mark.epoch, start.decided));
    }
  }
  return {};
}

Status FileOwner::note(std::uint64_t epoch) {
  const Mark mark{.incarnation = incarnation_, .epoch = epoch};
  const auto own = std::ranges::find(marks_, incarnation_, &Mark::incarnation);
  if (own == marks_.end()) {
    TW_TRY_ASSIGN(const auto file, env_.create_file(path_of(mark)));
    TW_TRY(file->sync());
    TW_TRY(file->close());
  } else if (own->epoch != epoch) {
    TW_TRY(env_.rename_file(path_of(*own), path_of(mark)));
  }
  for (const Mark& other : marks_) {
    if (other.incarnation != incarnation_) {
      TW_TRY(env_.remove_file(path_of(other)));
    }
  }
  marks_ = {mark};
  return env_.sync_directory(directory_of(name_));
}

}  // namespace thalweg
