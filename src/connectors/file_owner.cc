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
  return fmt::format("{}/{}{}-{}-{}{}", directory_, hidden_, mark.incarnation, mark.epoch,
                     mark.length, kMarkEnd);
}

std::string FileOwner::lock_name() const { return fmt::format("{}/{}lock", directory_, hidden_); }

Status FileOwner::lock() {
  auto lock = env_.lock_file(lock_name());
  if (!lock.ok()) {
    return Status(lock.status().code(),
                  fmt::format("{} cannot be written: {}", name_, lock.status().message()));
  }
  lock_ = std::move(lock).take();
  return {};
}

Status FileOwner::take(const EpochStart& start) {
  incarnation_ = start.incarnation;
  TW_TRY(lock());
  TW_TRY(find_marks());
  return refuse_foreign(start);
}

Status FileOwner::take_from_nobody() {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> locked, env_.file_size(lock_name()));
  if (!locked) {
    return {};  // No run with state has ever written it.
  }
  TW_TRY(lock());
  TW_TRY(find_marks());
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> bytes, env_.file_size(name_));
  if (bytes && !marks_.empty()) {
    return invalid_argument(fmt::format(
        "{} holds what a job whose state is kept has written, up to its epoch {}, and this run "
        "would replace it; give --state-dir, move the file away, or write to another one",
        name_, marks_.front().epoch));
  }
  for (const Mark& mark : std::exchange(marks_, {})) {
    TW_TRY(env_.remove_file(path_of(mark)));
  }
  return {};
}

Status FileOwner::find_marks() {
  TW_TRY_ASSIGN(const std::vector<std::string> names, env_.list_directory(directory_));
  for (std::string_view name : names) {
    if (!name.starts_with(hidden_)) {
      continue;
    }
    name.remove_prefix(hidden_.size());
    Mark mark;
    // With a dot it belongs to another file, whose name begins as this one's.
    if (take_end(name, kMarkEnd) && name.find('.') == std::string_view::npos &&
        take_number(name, mark.length) && take_number(name, mark.epoch)) {
      mark.incarnation = name;
      marks_.push_back(std::move(mark));
    }
  }
  return {};
}

Status FileOwner::refuse_foreign(const EpochStart& start) const {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> bytes, env_.file_size(name_));
  if (!bytes) {
    return {};
  }
  const auto own = std::ranges::find(marks_, start.incarnation, &Mark::incarnation);
  if (own != marks_.end()) {
    return own->epoch <= start.decided
               ? Status()
               : invalid_argument(fmt::format(
                     "{} holds what this job has written up to its epoch {}, and its state is of "
                     "epoch {}: what came between would be there twice; move the file away, or put "
                     "back the later state",
                     name_, own->epoch, start.decided));
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

Status FileOwner::check_length() const {
  TW_TRY_ASSIGN(const std::optional<std::uint64_t> bytes, env_.file_size(name_));
  const auto own = std::ranges::find(marks_, incarnation_, &Mark::incarnation);
  return own == marks_.end() || bytes.value_or(0) == 0 || *bytes == own->length
             ? Status()
             : Status(Code::kCorrupt,
                      fmt::format("{} has {} bytes, and had {} when this job had written it last: "
                                  "it was cut, or something else has written it; put it back as it "
                                  "was, or move it away",
                                  name_, *bytes, own->length));
}

Status FileOwner::note(std::uint64_t epoch, std::uint64_t length) {
  const Mark mark{.incarnation = incarnation_, .epoch = epoch, .length = length};
  const auto own = std::ranges::find(marks_, incarnation_, &Mark::incarnation);
  if (own == marks_.end()) {
    TW_TRY_ASSIGN(const auto file, env_.create_file(path_of(mark)));
    TW_TRY(file->sync());
    TW_TRY(file->close());
  } else if (path_of(*own) != path_of(mark)) {
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
