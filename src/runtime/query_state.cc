#include <memory>
#include <utility>

#include "runtime/job_graph.h"
#include "runtime/upgrade.h"
#include "runtime/values_source.h"

namespace thalweg {
namespace {

class NoWriter final : public SinkWriter {
 public:
  Status write(const Batch& /*batch*/) override { return {}; }
  Status flush() override { return {}; }
};

class NoSink final : public Sink {
 public:
  Status open() override { return {}; }
  std::unique_ptr<SinkWriter> make_writer() override { return std::make_unique<NoWriter>(); }
  Status close(bool /*completed*/) override { return {}; }
};

Result<std::unique_ptr<Source>> no_rows(const Table& table,
                                        const std::vector<std::uint32_t>& columns) {
  Schema schema;
  for (const std::uint32_t column : columns) {
    schema.push_back(table.columns[column].field);
  }
  return make_values_source({}, schema, 1);
}

}  // namespace

Result<QueryState> state_of(const plan::Plan& plan, Env& env) {
  const JobConnections nowhere{
      .make_source = no_rows,
      .make_sink = [](std::size_t /*sink*/,
                      const plan::Node& /*node*/) -> Result<std::unique_ptr<Sink>> {
        return std::unique_ptr<Sink>(std::make_unique<NoSink>());
      }};
  JobGraph graph;
  TW_TRY(build_graph(plan, {}, nowhere, env, graph, GraphFor::kLooking));
  QueryState state;
  for (const auto& scan : graph.scans) {
    state.sources.push_back(scan->id);
  }
  state.operators = std::move(graph.kept);
  state.sinks = std::move(graph.sink_ids);
  return state;
}

}  // namespace thalweg
