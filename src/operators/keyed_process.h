#pragma once

#include <memory>
#include <optional>
#include <string>

#include "columnar/keyed_function.h"
#include "state/whole_rows.h"
#include "stream/operator.h"

namespace thalweg {

struct KeyedProcessSpec {
  std::unique_ptr<KeyedFunction> function;
  std::string name;  // Of the step, for the user.
  RowLayout rows;    // Of the input.
  // Of a second input, all of which every worker takes; nothing: there is none. Its batches bring
  // rows in order of time.
  struct Broadcast {
    RowLayout rows;
    bool rejects = true;  // Else another worker tells of rows that the function fails on.
  };
  std::optional<Broadcast> broadcast = std::nullopt;
  // Whether rows have event time. They are then taken in its order (rows of one time by partition
  // and position), each when the watermark has passed it; else as they come.
  bool timed = false;
};

// Passes rows and timers, by key, through a function of the program. A timer of event time fires
// after the rows up to its time and before later ones. A row older than the operator's own
// watermark is rejected (RowError::kLateAfterIdle), and so is one that the function fails on; a
// timer that it fails on ends the job. What is put out has the event time of the row or timer that
// it was made of.
//
// A row of the broadcast input is taken before the others of its time. One that is older than the
// operator's own watermark is taken at once, as every worker must take it.
std::unique_ptr<Operator> make_keyed_process(KeyedProcessSpec spec);

}  // namespace thalweg
