#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/late_outputs.h"
#include "api/pipeline_impl.h"
#include "api/problems.h"
#include "api/script_runner.h"
#include "plan/build.h"
#include "sql/catalog_names.h"

namespace thalweg::detail {
namespace {

// Takes no rows: tells how the run goes on.
class StateReceiver final : public NoReceiver {
 public:
  explicit StateReceiver(const StateOptions& state) : state_(state) {}
  void resuming(const ResumedRun& run) override {
    if (state_.on_resume) {
      state_.on_resume(run);
    }
  }
  void at_least_once(const std::vector<std::string>& sinks) override {
    if (state_.on_at_least_once) {
      state_.on_at_least_once(sinks);
    }
  }
  void waiting(std::string_view why) override {
    if (state_.on_waiting) {
      state_.on_waiting(why);
    }
  }

 private:
  const StateOptions& state_;
};

Span without_prefix(Span span, std::size_t prefix) {
  const auto length = static_cast<std::uint32_t>(prefix);
  return {span.begin - std::min(span.begin, length), span.end - std::min(span.end, length)};
}

void add_samples(RunProgress& progress, const FailureNotes& failures) {
  const std::vector<RunProgress::Sample> first = failures.samples();
  progress.samples.insert(progress.samples.begin(), first.begin(), first.end());
}

// A run on_error = 'fail' ended does not know what the program's function said.
Status with_first_failure(const Status& status, const FailureNotes& failures) {
  const std::vector<RunProgress::Sample> samples = failures.samples();
  return samples.empty() || status.code() != Code::kRowFailed
             ? status
             : Status(status.code(), fmt::format("{}; in \"{}\": {}", status.message(),
                                                 samples[0].origin, samples[0].detail));
}

}  // namespace

Graph::Impl::Impl(std::string pipeline_name)
    : name(std::move(pipeline_name)), engine(system_env(), {}) {}

plan::NodePtr named_rows(const plan::Node& sink) {
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (std::uint32_t column = 0; column < sink.schema.size(); ++column) {
    exprs.push_back(column_expr(column, sink.schema[column].type, sink.schema[column].name));
    names.push_back(sink.schema[column].name);
  }
  return plan::make_project(sink.inputs[0], std::move(exprs), std::move(names));
}

void Graph::Impl::add_problems(const SourceText& source, const Diagnostics& diagnostics) {
  for (Problem& problem : to_problems(source, diagnostics, false)) {
    const bool said = std::any_of(problems.begin(), problems.end(), [&](const Problem& each) {
      return each.code == problem.code && each.message == problem.message &&
             each.file == problem.file;
    });
    if (!said) {
      problems.push_back(std::move(problem));
    }
  }
}

void Graph::Impl::add_problem(const std::string& step, std::string message,
                              std::vector<std::string> notes) {
  add_told(Severity::kError, "P0901", step, std::move(message), std::move(notes));
}

void Graph::Impl::add_warning(const std::string& step, std::string message,
                              std::vector<std::string> notes) {
  add_told(Severity::kWarning, "P0107", step, std::move(message), std::move(notes));
}

void Graph::Impl::add_told(Severity severity, const char* code, const std::string& step,
                           std::string message, std::vector<std::string> notes) {
  Diagnostics diagnostics;
  diagnostics.add({.severity = severity,
                   .code = code,
                   .message = step + ": " + std::move(message),
                   .span = {},
                   .label = {},
                   .notes = std::move(notes)});
  add_problems({.name = name, .text = {}}, diagnostics);
}

std::optional<Engine::BoundScript> Graph::Impl::bind(const Script& script, std::size_t prefix) {
  Diagnostics found;
  auto bound = engine.bind(script, engine.catalog(), found);
  Diagnostics shown;
  for (Diagnostic diagnostic : found.all()) {
    diagnostic.span = without_prefix(diagnostic.span, prefix);
    shown.add(std::move(diagnostic));
  }
  add_problems({.name = script.name, .text = script.text.substr(prefix)}, shown);
  return bound;
}

PlanNode Graph::Impl::query_over(const PlanNode& input, const std::string& step,
                                 const std::string& prefix, const std::string& text) {
  if (input == nullptr) {
    return nullptr;
  }
  auto& views = engine.catalog().names().views;
  const std::string view = "the stream";
  views[view] = {.name = view, .node = input};
  const auto bound = bind({.name = name + ", " + step, .text = prefix + text}, prefix.size());
  views.erase(view);
  if (!bound || bound->items.size() != 1) {
    return nullptr;
  }
  const auto* query = std::get_if<sql::BoundQuery>(&bound->items[0].bound);
  return query == nullptr ? nullptr : named_rows(*query->sink);
}

std::optional<std::uint32_t> Graph::Impl::column_of(const PlanNode& node, const std::string& step,
                                                    const std::string& column) {
  const Schema& schema = node->schema;
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < schema.size(); ++i) {
    if (schema[i].name == column) {
      return i;
    }
    names.push_back(schema[i].name);
  }
  add_problem(step, fmt::format("the stream has no column \"{}\"", column),
              {fmt::format("its columns: {}", fmt::join(names, ", "))});
  return std::nullopt;
}

void Graph::Impl::check_late_rows() {
  for (const UnreadLateRows& unread : find_unread_late_rows(sinks)) {
    add_problem("run",
                fmt::format("nothing reads the late rows of \"{}\", which has late = 'output'",
                            unread.table->name),
                {"give late_rows() of the same windows a sink", "or say late = 'drop'"});
  }
}

bool Graph::Impl::has_errors() const {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.is_error; });
}

Graph::Graph(std::string name) : impl_(std::make_unique<Impl>(std::move(name))) {}
Graph::~Graph() = default;

std::vector<std::string> Graph::column_names(const PlanNode& node) const {
  std::vector<std::string> names;
  if (node != nullptr) {
    for (const Field& field : node->schema) {
      names.push_back(field.name);
    }
  }
  return names;
}

const std::string& Graph::name() const { return impl_->name; }

RunReport Graph::run(const SessionOptions& options) {
  if (impl_->sinks.empty() && !impl_->has_errors()) {
    impl_->add_problem("run", "the pipeline has no sink", {"end a stream with sink(...)"});
  }
  impl_->check_late_rows();
  RunReport report;
  report.problems = impl_->problems;
  if (impl_->has_errors()) {
    report.outcome = Outcome::kInvalid;
  } else {
    run_plan(options, report);
  }
  impl_->engine.forget_stop();
  for (const std::function<void()>& close : impl_->closers) {
    close();
  }
  return report;
}

void Graph::run_plan(const SessionOptions& options, RunReport& report) {
  Engine& engine = impl_->engine;
  engine.options() = options;
  if (options.state.name.empty()) {
    engine.options().state.name = impl_->name;
  }
  engine.begin_run();
  impl_->failures->clear();
  StateReceiver receiver(engine.options().state);
  const Status status = engine.run(engine.rewritten({.sinks = impl_->sinks}), {}, receiver);
  report.summary = progress();
  if (!status.ok()) {
    report.outcome = outcome_of(status);
    report.problems.push_back(to_problem({.name = impl_->name, .text = {}},
                                         with_first_failure(status, *impl_->failures),
                                         options.color));
  } else if (engine.stop_requested()) {
    report.outcome = Outcome::kStopped;
  }
}

Explanation Graph::explain() {
  Explanation explanation;
  explanation.report.problems = impl_->problems;
  if (impl_->has_errors()) {
    explanation.report.outcome = Outcome::kInvalid;
  } else {
    explanation.text = plan::explain_text(plan::rewrite({.sinks = impl_->sinks}));
  }
  return explanation;
}

void Graph::request_stop() { impl_->engine.request_stop(); }

std::future<Checkpoint> Graph::checkpoint_now() {
  const auto promise = std::make_shared<std::promise<Checkpoint>>();
  std::future<Checkpoint> future = promise->get_future();
  impl_->engine.request_epoch([promise, name = impl_->name](const Result<std::uint64_t>& epoch) {
    promise->set_value(epoch.ok()
                           ? Checkpoint{.epoch = epoch.value(), .problem = {}}
                           : Checkpoint{.epoch = 0,
                                        .problem = fmt::format("no checkpoint of \"{}\": {}", name,
                                                               epoch.status().message())});
  });
  return future;
}

RunProgress Graph::progress() const {
  RunProgress progress = impl_->engine.progress();
  add_samples(progress, *impl_->failures);
  return progress;
}

}  // namespace thalweg::detail
