#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace thalweg {

// An epoch of a job, told apart from those of its other beginnings from nothing.
struct EpochName {
  std::string incarnation;
  std::uint64_t epoch = 0;
  friend bool operator==(const EpochName&, const EpochName&) = default;
};

// Something outside that says which epochs of a job count, for it makes an epoch's rows seen in a
// transaction of its own. A job has one at most; without one, its own state decides.
class EpochDecider {
 public:
  virtual ~EpochDecider() = default;

  // The same in every run: what an epoch was decided by is kept with it.
  virtual std::string name() const = 0;

  // The epoch that counts outside; nothing: none is known there. First ends what an earlier process
  // of the job has left undecided, and keeps that process from deciding any more.
  virtual Result<std::optional<EpochName>> decided() = 0;

  // The same without touching anybody: another process may be deciding the next one.
  virtual Result<std::optional<EpochName>> seen() = 0;

  // Makes the epoch count, whose part here is durable. Fails where it does not, or where that is
  // not known: then decided() tells, asked anew by another EpochDecider.
  virtual Status decide(const EpochName& epoch) = 0;
};

}  // namespace thalweg
