#include "api/engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <thread>
#include <utility>

#include "api/late_outputs.h"
#include "api/problems.h"
#include "api/progress.h"
#include "api/result_sink.h"
#include "api/script_runner.h"
#include "base/nearest.h"
#include "base/options.h"
#include "catalog/table_options.h"
#include "connectors/infer.h"
#include "connectors/registry.h"
#include "runtime/memory_watch.h"
#include "sql/parser.h"
#include "state/key_groups.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kWorkersMax = kKeyGroups;  // More would have no keys.
constexpr std::uint32_t kBatchRowsMax = 1 << 20;
constexpr std::int64_t kCheckpointIntervalMin = 1000;
constexpr std::int64_t kMemoryLimitMin = std::int64_t{64} << 20;  // To begin at all.

std::uint32_t worker_count(const SessionOptions& options) {
  const std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::min(options.workers == 0 ? cores : options.workers, kWorkersMax);
}

// The whole text as a number from 1 to `max`.
std::optional<std::uint32_t> parse_count(std::string_view text, std::uint32_t max) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > max) {
    return std::nullopt;
  }
  return number;
}

// "2GiB" or "50%".
bool set_memory_limit(SessionOptions& options, std::string_view text) {
  std::int64_t bytes = 0;
  if (text.ends_with('%')) {
    const auto percent = parse_count(text.substr(0, text.size() - 1), 100);
    options.memory_limit_percent = percent.value_or(0);
    return percent.has_value();
  }
  const bool has_unit = !text.empty() && (text.back() < '0' || text.back() > '9');
  if (!has_unit || !parse_bytes(text, bytes) || bytes < kMemoryLimitMin) {
    return false;
  }
  options.memory_limit_bytes = static_cast<std::uint64_t>(bytes);
  return true;
}

Diagnostic setting_problem(const sql::BoundSet& set, Span span) {
  Diagnostic diagnostic;
  diagnostic.code = "C0203";
  diagnostic.span = span;
  if (set.name == "workers" || set.name == "batch_rows") {
    diagnostic.message = set.name + " must be a whole number from 1 to " +
                         std::to_string(set.name == "workers" ? kWorkersMax : kBatchRowsMax) +
                         ", not '" + set.value + "'";
  } else if (set.name == "checkpoint_interval") {
    diagnostic.message =
        "checkpoint_interval must be a span of time from 1ms on, such as 10s, not '" + set.value +
        "'";
  } else if (set.name == "checkpoint_rows") {
    diagnostic.message =
        "checkpoint_rows must be a whole number of rows from 1 on, not '" + set.value + "'";
  } else if (set.name == "memory_limit") {
    diagnostic.message =
        "memory_limit must be a size with its unit from 64MiB on, such as 2GiB, or a share of the "
        "machine's memory such as 50%, not '" +
        set.value + "'";
  } else if (set.name == "on_failure") {
    diagnostic.message = "on_failure must be 'wait' or 'stop', not '" + set.value + "'";
  } else {
    diagnostic.code = "C0201";
    diagnostic.message = "there is no setting \"" + set.name + "\"";
    const std::vector<std::string> names = {"batch_rows",
                                            "checkpoint_interval",
                                            "checkpoint_rows",
                                            "memory_limit",
                                            "on_failure",
                                            "time_zone",
                                            "ttl",
                                            "workers"};
    const auto of_tables = table_option_specs();
    if (std::ranges::find(of_tables, set.name, &OptionSpec::name) != of_tables.end()) {
      diagnostic.notes.push_back(fmt::format(
          "it is an option of each table: CREATE TABLE ... WITH ({} = '{}')", set.name, set.value));
    } else if (const auto near = nearest_name(set.name, names)) {
      diagnostic.label = "did you mean \"" + *near + "\"?";
    }
    diagnostic.notes.push_back(fmt::format("settings: {}", fmt::join(names, ", ")));
  }
  return diagnostic;
}

Diagnostic interleaved_problem(Span span) {
  Diagnostic diagnostic;
  diagnostic.code = "P0114";
  diagnostic.message = "the rows of this result would come between those of one without end";
  diagnostic.span = span;
  diagnostic.notes = {"INSERT each into a sink of its own, or run them apart",
                      "--format plain and --format table head each piece with its columns"};
  return diagnostic;
}

// As people know them.
std::vector<std::string> names_of(const plan::Plan& plan, const std::vector<std::size_t>& sinks) {
  std::vector<std::string> names;
  for (const std::size_t sink : sinks) {
    const TablePtr& table = std::get<plan::Sink>(plan.sinks[sink]->step).table;
    names.push_back(table == nullptr ? "the answer of SELECT"
                                     : fmt::format("\"{}\" ({})", table->name, table->connector));
  }
  return names;
}

SourceText source_of(const Script& script) { return {.name = script.name, .text = script.text}; }

}  // namespace

bool apply_setting(SessionOptions& options, const sql::BoundSet& set) {
  const SessionOptions defaults;
  if (set.name == "workers") {
    const auto count = set.value.empty() ? defaults.workers : parse_count(set.value, kWorkersMax);
    options.workers = count.value_or(options.workers);
    return count.has_value();
  }
  if (set.name == "batch_rows") {
    const auto count =
        set.value.empty() ? defaults.batch_rows : parse_count(set.value, kBatchRowsMax);
    options.batch_rows = count.value_or(options.batch_rows);
    return count.has_value();
  }
  if (set.name == "checkpoint_interval") {
    std::int64_t micros = defaults.checkpoint_interval_micros;
    if (!set.value.empty() &&
        (!parse_duration_micros(set.value, micros) || micros < kCheckpointIntervalMin)) {
      return false;
    }
    options.checkpoint_interval_micros = micros;
    return true;
  }
  if (set.name == "memory_limit") {
    options.memory_limit_bytes = defaults.memory_limit_bytes;
    options.memory_limit_percent = defaults.memory_limit_percent;
    return set.value.empty() || set_memory_limit(options, set.value);
  }
  if (set.name == "on_failure") {
    const bool known = set.value.empty() || set.value == "wait" || set.value == "stop";
    options.on_failure = set.value == "stop" ? OnFailure::kStop : OnFailure::kWait;
    return known;
  }
  if (set.name == "checkpoint_rows") {
    const auto count = set.value.empty() ? 0 : parse_count(set.value, UINT32_MAX);
    options.checkpoint_rows = count.value_or(0);
    return count.has_value();
  }
  return false;
}

Engine::Engine(Env& env, SessionOptions options)
    : env_(env),
      standard_input_(env),
      world_{env, standard_input_, {}, &stop_requested_},
      options_(options),
      catalog_(std::make_unique<sql::Catalog>(connector_catalog(), [this](const std::string& path) {
        return infer_table(world_, path);
      })) {}

std::optional<Engine::BoundScript> Engine::bind(const Script& script, sql::Catalog& catalog,
                                                Diagnostics& diagnostics) {
  const std::vector<ast::Statement> statements = parse_script(script.text, diagnostics);
  // What comes after a statement that does not parse may need what it would have declared.
  std::uint32_t trusted_end = static_cast<std::uint32_t>(script.text.size());
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.severity == Severity::kError) {
      trusted_end = std::min(trusted_end, diagnostic.span.begin);
    }
  }
  BoundScript bound;
  catalog.begin_script();
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (statements[i].span.end > trusted_end) {
      break;
    }
    std::optional<sql::BoundStatement> one = sql::bind(statements[i], catalog, diagnostics);
    if (!one) {
      continue;
    }
    if (const auto* set = std::get_if<sql::BoundSet>(&*one)) {
      SessionOptions scratch;
      if (!apply_setting(scratch, *set)) {
        diagnostics.add(setting_problem(*set, statements[i].span));
      } else if (const Status limit =
                     set->name == "memory_limit" ? memory_limit(scratch).status() : Status();
                 !limit.ok()) {
        diagnostics.add({.severity = Severity::kError,
                         .code = "C0203",
                         .message = limit.message(),
                         .span = statements[i].span,
                         .label = {},
                         .notes = {}});
      }
    }
    bound.items.push_back({.statement = i, .bound = std::move(*one)});
  }
  if (!diagnostics.has_errors()) {
    check_late_outputs(bound, statements, diagnostics);
  }
  if (const auto statement = options_.answers_apart ? first_interleaved(bound) : std::nullopt) {
    diagnostics.add(interleaved_problem(statements[*statement].span));
  }
  return diagnostics.has_errors() ? std::nullopt : std::optional(std::move(bound));
}

// Of one script.
class Engine::RunScope {
 public:
  explicit RunScope(Engine& engine) : engine_(engine) { engine.begin_run(); }
  ~RunScope() { engine_.forget_stop(); }
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;

 private:
  Engine& engine_;
};

RunReport Engine::execute(const Script& script, ResultReceiver& receiver) {
  const RunScope scope(*this);
  RunReport report;
  Diagnostics diagnostics;
  const std::optional<BoundScript> bound = bind_all(script, diagnostics);
  if (!bound && stop_requested()) {
    report.outcome = Outcome::kStopped;
    return report;
  }
  report.problems = to_problems(source_of(script), diagnostics, options_.color);
  if (!bound) {
    report.outcome = Outcome::kInvalid;
    return report;
  }
  for (const Problem& warning : report.problems) {
    receiver.warning(warning);
  }
  Status status;
  if (!options_.state.from_savepoints.empty() && looked_at_ == nullptr) {
    std::vector<plan::Plan> plans;
    status = plans_of(*bound, plans);
    status = status.ok() ? begin_with_savepoints(plans) : status;
  }
  status = status.ok() ? ScriptRunner(*this, receiver).run(*bound) : status;
  report.summary = progress();
  if (!status.ok()) {
    report.outcome = outcome_of(status);
    if (report.outcome != Outcome::kStopped) {
      report.problems.push_back(to_problem(source_of(script), status, options_.color));
    }
  } else if (stop_requested()) {
    report.outcome = Outcome::kStopped;
  }
  return report;
}

std::optional<Engine::BoundScript> Engine::bind_all(const Script& script,
                                                    Diagnostics& diagnostics) {
  std::unique_ptr<sql::Catalog> declared = catalog_->copy();
  std::optional<BoundScript> bound = bind(script, *declared, diagnostics);
  if (bound) {
    catalog_ = std::move(declared);
  }
  return bound;
}

std::vector<Problem> Engine::validate(const Script& script) {
  const std::unique_ptr<sql::Catalog> scratch = catalog_->copy();
  Diagnostics diagnostics;
  (void)bind(script, *scratch, diagnostics);
  return to_problems(source_of(script), diagnostics, options_.color);
}

Explanation Engine::explain(const Script& script, ExplainOptions options) {
  Explanation explanation;
  Diagnostics diagnostics;
  const RunScope scope(*this);
  const std::optional<BoundScript> bound = bind_all(script, diagnostics);
  explanation.report.problems = to_problems(source_of(script), diagnostics, options_.color);
  if (!bound) {
    explanation.report.outcome = Outcome::kInvalid;
    return explanation;
  }
  if (!options.analyze && options.watermarks_after_micros == 0) {
    const plan::Plan plan = plan::rewrite(plan_of(*bound));
    explanation.text = options.json ? plan::explain_json(plan) : plan::explain_text(plan);
    return explanation;
  }
  Status status;
  if (options.watermarks_after_micros > 0) {
    status = run_for(*bound, options.watermarks_after_micros);
  } else {
    NoReceiver nobody;
    const SessionOptions before = std::exchange(options_, options_);
    options_.measure_operators = true;
    writes_out_ = false;
    status = ScriptRunner(*this, nobody).run(*bound);
    writes_out_ = true;
    options_ = before;
  }
  explanation.report.summary = progress();
  explanation.text = options.watermarks_after_micros > 0
                         ? explain_watermarks(explanation.report.summary)
                         : analyzed_text(explanation.report.summary, options.json);
  if (!status.ok()) {
    explanation.report.outcome = outcome_of(status);
    explanation.report.problems.push_back(to_problem(source_of(script), status, options_.color));
  }
  return explanation;
}

// Runs the script until it ends or the time is over; results go nowhere.
Status Engine::run_for(const BoundScript& script, std::int64_t micros) {
  std::mutex mutex;
  std::condition_variable_any done;
  bool over = false;
  const std::jthread clock([&](const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    if (!done.wait_for(lock, stop, std::chrono::microseconds(micros), [&] { return over; })) {
      request_stop();
    }
  });
  NoReceiver nobody;
  writes_out_ = false;
  const Status status = ScriptRunner(*this, nobody).run(script);
  writes_out_ = true;
  const std::lock_guard lock(mutex);
  over = true;
  done.notify_all();
  return status;
}

Result<std::uint64_t> Engine::memory_limit(const SessionOptions& options) const {
  const std::uint64_t machine = env_.memory_bytes();
  if (options.memory_limit_bytes == 0) {
    return machine / 100 * options.memory_limit_percent;
  }
  if (machine > 0 && options.memory_limit_bytes > machine) {
    return invalid_argument(
        fmt::format("memory_limit is {}, and the machine, or the control group, has only {}",
                    bytes_text(options.memory_limit_bytes), bytes_text(machine)));
  }
  return options.memory_limit_bytes;
}

plan::Plan Engine::rewritten(const plan::Plan& plan) const {
  const bool keeps_state = !options_.state.directory.empty() || looked_at_ != nullptr;
  return plan::rewrite(plan, keeps_state ? plan::PushThrough::kStateless : plan::PushThrough::kAll);
}

RunReport Engine::look_at_plans(const Script& script, std::vector<plan::Plan>& plans) {
  looked_at_ = &plans;
  NoReceiver nobody;
  RunReport report = execute(script, nobody);
  looked_at_ = nullptr;
  return report;
}

Problem Engine::problem_of(const Script& script, const Status& status) const {
  return to_problem(source_of(script), status, options_.color);
}

Status Engine::run(const plan::Plan& plan, const std::vector<Answer>& answers,
                   ResultReceiver& receiver) {
  if (looked_at_ != nullptr) {
    looked_at_->push_back(plan);
    return {};
  }
  TW_TRY_ASSIGN(const std::uint64_t memory_limit_bytes, memory_limit(options_));
  ResultChannel channel(receiver, [this] { request_stop(); });
  const JobOptions job_options{.workers = worker_count(options_),
                               .batch_rows = options_.batch_rows,
                               .interleaving_seed = options_.interleaving_seed,
                               .measure_operators = options_.measure_operators,
                               .memory_limit_bytes = memory_limit_bytes};
  const JobConnections connections{
      .make_source =
          [this](const Table& table, const std::vector<std::uint32_t>& columns) {
            return make_table_source(table, columns);
          },
      .make_sink = [&](std::size_t sink, const plan::Node& node) -> Result<std::unique_ptr<Sink>> {
        if (const TablePtr& table = std::get<plan::Sink>(node.step).table) {
          return make_table_sink({.table = *table,
                                  .key = std::get<plan::Sink>(node.step).key,
                                  .decider = decider_.get()});
        }
        const auto answer = std::find_if(answers.begin(), answers.end(),
                                         [&](const Answer& each) { return each.sink == sink; });
        TW_CHECK(answer != answers.end());
        return make_result_sink(channel, answer->header);
      }};
  return options_.state.directory.empty()
             ? run_job(plan, job_options, connections, answers, channel).status
             : run_with_state(plan, job_options, connections, answers, channel);
}

Engine::JobEnd Engine::run_job(const plan::Plan& plan, const JobOptions& options,
                               const JobConnections& connections,
                               const std::vector<Answer>& answers, ResultChannel& channel) {
  Result<std::unique_ptr<Job>> made = Job::make(plan, options, connections, env_);
  if (!made.ok()) {
    return {.status = made.status()};
  }
  const std::unique_ptr<Job> job = std::move(made).take();
  if (std::optional<ResumedRun> resumed = to_run_progress(job->progress()).resumed;
      resumed && !options_.crash_seed) {
    std::string changes = std::exchange(changes_, {});
    changes += changes.empty() || resumed->changes.empty() ? "" : "; ";
    resumed->changes = changes + resumed->changes;
    channel.resuming(*resumed);
  }
  if (const std::vector<std::string> sinks = names_of(plan, job->at_least_once());
      !sinks.empty() && !options_.crash_seed) {
    channel.at_least_once(sinks);
  }
  for (const Answer& answer : answers) {
    channel.begin(answer.header);  // Nothing new where it had begun in an earlier life.
  }
  std::optional<RunningJob::Guard> shown;
  {
    const std::lock_guard lock(mutex_);
    waiting_.reset();
    shown.emplace(running_, *job);
  }
  if (stop_requested()) {
    job->request_stop();  // It came before the job could be seen.
  }
  Status status = job->run();
  if (job->has_crashed()) {
    return {.crashed = true, .started = true};
  }
  RunProgress done = to_run_progress(job->progress());
  done.stopped = stop_requested();
  const bool lacks_broker = status.code() == Code::kUnavailable && !done.reconnecting.empty();
  if (lacks_broker && stop_requested()) {
    status = {Code::kUnavailable,
              fmt::format("stopped while {} was away: {}", done.reconnecting, status.message())};
  }
  {
    // Together, so that nobody who watches misses its counts or sees them twice.
    const std::lock_guard lock(mutex_);
    shown.reset();
    if (may_wait() && (lacks_broker || status.code() == Code::kNoSpace)) {
      done.waiting = lacks_broker ? "" : "disk full";
      waiting_ = std::move(done);
      waits_since_nanos_ = env_.steady_nanos();
      return {.status = status, .started = true, .lacks_broker = lacks_broker};
    }
    add_progress(finished_, done);
  }
  if (status.ok()) {
    for (const Answer& answer : answers) {
      channel.end(answer.header, done);
    }
  }
  return {.status = status, .started = true, .lacks_broker = lacks_broker};
}

void Engine::begin_run() {
  world_.outputs.begin_run();
  jobs_ = 0;
  has_begun_ = false;
  started_nanos_.store(env_.steady_nanos());
  const std::lock_guard lock(mutex_);
  finished_ = {};
  waiting_.reset();
  seconds_waited_ = 0;
}

void Engine::forget_stop() {
  stop_requested_.store(false);
  standard_input_.forget_stop();
}

void Engine::request_stop() {
  stop_requested_.store(true);
  standard_input_.request_stop();
  running_.visit([](Job& job) { job.request_stop(); });
}

void Engine::request_epoch(const EpochAnswer& answer) {
  if (!running_.visit([&](Job& job) { job.request_epoch(answer); })) {
    answer(Status(Code::kUnavailable, "it is not running"));
  }
}

RunProgress Engine::progress() const {
  const std::lock_guard lock(mutex_);
  RunProgress total = finished_;
  running_.visit([&](Job& job) { add_progress(total, to_run_progress(job.progress())); });
  if (waiting_) {
    add_progress(total, *waiting_);
    if (!total.reconnecting.empty()) {
      total.seconds_reconnecting +=
          static_cast<double>(env_.steady_nanos() - waits_since_nanos_) * 1e-9;
    }
  }
  total.seconds_waited = seconds_waited_;
  total.seconds = static_cast<double>(env_.steady_nanos() - started_nanos_.load()) * 1e-9;
  return total;
}

Result<std::unique_ptr<Source>> Engine::make_table_source(
    const Table& table, const std::vector<std::uint32_t>& columns) {
  TW_TRY(check_outlives(table));
  const auto own = program_.sources.find(&table);
  return own != program_.sources.end()
             ? own->second(columns)
             : make_source(world_, {.table = table,
                                    .columns = columns,
                                    .short_blocks = options_.crash_seed.has_value()});
}

Result<std::unique_ptr<Sink>> Engine::make_table_sink(const SinkRequest& request) {
  const Table& table = request.table;
  TW_TRY(check_outlives(table));
  if (!writes_out_ && table.memory == nullptr) {
    return blackhole_connector().make_sink(world_, request);
  }
  const auto own = program_.sinks.find(&table);
  return own != program_.sinks.end() ? own->second() : make_sink(world_, request);
}

}  // namespace thalweg
