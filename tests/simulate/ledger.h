#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "simulate/simulated_env.h"
#include "stream/epoch_decider.h"

namespace thalweg::tests {

// Decides the epochs of a simulated job outside of it, where no power cut reaches: a transaction
// whose answer may be lost on the way.
class Ledger final : public EpochDecider {
 public:
  using Complain = std::function<void(std::string problem)>;
  Ledger(SimulatedEnv& env, std::uint64_t seed, Complain complain)
      : env_(env), dice_(seed), complain_(std::move(complain)) {}

  std::string name() const override { return "the ledger"; }

  Result<std::optional<EpochName>> decided() override {
    TW_TRY(env_.call_outside("ask the ledger"));
    return decided_;
  }
  Result<std::optional<EpochName>> seen() override { return decided(); }

  Status decide(const EpochName& epoch) override {
    const Status reached = env_.call_outside("tell the ledger");
    if (reached.ok() || dice_() % 2 == 0) {
      if (epoch.epoch != (decided_ ? decided_->epoch : 0) + 1) {
        complain_("an epoch is decided out of turn");
      }
      decided_ = epoch;
    }
    return reached;
  }

 private:
  SimulatedEnv& env_;
  std::mt19937_64 dice_;
  const Complain complain_;
  std::optional<EpochName> decided_;
};

}  // namespace thalweg::tests
