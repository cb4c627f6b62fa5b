#pragma once

#include <map>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "simulate/catalogue.h"

namespace thalweg::tests {

// Lines as a multiset: how often each is there.
using Lines = std::map<std::string, std::int64_t>;

// Where one query of a pipeline writes.
struct Output {
  const Query* query = nullptr;
  Rows rows = Rows::kAppended;
  bool csv = false;
  std::string directory;
  std::string file;  // In it; empty: a directory of parts.
};

// A job's input, its plan and its outputs. Holds no state: it is run again and again.
struct Pipeline {
  Feed feed;
  std::vector<Output> outputs;
  std::string script;
  plan::Plan plan;

  std::string name() const;  // Of its queries.
};

// One to three queries over a random feed.
Pipeline draw_pipeline(Dice& dice);
// These queries of the catalogue, by name, over a few rows that end.
Pipeline draw_pipeline(Dice& dice, const std::vector<std::string>& queries);

// What a reader of an output sees; an error where something is torn.
Result<Lines> read_output(const Output& output, FakeEnv& disk);

// The first few lines by which they differ.
std::string difference_of(const Lines& expected, const Lines& actual);

}  // namespace thalweg::tests
