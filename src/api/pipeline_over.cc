#include <fmt/format.h>

#include "api/pipeline_impl.h"
#include "sql/sql_text.h"

// Rows with what they see of the rows around them, as the planner knows it from SQL.
namespace thalweg::detail {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

std::string bound_text(Frame::Unit unit, std::optional<std::int64_t> distance,
                       const std::string& side) {
  if (!distance) {
    return "UNBOUNDED " + side;
  }
  if (*distance == 0) {
    return "CURRENT ROW";
  }
  return unit == Frame::Unit::kRows
             ? fmt::format("{} {}", *distance, side)
             : fmt::format("INTERVAL '{}.{:06} seconds' {}", *distance / kMicrosPerSecond,
                           *distance % kMicrosPerSecond, side);
}

std::string frame_text(const Frame& frame) {
  return fmt::format("{} BETWEEN {} AND {}", frame.unit == Frame::Unit::kRows ? "ROWS" : "RANGE",
                     bound_text(frame.unit, frame.preceding, "PRECEDING"),
                     bound_text(frame.unit, frame.following, "FOLLOWING"));
}

// `avg("price") OVER w AS "recent"`.
std::string column_text(const FrameColumn& column) {
  std::string arguments = column.field.empty() ? "" : quote_name(column.field);
  if (column.field.empty() && column.function == "count") {
    arguments = "*";
  }
  if (column.number) {
    arguments += fmt::format(", {}", *column.number);
  }
  return fmt::format("{}({}) OVER w AS {}", column.function, arguments, quote_name(column.name));
}

}  // namespace

std::optional<std::string> Graph::Impl::time_field_of(const PlanNode& input,
                                                      const std::string& step,
                                                      const std::string& other_way) {
  if (input == nullptr) {
    return std::nullopt;
  }
  if (!input->time.column) {
    add_problem(step,
                input->time.lost ? "the stream has no event time"
                                 : "no field of the stream is known to hold its event time",
                {"put it before the steps that make other rows of these", other_way});
    return std::nullopt;
  }
  return input->schema[*input->time.column].name;
}

PlanNode Graph::over(const PlanNode& input, const OverDecl& decl) {
  const std::optional<std::string> time =
      impl_->time_field_of(input, "over", "or order by another field in SQL: Pipeline::sql()");
  if (!time) {
    return nullptr;
  }
  if (decl.frame.preceding.value_or(0) < 0 || decl.frame.following.value_or(0) < 0) {
    impl_->add_problem("over", "the bounds of a frame cannot be less than nothing", {});
    return nullptr;
  }
  std::vector<std::string> keys;
  for (const std::string& key : decl.keys) {
    if (!impl_->column_of(input, "over", key)) {
      return nullptr;
    }
    keys.push_back(quote_name(key));
  }
  std::vector<std::string> columns;
  for (const FrameColumn& column : decl.columns) {
    if (!column.field.empty() && !impl_->column_of(input, "over", column.field)) {
      return nullptr;
    }
    columns.push_back(column_text(column));
  }
  return impl_->query_over(
      input, "over", "",
      fmt::format("SELECT *, {} FROM \"the stream\" WINDOW w AS ({}{} ORDER BY {} {})",
                  fmt::join(columns, ", "), keys.empty() ? "" : "PARTITION BY ",
                  fmt::join(keys, ", "), quote_name(*time), frame_text(decl.frame)));
}

}  // namespace thalweg::detail
