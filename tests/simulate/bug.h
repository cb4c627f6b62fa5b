#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/epoch_store.h"
#include "env/env.h"
#include "stream/sink.h"
#include "stream/source.h"

namespace thalweg::tests {

using PathTest = std::function<bool(const std::string& path)>;

struct EnvFlaws {
  // Calls that are not made, though they are said to have worked.
  PathTest skips_sync = nullptr;
  PathTest skips_directory_sync = nullptr;
  PathTest skips_removal = nullptr;
  PathTest skips_cut = nullptr;
  // Errors that are taken for success.
  bool ignores_sync_errors = false;
  bool ignores_write_errors = false;
};

struct StoreFlaws {
  // Spoil what is written, or read back.
  std::function<void(EpochRecord& record)> record = nullptr;
  std::function<void(const StateSchema& schema, StateChanges& changes)> delta = nullptr;
  std::function<void(std::vector<StateChanges>& changes)> read = nullptr;  // Of one table.
  std::function<KeyGroupRange(KeyGroupRange groups)> groups = nullptr;
  bool forgets_what_waits = false;  // Of a table's changes only the first piece is written.
  bool decides_when_prepared = false;
};

struct SinkFlaws {
  bool commits_when_prepared = false;
  int epochs_off = 0;           // By so many it recovers to another epoch than the decided one.
  bool passes_barrier = false;  // The last batch before an epoch's end comes behind it.
};

struct SourceFlaws {
  bool positions_lag = false;  // By one block.
  bool forgets_resuming = false;
};

// Something done wrong on purpose, put between the engine and what it uses, to show that it is
// found.
struct Bug {
  std::string_view name;
  std::uint64_t seeds = 0;  // Within how many it is found.
  EnvFlaws env = {};
  StoreFlaws store = {};
  SinkFlaws sink = {};
  SourceFlaws source = {};
  bool never_asks_decider = false;
};

std::span<const Bug> seeded_bugs();

// All borrow the flaws; the first also what it wraps.
std::unique_ptr<Env> with_flaws(Env& env, const EnvFlaws& flaws);
std::unique_ptr<EpochStore> with_flaws(std::unique_ptr<EpochStore> store, const StoreFlaws& flaws);
std::unique_ptr<Sink> with_flaws(std::unique_ptr<Sink> sink, const SinkFlaws& flaws);
std::unique_ptr<Source> with_flaws(std::unique_ptr<Source> source, const SourceFlaws& flaws);

}  // namespace thalweg::tests
