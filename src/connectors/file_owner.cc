#include "connectors/file_owner.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "connectors/hidden_names.h"

namespace thalweg {
namespace {

constexpr std::string_view kMarkEnd = ".owner";

}  // namespace

FileOwner::FileOwner(Env& env, std::string name)
    : env_(env),
      name_(std::move(name)),
      directory_(directory_of(name_)),
      hidden_(hidden_beside(name_)) {}

std::string FileOwner::path_of(const Mark& mark) const {
  return fmt::format("{}/{}{}-{}{}", directory_, hidden_, mark.incarnation, mark.epoch, kMarkEnd);
}

Status FileOwner::take(const EpochStart& start) {
  incarnation_ = start.incarnation;
  auto lock = env_.lock_file(fmt::format("{}/{}lock", directory_, hidden_));
  if (!lock.ok()) {
    return Status(lock.status().code(),
                  fmt::format("{} cannot be written: {}", name_, lock.status().message()));
  }
  lock_ = std::move(lock).take();
  TW_TRY_ASSIGN(const std::vector<std::string> names, env_.list_directory(directory_));
  for (std::string_view name : names) {
    if (!name.starts_with(hidden_)) {
      continue;
    }
    name.remove_prefix(hidden_.size());
    Mark mark;
    // With a dot it belongs to another file, whose name begins as this one's.
    if (take_end(name, kMarkEnd) && name.find('.') == std::string_view::npos &&
        take_number(name, mark.epoch)) {
      mark.incarnation = name;
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
  return env_.sync_directory(directory_);
}

}  // namespace thalweg
