#pragma once

#include <concepts>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/checkpoints.h"
#include "thalweg/event.h"
#include "thalweg/input.h"
#include "thalweg/stream.h"

namespace thalweg {

// A stream as it comes from its source, where it can still be given event time.
template <typename T>
class SourceStream : public Stream<T> {
 public:
  SourceStream(detail::Graph& graph, detail::SourceDecl decl)
      : Stream<T>(graph, graph.source(decl)), graph_(&graph), decl_(std::move(decl)) {}

  // The field that holds the time at which a row happened, and how the watermark follows from it.
  // A row without a value there is rejected.
  template <auto Member>
  SourceStream event_time(Watermarks watermarks) const {
    detail::SourceDecl decl = decl_;
    decl.time_field = std::string(detail::name_of_value<Member>());
    decl.watermarks = std::move(watermarks);
    return {*graph_, std::move(decl)};
  }

 private:
  detail::Graph* graph_;
  detail::SourceDecl decl_;
};

// What a program wants done with streams of rows: sources, steps and sinks, run together as one
// job. Built by one thread; run() blocks, and the others may be called from any thread meanwhile.
class Pipeline {
 public:
  explicit Pipeline(std::string name) : graph_(std::make_unique<detail::Graph>(std::move(name))) {}

  // SQL knows a source under `name`; under the struct's name where it is left out.
  template <typename T>
  SourceStream<T> source(std::vector<T> rows, std::string name = {}) {
    auto shared = std::make_shared<const std::vector<T>>(std::move(rows));
    detail::SourceDecl decl = declare<T>(std::move(name));
    decl.make_producer = [shared] { return std::make_unique<detail::VectorProducer<T>>(shared); };
    return {*graph_, std::move(decl)};
  }

  // Rows until it returns nothing. Called by one thread at a time, which it holds up: rows that are
  // waited for come better through an Input. When it throws the run fails.
  template <typename T, typename F>
    requires std::convertible_to<std::invoke_result_t<F&>, std::optional<T>>
  SourceStream<T> source(F generate, std::string name = {}) {
    detail::SourceDecl decl = declare<T>(std::move(name));
    decl.bounded = false;
    decl.make_producer = [generate = std::move(generate)] {
      return std::make_unique<detail::GeneratorProducer<T, F>>(generate);
    };
    return {*graph_, std::move(decl)};
  }

  // Rows that the program pushes. Runs once: when the run ends, the input is closed.
  template <typename T>
  SourceStream<T> source(const Input<T>& input, std::string name = {}) {
    detail::SourceDecl decl = declare<T>(std::move(name));
    decl.bounded = false;
    decl.make_producer = [input] { return input.make_producer(); };
    decl.close = [input] { input.close(); };
    return {*graph_, std::move(decl)};
  }

  // Rows of any connector, whose columns have the fields' names. A row without a value for a field
  // that is not std::optional is rejected.
  template <typename T>
  SourceStream<T> source(ConnectorOptions connector, std::string name = {}) {
    detail::SourceDecl decl = declare<T>(std::move(name));
    decl.connector = std::move(connector);
    return {*graph_, std::move(decl)};
  }

  // The rows of the last statement, a query; those before it may declare tables and INSERT, which
  // runs with the pipeline. Sources, and streams named by as_table(), are tables.
  Stream<Record> sql(const std::string& script) { return {*graph_, graph_->sql(script, true)}; }

  // Declarations and INSERTs alone.
  void execute(const std::string& script) { graph_->sql(script, false); }

  // Until all sources have ended, or stop is requested. Mistakes made while building are reported
  // here, all at once. With a state directory in the options it keeps its state there under the
  // pipeline's name, and goes on from what an earlier run has kept: RunProgress::resumed says from
  // what. Its sources must be readable again: connectors to files, and vectors with the same rows.
  RunReport run(const SessionOptions& options = {}) { return graph_->run(options); }
  Explanation explain() { return graph_->explain(); }

  // Ends reading; what has been read is worked off, and windows that are still open give nothing.
  // Before run() it makes that end at once. Also from a signal handler.
  void request_stop() { graph_->request_stop(); }
  RunProgress progress() const { return graph_->progress(); }

  // Asks for an epoch at once, whatever the interval. It is ready when the epoch is durable and
  // shown, when the run has failed, or at once where no run is under way or it keeps no state. Not
  // to be waited for in a function of the pipeline, which the epoch waits for.
  std::future<Checkpoint> checkpoint_now() { return graph_->checkpoint_now(); }
  const std::string& name() const { return graph_->name(); }

 private:
  template <typename T>
  static detail::SourceDecl declare(std::string name) {
    detail::SourceDecl decl;
    decl.name = name.empty() ? std::string(detail::name_of_type<T>()) : std::move(name);
    decl.fields = detail::fields_of<T>();
    return decl;
  }

  std::unique_ptr<detail::Graph> graph_;
};

// Runs a pipeline as a program: reads flags (--help lists them), stops in order on Ctrl-C and
// SIGTERM, tells on stderr what went wrong and at the end what was done. Returns the exit code:
// 0 done, 1 failed, 2 wrong flags, 75 something is not there, 78 the pipeline is wrong.
int main(Pipeline& pipeline, int argc, char** argv);

}  // namespace thalweg
