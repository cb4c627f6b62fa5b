#include "thalweg/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>

#include "api/progress.h"
#include "checkpoint/inspect.h"
#include "checkpoint/savepoint.h"
#include "env/env.h"
#include "formats/value_writer.h"
#include "thalweg/run_progress.h"

namespace thalweg {
namespace {

std::string quoted(std::string_view text) {
  std::string json;
  append_json_string(text, json);
  return json;
}

std::uint64_t bytes_of(const StateInspection& state) {
  std::uint64_t bytes = 0;
  for (const FileSummary& file : state.files()) {
    bytes += file.bytes;
  }
  return bytes;
}

std::string age_of(const EpochRecord& record) {
  const std::int64_t micros = system_env().wall_now().micros - record.made_at.micros;
  return human_duration(static_cast<double>(std::max<std::int64_t>(micros, 0)) * 1e-6);
}

std::string watermark_text(EventTime time) {
  return time == kStartOfTime ? "none" : time == kEndOfTime ? "at the end" : time_text(time.micros);
}

std::string rest_of(const PartitionEpoch& partition) {
  if (partition.ended) {
    return ", ended";
  }
  return partition.silent_micros == 0
             ? ""
             : ", silent for " +
                   human_duration(static_cast<double>(partition.silent_micros) * 1e-6);
}

std::string watermark_json(EventTime time) {
  return time == kStartOfTime || time == kEndOfTime ? "null" : quoted(time_text(time.micros));
}

std::string summary_json(const StateInspection& state) {
  const EpochRecord& record = state.record();
  return fmt::format(
      "\"name\":{},\"epoch\":{},\"made_at\":{},\"incarnation\":{},\"workers\":{},\"finished\":{},"
      "\"bytes\":{}",
      quoted(record.job), record.epoch, quoted(time_text(record.made_at.micros)),
      quoted(record.incarnation), record.workers, record.finished, bytes_of(state));
}

std::string show_text(const StateInspection& state) {
  const EpochRecord& record = state.record();
  std::string text =
      fmt::format("{}: epoch {}, made {} ago by {} {}, {} bytes{}\n", record.job, record.epoch,
                  age_of(record), record.workers, record.workers == 1 ? "worker" : "workers",
                  human_count(bytes_of(state)), record.finished ? ", finished" : "");
  const auto out = std::back_inserter(text);
  for (const SourceEpoch& source : record.sources) {
    fmt::format_to(out, "source {}\n", source.id);
    for (const PartitionEpoch& partition : source.partitions) {
      const std::string place =
          partition.input.empty()
              ? fmt::format("at {}", partition.position)
              : fmt::format("in {} at {}", partition.input, partition.input_position);
      fmt::format_to(out, "  {}: {}, watermark {}{}\n", partition.name, place,
                     watermark_text(partition.watermark), rest_of(partition));
    }
  }
  for (const OperatorEpoch& each : record.operators) {
    fmt::format_to(out, "operator {}: {}, watermark {}\n", each.id, each.description,
                   watermark_text(each.watermark));
    for (const TableSummary& table : state.tables()) {
      if (table.operator_id == each.id) {
        fmt::format_to(out, "  {}: {} rows in the base, {} put and {} erased since, {} bytes\n",
                       table.schema.name, human_count(table.base_rows), human_count(table.put_rows),
                       human_count(table.erased_rows), human_count(table.bytes));
      }
    }
  }
  for (const auto& [name, value] : record.counters) {
    fmt::format_to(out, "counter {}: {}\n", name, human_count(value));
  }
  for (const FileSummary& file : state.files()) {
    fmt::format_to(out, "file {}: {} bytes\n", file.name, human_count(file.bytes));
  }
  return text;
}

std::string show_json(const StateInspection& state) {
  const EpochRecord& record = state.record();
  std::string sources;
  for (const SourceEpoch& source : record.sources) {
    for (const PartitionEpoch& partition : source.partitions) {
      sources += fmt::format(
          "{}{{\"source\":{},\"partition\":{},\"position\":{},\"input\":{},\"input_position\":{},"
          "\"watermark\":{},\"ended\":{},\"silent_micros\":{}}}",
          sources.empty() ? "" : ",", quoted(source.id), quoted(partition.name), partition.position,
          quoted(partition.input), partition.input_position, watermark_json(partition.watermark),
          partition.ended, partition.silent_micros);
    }
  }
  std::string tables;
  for (const TableSummary& table : state.tables()) {
    tables += fmt::format(
        "{}{{\"operator\":{},\"table\":{},\"base_rows\":{},\"put_rows\":{},\"erased_rows\":{},"
        "\"bytes\":{}}}",
        tables.empty() ? "" : ",", quoted(table.operator_id), quoted(table.schema.name),
        table.base_rows, table.put_rows, table.erased_rows, table.bytes);
  }
  std::string operators;
  for (const OperatorEpoch& each : record.operators) {
    operators += fmt::format("{}{{\"id\":{},\"description\":{},\"watermark\":{}}}",
                             operators.empty() ? "" : ",", quoted(each.id),
                             quoted(each.description), watermark_json(each.watermark));
  }
  std::string counters;
  for (const auto& [name, value] : record.counters) {
    counters += fmt::format("{}{}:{}", counters.empty() ? "" : ",", quoted(name), value);
  }
  return fmt::format(
      "{{{},\"partitions\":[{}],\"operators\":[{}],\"tables\":[{}],\"counters\":{{{}}}}}\n",
      summary_json(state), sources, operators, tables, counters);
}

// The rows of one table as lines.
std::string row_lines(const TableSummary& table, const std::vector<Column>& columns) {
  std::string lines;
  for (RowIndex row = 0; row < columns[0].length(); ++row) {
    fmt::format_to(std::back_inserter(lines), "{{\"operator\":{},\"table\":{}",
                   quoted(table.operator_id), quoted(table.schema.name));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      lines += ',' + quoted(table.schema.columns[i].name) + ':';
      append_json(columns[i], row, lines);
    }
    lines += "}\n";
  }
  return lines;
}

}  // namespace

CheckpointReport list_checkpoints(const std::string& directory, bool json) {
  Env& env = system_env();
  const Result<std::vector<std::string>> names = list_states(env, directory);
  if (!names.ok()) {
    return {.problem = names.status().message(), .text = {}};
  }
  CheckpointReport report;
  for (const std::string& name : names.value()) {
    const auto state = StateInspection::open(env, directory, name);
    if (!state.ok()) {
      report.problem += (report.problem.empty() ? "" : "\n") + state.status().message();
      continue;
    }
    const EpochRecord& record = state.value()->record();
    report.text += json ? fmt::format("{{{}}}\n", summary_json(*state.value()))
                        : fmt::format("{}  epoch {}  {} ago  {} bytes{}\n", name, record.epoch,
                                      age_of(record), human_count(bytes_of(*state.value())),
                                      record.finished ? "  finished" : "");
  }
  return report;
}

CheckpointReport show_checkpoint(const std::string& directory, const std::string& name, bool json) {
  const auto state = StateInspection::open(system_env(), directory, name);
  if (!state.ok()) {
    return {.problem = state.status().message(), .text = {}};
  }
  return {.problem = {}, .text = json ? show_json(*state.value()) : show_text(*state.value())};
}

std::vector<std::string> verify_checkpoint(const std::string& directory, const std::string& name) {
  return verify_state(system_env(), directory, name);
}

std::string export_checkpoint(const std::string& directory, const std::string& name,
                              const std::function<bool(std::string_view lines)>& write) {
  const auto opened = StateInspection::open(system_env(), directory, name);
  if (!opened.ok()) {
    return opened.status().message();
  }
  const StateInspection& state = *opened.value();
  bool wanted = true;
  for (const TableSummary& table : state.tables()) {
    const Status status = state.visit_rows(
        table.operator_id, table.schema.name, [&](const std::vector<Column>& columns) -> Status {
          wanted = wanted && write(row_lines(table, columns));
          return wanted ? Status() : Status(Code::kReaderGone, "nobody reads");
        });
    if (!wanted) {
      return {};
    }
    if (!status.ok()) {
      return status.message();
    }
  }
  return {};
}

CheckpointReport create_savepoint(const std::string& directory, const std::string& name,
                                  const std::string& path) {
  Env& env = system_env();
  const Status written = write_savepoint(env, directory, name, path);
  const Result<EpochRecord> record = written.ok() ? savepoint_record(env, path) : written;
  if (!record.ok()) {
    return {.problem = record.status().message(), .text = {}};
  }
  const auto bytes = env.file_size(path);
  return {.problem = {},
          .text = fmt::format("epoch {} of {}, {} bytes\n", record.value().epoch, name,
                              bytes.ok() ? bytes.value().value_or(0) : 0)};
}

}  // namespace thalweg
