#include "simulate/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "api/script_runner.h"
#include "simulate/watch.h"
#include "sql/catalog_names.h"

namespace thalweg::tests {
namespace {

constexpr std::string_view kJudged = R"(
CREATE VIEW judged AS SELECT window_start, window_end, count(*) AS n
  FROM TUMBLE(events, ts, INTERVAL '10 seconds') GROUP BY window_start, window_end;
)";
constexpr std::string_view kEmitChanges = " EMIT CHANGES";

// Of an input that ends the final rows alone come out, where changes are not asked for.
bool can_wait_for_end(const Query& query, const Feed& feed) {
  return !feed.follows && query.rows == Rows::kChanges && query.text.ends_with(kEmitChanges) &&
         query.text.find("window_start") == std::string_view::npos;
}

Output draw_output(Dice& dice, const Query& query, const Feed& feed, std::size_t number) {
  Output output{.query = &query,
                .rows = query.rows,
                .csv = query.expected == nullptr && query.rows != Rows::kUpserts && one_in(dice, 2),
                .directory = fmt::format("out{}", number),
                .file = one_in(dice, 2) ? "rows" : ""};
  if (can_wait_for_end(query, feed) && one_in(dice, 3)) {
    output.rows = Rows::kAppended;
  }
  return output;
}

std::string script_of(const Output& output) {
  const Query& query = *output.query;
  const bool waits = output.rows != query.rows;
  const std::string_view mode = output.rows == Rows::kChanges   ? ", mode = 'changelog'"
                                : output.rows == Rows::kUpserts ? ", mode = 'upsert'"
                                                                : "";
  return fmt::format(
      "CREATE TABLE {0}_out ({1}{2}) WITH (connector = 'file', path = '{0}/{3}', format = "
      "'{4}'{5});\nINSERT INTO {0}_out {6};\n",
      output.directory, query.columns,
      output.rows == Rows::kUpserts ? ", PRIMARY KEY (k) NOT ENFORCED" : "", output.file,
      output.csv ? "csv" : "json", mode,
      waits ? query.text.substr(0, query.text.size() - kEmitChanges.size()) : query.text);
}

[[noreturn]] void fail_to_bind(const std::string& script, const Diagnostics& diagnostics) {
  fmt::print(stderr, "{}\n", script);
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    fmt::print(stderr, "{} {}\n", diagnostic.code, diagnostic.message);
  }
  std::exit(2);
}

plan::Plan plan_of_script(const Feed& feed, const std::string& script) {
  FakeEnv env;
  Engine engine(env, {});
  Diagnostics diagnostics;
  const auto bind = [&](const std::string& text) {
    std::optional<Engine::BoundScript> bound =
        engine.bind({.name = "simulated", .text = text}, engine.catalog(), diagnostics);
    if (!bound) {
      fail_to_bind(text, diagnostics);
    }
    return *std::move(bound);
  };
  bind(feed.declarations + std::string(kJudged));
  sql::Catalog::Names& names = engine.catalog().names();
  names.views["watched"] = {.name = "watched",
                            .node = watch(names.scan_of(names.tables.at("events")))};
  names.views["surveyed"] = {.name = "surveyed",
                             .node = survey(names.scan_of(names.tables.at("events")))};
  return plan::rewrite(plan_of(bind(script)));
}

Pipeline make_pipeline(Dice& dice, Feed feed, const std::vector<const Query*>& queries) {
  Pipeline pipeline{.feed = std::move(feed), .outputs = {}, .script = {}, .plan = {}};
  for (const Query* query : queries) {
    pipeline.outputs.push_back(draw_output(dice, *query, pipeline.feed, pipeline.outputs.size()));
    pipeline.script += script_of(pipeline.outputs.back());
  }
  pipeline.plan = plan_of_script(pipeline.feed, pipeline.script);
  return pipeline;
}

// A file's lines without what stands before its rows.
Result<std::vector<std::string>> lines_of(const Output& output, const std::string& path,
                                          FakeEnv& disk) {
  const std::string text = disk.get(path);
  if (!text.empty() && text.back() != '\n') {
    return unavailable(
        fmt::format("{} is torn: it ends with '{}'", path, text.substr(text.rfind('\n') + 1)));
  }
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (output.csv && !lines.empty()) {
    lines.erase(lines.begin());
  }
  for (const std::string& line : lines) {
    if (line.empty() || (!output.csv && (line.front() != '{' || line.back() != '}'))) {
      return unavailable(fmt::format("{} has a torn line: '{}'", path, line));
    }
  }
  return lines;
}

// Takes `op` out of a line.
std::string take_op(bool csv, std::string& line) {
  const std::size_t begin = csv ? 0 : std::string_view(R"({"op":")").size();
  const std::string op = line.substr(begin, 2);
  line = csv ? line.substr(3) : '{' + line.substr(begin + 4);
  return op;
}

}  // namespace

std::string Pipeline::name() const {
  std::string text;
  for (const Output& output : outputs) {
    text += fmt::format("{}{} into {}", text.empty() ? "" : ", ", output.query->name,
                        output.file.empty() ? "parts" : "one file");
  }
  return text + (feed.follows ? ", following" : "");
}

Pipeline draw_pipeline(Dice& dice) {
  Feed feed = draw_feed(dice, {});
  std::vector<const Query*> queries(1 + below(dice, 3));
  for (const Query*& query : queries) {
    query = &catalogue()[below(dice, catalogue().size())];
  }
  return make_pipeline(dice, std::move(feed), queries);
}

Pipeline draw_pipeline(Dice& dice, const std::vector<std::string>& queries) {
  Feed feed = draw_feed(dice, {.rows_max = 80, .may_follow = false});
  std::vector<const Query*> found;
  for (const std::string& name : queries) {
    found.push_back(&*std::ranges::find(catalogue(), name, &Query::name));
  }
  return make_pipeline(dice, std::move(feed), found);
}

Result<Lines> read_output(const Output& output, FakeEnv& disk) {
  Lines found;
  std::map<std::string, std::string> upserts;
  for (const std::string& name : disk.list_directory(output.directory).take()) {
    if (name.starts_with('.')) {
      continue;
    }
    TW_TRY_ASSIGN(std::vector<std::string> lines,
                  lines_of(output, output.directory + '/' + name, disk));
    for (std::string& line : lines) {
      const std::string op = output.rows == Rows::kAppended ? "" : take_op(output.csv, line);
      if (output.rows == Rows::kUpserts) {
        upserts[line.substr(0, line.find_first_of(",}"))] = op == "-D" ? "" : line;
      } else {
        found[line] += op.starts_with('-') ? -1 : 1;
      }
    }
  }
  for (const auto& [key, line] : upserts) {
    found[line] += line.empty() ? 0 : 1;
  }
  std::erase_if(found, [](const auto& entry) { return entry.second == 0; });
  return found;
}

std::string difference_of(const Lines& expected, const Lines& actual) {
  constexpr int kShownMax = 3;
  std::string text;
  int different = 0;
  const auto show = [&](const std::string& line, std::int64_t want, std::int64_t got) {
    if (want != got && ++different <= kShownMax) {
      text += fmt::format("\n    {} times, not {}: {}", got, want, line);
    }
  };
  const auto count_in = [](const Lines& lines, const std::string& line) {
    const auto found = lines.find(line);
    return found == lines.end() ? 0 : found->second;
  };
  for (const auto& [line, count] : expected) {
    show(line, count, count_in(actual, line));
  }
  for (const auto& [line, count] : actual) {
    if (!expected.contains(line)) {
      show(line, 0, count);
    }
  }
  return different == 0 ? "" : fmt::format("{} lines differ:{}", different, text);
}

}  // namespace thalweg::tests
