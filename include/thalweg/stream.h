#pragma once

#include <chrono>
#include <concepts>
#include <memory>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "thalweg/aggregates.h"
#include "thalweg/detail/functions.h"
#include "thalweg/detail/keyed_function.h"
#include "thalweg/pattern.h"

namespace thalweg {

template <typename T>
class KeyedStream;
template <typename T>
class WindowedStream;

// Rows of type T, a plain struct of up to 24 fields (or Record), on their way. A value that stands
// for one step of its pipeline, which must outlive it; steps may be used more than once. Functions
// are copied to each worker and called there, row by row; they must not share what they change.
// A row on which one throws is rejected and counted, and the others go on.
template <typename T>
class Stream {
 public:
  Stream(detail::Graph& graph, detail::PlanNode node) : graph_(&graph), node_(std::move(node)) {}

  // A condition in SQL over the fields, which the planner sees: "price > 100 AND channel = 'web'".
  Stream filter(const std::string& condition) const {
    return {*graph_, graph_->filter(node_, condition)};
  }

  template <std::predicate<const T&> F>
    requires(!std::convertible_to<F, std::string>)
  Stream filter(F keep) const {
    return {*graph_,
            graph_->function(node_, {.text = "filter",
                                     .make = maker<detail::FilterFunction<T, F>>(std::move(keep)),
                                     .chooses_rows = true,
                                     .fields = {}})};
  }

  // The rows for which it is true, and the others.
  template <std::predicate<const T&> F>
  std::pair<Stream, Stream> split(F belongs_first) const {
    return {filter(belongs_first),
            filter([belongs_first](const T& row) mutable { return !belongs_first(row); })};
  }

  // One row, of any struct, for each.
  template <std::invocable<const T&> F>
  auto map(F make) const {
    using U = std::remove_cvref_t<std::invoke_result_t<F&, const T&>>;
    return derived<U>("map", maker<detail::MapFunction<T, U, F>>(std::move(make)));
  }

  // As many rows for each as the range has that is returned.
  template <std::invocable<const T&> F>
  auto flat_map(F make) const {
    using U = std::ranges::range_value_t<std::invoke_result_t<F&, const T&>>;
    return derived<U>("flat_map", maker<detail::FlatMapFunction<T, U, F>>(std::move(make)));
  }

  // Each worker has a copy of the processor.
  template <typename P>
    requires std::derived_from<P, Processor<T, typename P::Result>>
  Stream<typename P::Result> process(P processor) const {
    return process_with(std::move(processor));
  }

  template <auto... Members>
    requires(sizeof...(Members) > 0)
  KeyedStream<T> key_by() const {
    return key_by({std::string(detail::name_of_value<Members>())...});
  }
  KeyedStream<T> key_by(std::vector<std::string> fields) const {
    return {*graph_, node_, std::move(fields)};
  }

  // All rows as those of one key. Requires event time.
  WindowedStream<T> window(Windows windows) const { return {*graph_, node_, {}, windows}; }

  // One row over all: at the end of a bounded stream, else each time it changes.
  template <std::same_as<AggregateOf>... Aggregates>
  Stream<Record> aggregate(Aggregates... aggregates) const {
    return KeyedStream<T>(*graph_, node_, {}).aggregate(std::move(aggregates)...);
  }

  // As KeyedStream::over(), all rows being those of one key.
  template <std::convertible_to<FrameColumn>... Columns>
    requires(sizeof...(Columns) > 0)
  Stream<Record> over(Frame frame, Columns... columns) const {
    return KeyedStream<T>(*graph_, node_, {}).over(frame, std::move(columns)...);
  }

  // As KeyedStream::match(), all rows being those of one key.
  template <std::invocable<const Match<T>&> F>
  auto match(const Pattern<T>& pattern, F make) const {
    return KeyedStream<T>(*graph_, node_, {}).match(pattern, std::move(make));
  }

  // The columns of the fields' names as a struct, cast where their types differ. A row with NULL
  // for a field that is not std::optional is rejected, as null_not_allowed.
  template <typename U>
  Stream<U> as() const {
    return {*graph_,
            graph_->convert(node_, std::string(detail::name_of_type<U>()), detail::fields_of<U>())};
  }

  // The rows of both.
  Stream merge(const Stream& other) const { return {*graph_, graph_->merge({node_, other.node_})}; }

  // A name under which Pipeline::sql() reads it.
  Stream as_table(const std::string& name) const {
    graph_->name_table(node_, name);
    return *this;
  }

  // Calls call(row), or call(row, change) with change +1 where the row is added and -1 where it is
  // taken back. All workers share the one function, which is called by one thread at a time. When
  // it throws the run fails. A stream that takes rows back needs a function that is told so.
  template <typename F>
    requires std::invocable<F&, const T&> || std::invocable<F&, const T&, int>
  void sink(F call) const {
    auto shared = std::make_shared<F>(std::move(call));
    graph_->sink(node_, {.make = maker<detail::CallbackFunction<T, F>>(std::move(shared)),
                         .takes_changes = detail::kTakesChanges<T, F>});
  }
  // Into any connector that can be written to: sink(connector("file", {{"path", "out.jsonl"}})).
  void sink(const ConnectorOptions& connector) const { graph_->sink(node_, connector); }

 private:
  template <typename>
  friend class KeyedStream;

  template <typename Function, typename F>
  std::function<std::unique_ptr<detail::RowsFunction>()> maker(F function) const {
    return [function = std::move(function), names = graph_->column_names(node_)] {
      return std::make_unique<Function>(function, names);
    };
  }

  template <typename U>
  Stream<U> derived(const std::string& what,
                    std::function<std::unique_ptr<detail::RowsFunction>()> make) const {
    return {*graph_,
            graph_->function(node_, {.text = what + " to " + std::string(detail::name_of_type<U>()),
                                     .make = std::move(make),
                                     .chooses_rows = false,
                                     .fields = detail::fields_of<U>()})};
  }

  template <typename P>
  Stream<typename P::Result> process_with(P processor) const {
    return derived<typename P::Result>("process",
                                       maker<detail::ProcessorFunction<P>>(std::move(processor)));
  }

  detail::Graph* graph_;
  detail::PlanNode node_;
};

// A stream seen by key: rows of equal values in the key's fields belong together. NULL is a value
// like any other.
template <typename T>
class KeyedStream {
 public:
  KeyedStream(detail::Graph& graph, detail::PlanNode node, std::vector<std::string> keys)
      : graph_(&graph), node_(std::move(node)), keys_(std::move(keys)) {}

  // Requires event time.
  WindowedStream<T> window(Windows windows) const { return {*graph_, node_, keys_, windows}; }

  // One row per key: the keys, the aggregates; at the end of a bounded stream, else each time they
  // change. Where window_end is among the keys of a stream of windows' results, once for each when
  // its window closes.
  template <std::same_as<AggregateOf>... Aggregates>
  Stream<Record> aggregate(Aggregates... aggregates) const {
    return {*graph_, graph_->aggregate(node_, {keys_, std::nullopt, {std::move(aggregates)...}})};
  }

  // The first rows of each key: top(5, largest<&T::price>(), smallest<&T::id>()). Where the keys
  // hold window_end of a stream of windows' results, when its window closes; else at the end of a
  // bounded stream, and of one without end each time they change, with change -1 for a row that is
  // no longer among them.
  template <std::same_as<OrderBy>... Orders>
    requires(sizeof...(Orders) > 0)
  Stream<T> top(Top top, Orders... order) const {
    return {*graph_, graph_->top(node_, {keys_, std::nullopt, top, {std::move(order)...}})};
  }
  // The same with the rank behind the fields as a column: BIGINT, from 1.
  template <std::same_as<OrderBy>... Orders>
    requires(sizeof...(Orders) > 0)
  Stream<Record> ranked(std::string rank, Top top, Orders... order) const {
    return {*graph_,
            graph_->top(node_, {keys_, std::nullopt, top, {std::move(order)...}, std::move(rank)})};
  }

  // Each row with what it sees of the rows around it, of its key and in order of event time, behind
  // its fields: over(rows_frame({.preceding = 9}), avg<&T::price>(), lag<&T::price>()). A row comes
  // out once, when the watermark has passed it and its frame; of a stream that takes rows back,
  // again where its frame changes. Requires a field that holds the event time.
  template <std::convertible_to<FrameColumn>... Columns>
    requires(sizeof...(Columns) > 0)
  Stream<Record> over(Frame frame, Columns... columns) const {
    return {*graph_, graph_->over(node_, {keys_, frame, {std::move(columns)...}})};
  }

  // One row, of any struct, for each match of the pattern in the rows of a key, in order of event
  // time: make(match). It has the time of the match's last row. A match on which the function
  // throws is left out, and that row is rejected. Requires a field that holds the event time.
  template <std::invocable<const Match<T>&> F>
  auto match(const Pattern<T>& pattern, F make) const {
    static_assert(!std::is_same_v<T, Record>, "a pattern is of a struct: as<T>() makes one");
    using U = std::remove_cvref_t<std::invoke_result_t<F&, const Match<T>&>>;
    std::vector<std::string> steps;
    for (const detail::PatternStep& step : pattern.decl().steps) {
      steps.push_back(step.name);
    }
    return Stream<U>(
        *graph_,
        graph_->match(
            node_, {.keys = keys_,
                    .pattern = pattern.decl(),
                    .make_conditions =
                        [make = pattern.conditions(), names = graph_->column_names(node_)] {
                          return std::make_unique<detail::ConditionsFunction<T>>(make, names);
                        },
                    .text = std::string(detail::name_of_type<U>()),
                    .make =
                        [make = std::move(make), steps = std::move(steps)] {
                          return std::make_unique<detail::MatchMapFunction<T, U, F>>(make, steps);
                        },
                    .fields = detail::fields_of<U>()}));
  }

  // Passes rows through a KeyedProcessor, which keeps state and sets timers for each key. Each
  // worker has a copy of it.
  template <typename P>
    requires std::derived_from<
        P, KeyedProcessor<typename P::Key, T, typename P::State, typename P::Result>>
  Stream<typename P::Result> process(P processor) const {
    return process_with(std::move(processor), {}, std::nullopt);
  }

  // The same of a KeyedBroadcastProcessor: every worker sees all rows of `broadcast`. Both streams
  // have event time, or neither.
  template <typename P>
    requires std::derived_from<
        P,
        KeyedBroadcastProcessor<typename P::Key, T, typename P::State, typename P::BroadcastInput,
                                typename P::BroadcastState, typename P::Result>>
  Stream<typename P::Result> process(P processor,
                                     const Stream<typename P::BroadcastInput>& broadcast) const {
    const detail::StateText state = detail::text_of_state<typename P::BroadcastState>();
    return process_with(
        std::move(processor), {.names = graph_->column_names(broadcast.node_)},
        detail::BroadcastDecl{
            .input = broadcast.node_, .state = state.text, .state_expires = state.expires});
  }

  // The rows that come too late for over(), match() and process(): their fields, window_start and
  // window_end, which are NULL, and late_by_micros, how far behind the watermark they were
  // (BIGINT). Without event time.
  Stream<Record> late_rows() const {
    // Those of a session, which takes rows in order of time too.
    return {*graph_, graph_->late_rows(node_, session(std::chrono::seconds(1)), {})};
  }

  // One row of each key. Requires a field that holds the event time.
  Stream<T> deduplicate(Keep keep = Keep::kFirst) const {
    return {*graph_, graph_->deduplicate(node_, keys_, keep)};
  }

 private:
  template <typename P>
  Stream<typename P::Result> process_with(P processor, detail::BroadcastSide<P> side,
                                          std::optional<detail::BroadcastDecl> broadcast) const {
    const std::string name(detail::name_of_type<P>());
    const detail::StateText state = detail::text_of_state<typename P::State>();
    return {*graph_,
            graph_->keyed_function(
                node_, {.text = "process in " + name,
                        .keys = keys_,
                        .make =
                            [processor = std::move(processor), names = graph_->column_names(node_),
                             side = std::move(side)](auto key_places) {
                              return std::make_unique<detail::KeyedProcessorFunction<P>>(
                                  processor, names, std::move(key_places), side);
                            },
                        .key_fields = detail::fields_of_key<typename P::Key>(),
                        .fields = detail::fields_of<typename P::Result>(),
                        .state = state.text,
                        .state_expires = state.expires,
                        .broadcast = std::move(broadcast)})};
  }

  detail::Graph* graph_;
  detail::PlanNode node_;
  std::vector<std::string> keys_;
};

// Windows whose results come out before they are final: aggregate() then gives a stream that takes
// rows back (Record::change(), sinks that take a change).
template <typename T>
class ChangingWindows {
 public:
  ChangingWindows(detail::Graph& graph, detail::PlanNode node, std::vector<std::string> keys,
                  Windows windows, detail::EmissionDecl emission)
      : graph_(&graph),
        node_(std::move(node)),
        keys_(std::move(keys)),
        windows_(windows),
        emission_(emission) {}

  // As WindowedStream::aggregate(). A result that is what it was is not told again.
  template <std::same_as<AggregateOf>... Aggregates>
  Stream<Record> aggregate(Aggregates... aggregates) const {
    return {*graph_,
            graph_->aggregate(node_, {keys_, windows_, {std::move(aggregates)...}, emission_})};
  }

  // As WindowedStream::late_rows(); late_by_micros is counted from the end of the lateness.
  Stream<Record> late_rows() const {
    return {*graph_, graph_->late_rows(node_, windows_, emission_.lateness)};
  }

 private:
  detail::Graph* graph_;
  detail::PlanNode node_;
  std::vector<std::string> keys_;
  Windows windows_;
  detail::EmissionDecl emission_;
};

// A stream cut into windows of event time, by key or not. Windows close when the watermark reaches
// their end. A row whose windows have all closed before it came is late: it is counted, left out,
// and there to be read as late_rows().
template <typename T>
class WindowedStream {
 public:
  WindowedStream(detail::Graph& graph, detail::PlanNode node, std::vector<std::string> keys,
                 Windows windows)
      : graph_(&graph), node_(std::move(node)), keys_(std::move(keys)), windows_(windows) {}

  // One row per key and window when the window closes: window_start, window_end, window_time (its
  // last microsecond, which is the row's event time), the keys, the aggregates.
  template <std::same_as<AggregateOf>... Aggregates>
  Stream<Record> aggregate(Aggregates... aggregates) const {
    return {*graph_, graph_->aggregate(node_, {keys_, windows_, {std::move(aggregates)...}})};
  }

  // The first rows of each key in each window when it closes: their fields, then window_start,
  // window_end, window_time. top(5, largest<&T::price>(), smallest<&T::id>()).
  template <std::same_as<OrderBy>... Orders>
  Stream<Record> top(Top top, Orders... order) const {
    return {*graph_, graph_->top(node_, {keys_, windows_, top, {std::move(order)...}})};
  }
  // The same with the rank behind them as a column: BIGINT, from 1.
  template <std::same_as<OrderBy>... Orders>
  Stream<Record> ranked(std::string rank, Top top, Orders... order) const {
    return {*graph_,
            graph_->top(node_, {keys_, windows_, top, {std::move(order)...}, std::move(rank)})};
  }

  // A window's result when it closes, then a change for each late row until the watermark is beyond
  // its end by so much.
  ChangingWindows<T> allowed_lateness(std::chrono::microseconds lateness) const {
    return changing({.lateness = lateness});
  }
  // Every change of a result, of windows that are open too.
  ChangingWindows<T> emit_changes() const {
    return changing({.kind = detail::EmissionDecl::Kind::kChanges});
  }
  // What has changed in open windows, at most so often by the wall clock; final ones at the close.
  ChangingWindows<T> emit_every(std::chrono::microseconds period) const {
    return changing({.kind = detail::EmissionDecl::Kind::kEvery, .every = period});
  }

  // The rows that came too late, once for each window that they missed: their fields, window_start,
  // window_end (NULL for sessions), and late_by_micros, how far the watermark was beyond the last
  // moment (BIGINT). Without event time; never taken back. LATE of SQL.
  Stream<Record> late_rows() const { return {*graph_, graph_->late_rows(node_, windows_, {})}; }

  // The rows themselves, with window_start, window_end, window_time behind their fields; once for
  // each window that a row is in. Those of a session come when it has ended.
  Stream<Record> rows() const { return {*graph_, graph_->assign_windows(node_, keys_, windows_)}; }

 private:
  ChangingWindows<T> changing(detail::EmissionDecl emission) const {
    return {*graph_, node_, keys_, windows_, emission};
  }

  detail::Graph* graph_;
  detail::PlanNode node_;
  std::vector<std::string> keys_;
  Windows windows_;
};

}  // namespace thalweg
