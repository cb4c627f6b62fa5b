#include <cstdio>
#include <string>
#include <unordered_map>

#include "plan/duration_text.h"
#include "plan/walk.h"

namespace thalweg::plan {
namespace {

std::string_view emission(TopNEmit emit) {
  switch (emit) {
    case TopNEmit::kAtEnd:
      return "final at the end of input";
    case TopNEmit::kChanges:
      return "changes";
    case TopNEmit::kOnWindowClose:
      return "final at window close";
    case TopNEmit::kBehindWatermark:
      return "final once the watermark has passed";
  }
  return "";
}

std::string emission(const Aggregate& aggregate) {
  switch (aggregate.emit) {
    case Emit::kOnWindowClose:
      return aggregate.lateness_micros == 0
                 ? "final at window close"
                 : "at window close, corrected for " + duration_text(aggregate.lateness_micros);
    case Emit::kAtEnd:
      return "final at the end of input";
    case Emit::kChanges:
      return "changes";
    case Emit::kEvery:
      return "changes every " + duration_text(aggregate.every_micros) + ", final at window close";
  }
  return "";
}

// What a step says of its results, in words: "final at window close", "changes".
std::string emission(const Node& node) {
  if (step_of<AssignSession>(node) != nullptr) {
    return "when a session has ended";
  }
  if (step_of<AssignCountWindow>(node) != nullptr) {
    return "when a window is full";
  }
  if (const auto* join = step_of<Join>(node)) {
    return join->by == JoinBy::kKeysAtEnd ? "final at the end of input"
           : join->as_of()                ? "once the watermark has passed"
           : node.updating                ? "changes"
           : join->by_time() && (keeps_left(join->kind) || keeps_right(join->kind))
               ? "rows without a partner once the watermark has passed"
               : "as pairs come";
  }
  if (const auto* sort = step_of<Sort>(node); sort != nullptr && sort->behind_watermark) {
    return "behind the watermark";
  }
  if (const auto* over = step_of<Over>(node)) {
    return over->emit == OverEmit::kChanges           ? "changes"
           : over->emit == OverEmit::kBehindWatermark ? "once the watermark has passed"
                                                      : "final at the end of input";
  }
  if (step_of<MatchPattern>(node) != nullptr) {
    return "when a match is certain";
  }
  if (const auto* top = step_of<TopN>(node)) {
    return std::string(emission(top->emit));
  }
  const auto* aggregate = step_of<Aggregate>(node);
  return aggregate == nullptr ? "" : emission(*aggregate);
}

class TextTree {
 public:
  explicit TextTree(const Plan& plan) : uses_(count_uses(plan)) {}

  void add(const Node& node, const std::string& lead, const std::string& below) {
    std::string text = lead + describe(node);
    std::string notes = node.id;
    if (const std::string emitted = emission(node); !emitted.empty()) {
      notes += (notes.empty() ? "" : ": ") + emitted;
    }
    if (!notes.empty()) {
      text += "  [" + notes + ']';
    }
    const bool seen = mark_shared(node, text);
    const std::string_view further = node.inputs.empty() || seen ? "   " : "│  ";
    lines_.push_back(
        {.node = &node, .text = std::move(text), .below = below + std::string(further)});
    if (seen) {
      return;
    }
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const bool last = i + 1 == node.inputs.size();
      add(*node.inputs[i], below + (last ? "└─ " : "├─ "), below + (last ? "   " : "│  "));
    }
  }

  std::vector<ExplainLine> take() { return std::move(lines_); }

 private:
  // A step that several read is numbered, and shown with its inputs only the first time.
  bool mark_shared(const Node& node, std::string& text) {
    if (uses_[&node] <= 1) {
      return false;
    }
    const auto [number, is_new] = numbers_.try_emplace(&node, numbers_.size() + 1);
    text += "  (shared #" + std::to_string(number->second) + (is_new ? ")" : ", see above)");
    return !is_new;
  }

  Uses uses_;
  std::unordered_map<const Node*, std::size_t> numbers_;
  std::vector<ExplainLine> lines_;
};

std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      json += escape;
    } else {
      json += c;
    }
  }
  return json + '"';
}

std::string_view kind_of(const Node& node) {
  constexpr std::string_view kKinds[] = {"scan",
                                         "values",
                                         "filter",
                                         "project",
                                         "processing_time",
                                         "assign_window",
                                         "assign_session",
                                         "assign_count_window",
                                         "aggregate",
                                         "union",
                                         "interval_join",
                                         "sort",
                                         "top_n",
                                         "over",
                                         "match_pattern",
                                         "process",
                                         "late_rows",
                                         "dead_letters",
                                         "keyed_process",
                                         "sink"};
  static_assert(std::size(kKinds) == std::variant_size_v<Step>);
  const auto* join = step_of<Join>(node);
  if (join != nullptr && !join->by_time()) {
    return join->as_of() ? "as_of_join" : "join";
  }
  return kKinds[node.step.index()];
}

std::string columns_json(const Schema& schema) {
  std::string json = "[";
  for (const Field& field : schema) {
    json += json.size() == 1 ? "" : ",";
    json += "{\"name\":" + quoted(field.name) + ",\"type\":" + quoted(to_string(field.type)) + '}';
  }
  return json + ']';
}

std::string time_json(const Node& node) {
  if (node.time.lost) {
    return "null";
  }
  return node.time.column ? quoted(node.schema[*node.time.column].name) : "\"hidden\"";
}

}  // namespace

std::vector<ExplainLine> explain_lines(const Plan& plan) {
  TextTree tree(plan);
  for (const NodePtr& sink : plan.sinks) {
    tree.add(*sink, "", "");
  }
  return tree.take();
}

std::string explain_text(const Plan& plan) {
  std::string text;
  for (const ExplainLine& line : explain_lines(plan)) {
    text += line.text + '\n';
  }
  return text;
}

std::string explain_json(const Plan& plan) {
  std::unordered_map<const Node*, std::size_t> numbers;
  std::string json = "{\"steps\":[";
  for (const NodePtr& node : inputs_first(plan)) {
    const std::size_t number = numbers.size();
    numbers[node.get()] = number;
    std::string inputs;
    for (const NodePtr& input : node->inputs) {
      inputs += (inputs.empty() ? "" : ",") + std::to_string(numbers[input.get()]);
    }
    json += number == 0 ? "" : ",";
    json += "{\"step\":" + std::to_string(number) + ",\"kind\":" + quoted(kind_of(*node)) +
            ",\"text\":" + quoted(describe(*node)) + ",\"inputs\":[" + inputs + ']';
    json += node->id.empty() ? "" : ",\"id\":" + quoted(node->id);
    if (const std::string emitted = emission(*node); !emitted.empty()) {
      json += ",\"emits\":" + quoted(emitted);
    }
    json += ",\"columns\":" + columns_json(node->schema) + ",\"event_time\":" + time_json(*node);
    json += std::string(",\"bounded\":") + (node->bounded ? "true" : "false");
    json += std::string(",\"updating\":") + (node->updating ? "true" : "false") + '}';
  }
  return json + "]}\n";
}

}  // namespace thalweg::plan
