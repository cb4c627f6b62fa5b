#include "checkpoint/decided_outside.h"

#include <fmt/format.h>

#include <optional>

#include "checkpoint/file_bytes.h"
#include "checkpoint/manifest.h"
#include "checkpoint/state_directory.h"

namespace thalweg {
namespace {

constexpr std::string_view kWaysOut =
    "bring back the state that goes with it; or begin anew with --from-scratch, which keeps this "
    "state under another name: what is read again then comes out again";

// One that does not read back was not prepared to its end, or spoilt since; the decider tells.
Result<std::optional<Manifest>> read_prepared(Env& env, const std::string& path) {
  Result<std::optional<Manifest>> prepared =
      read_manifest(env, fmt::format("{}/{}", path, kPreparedName));
  if (!prepared.ok() && prepared.status().code() == Code::kCorrupt) {
    return std::optional<Manifest>();
  }
  return prepared;
}

EpochName name_of(const std::optional<Manifest>& manifest) {
  return manifest ? EpochName{.incarnation = manifest->record.incarnation,
                              .epoch = manifest->record.epoch}
                  : EpochName();
}

Status of_another_time(const std::string& path, const EpochDecider& decider,
                       const EpochName& outside, const EpochName& here) {
  return corrupt(fmt::format("{} says that epoch {} counts, but the state in {} is of epoch {}; {}",
                             decider.name(), outside.epoch, path, here.epoch, kWaysOut));
}

}  // namespace

Status follow_decider(Env& env, const std::string& path, EpochDecider& decider,
                      bool replaces_beginning) {
  const auto last_read = read_manifest(env, fmt::format("{}/{}", path, kManifestName));
  TW_TRY(with_ways_out(last_read.status()));
  const std::optional<Manifest>& last = last_read.value();
  TW_TRY_ASSIGN(const std::optional<Manifest> prepared, read_prepared(env, path));
  const EpochName here = name_of(last);
  TW_TRY_ASSIGN(const std::optional<EpochName> outside, decider.decided());
  const bool decided_here = last && last->record.decided_by == decider.name();
  if (!outside) {
    // Epochs may be forgotten there after a time, and then nothing tells of this one.
    return prepared && decided_here
               ? corrupt(
                     fmt::format("{} has forgotten which epoch counts: epoch {} or, in the same "
                                 "directory {}, what was prepared after it; {}",
                                 decider.name(), here.epoch, path, kWaysOut))
               : Status();
  }
  if (*outside == here) {
    return {};
  }
  if (prepared && *outside == name_of(prepared)) {
    return decide_manifest(env, path);
  }
  if (last && outside->incarnation == here.incarnation) {
    // It has had no part in the epochs since, where another sink was written to in between.
    return outside->epoch < here.epoch && !decided_here
               ? Status()
               : of_another_time(path, decider, *outside, here);
  }
  if (!replaces_beginning) {
    return corrupt(fmt::format(
        "{} knows another beginning of this pipeline, at its epoch {}, which the state in {} does "
        "not descend from; {}",
        decider.name(), outside->epoch, path, kWaysOut));
  }
  return decider.decide(here);  // Where there is none yet: that nothing counts.
}

Status check_goes_on(Env& env, const std::string& path, EpochDecider& decider) {
  // Before the state is read, which may move on meanwhile.
  TW_TRY_ASSIGN(const std::optional<EpochName> outside, decider.seen());
  const auto last_read = read_manifest(env, fmt::format("{}/{}", path, kManifestName));
  TW_TRY(with_ways_out(last_read.status()));
  TW_TRY_ASSIGN(const std::optional<Manifest> prepared, read_prepared(env, path));
  const EpochName here = name_of(last_read.value());
  const bool follows = !outside || *outside == name_of(prepared) ||
                       (outside->incarnation == here.incarnation && outside->epoch <= here.epoch);
  if (follows) {
    return {};
  }
  const std::string state = here.epoch == 0 ? "has no state of it"
                                            : fmt::format("has epoch {} of {}", here.epoch,
                                                          outside->incarnation == here.incarnation
                                                              ? "it, which is older"
                                                              : "another beginning of it");
  return invalid_argument(fmt::format(
      "cannot take the pipeline over: {} says that its epoch {} counts, and {} {}. Whoever runs it "
      "has been left alone; give the --state-dir that is used there, or begin anew with "
      "--from-scratch, where what is read again comes out again",
      decider.name(), outside->epoch, path, state));
}

}  // namespace thalweg
