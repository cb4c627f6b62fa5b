#pragma once

#include <string>

namespace thalweg {

// Something outside that a source or a sink cannot reach, and goes on asking for.
struct Outage {
  std::string who;     // "broker 127.0.0.1:9092"
  double seconds = 0;  // How long already.
};

}  // namespace thalweg
