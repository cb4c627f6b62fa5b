#include "expr/kernel.h"
#include "expr/session_time.h"
#include "expr/simple_function.h"
#include "expr/time_parts.h"

// What the clock, and the stream's own, show. The same for all rows of a batch.
namespace thalweg {
namespace {

using enum TypeKind;

Vector instant_of(const KernelCall& call, std::int64_t micros) {
  auto buffer = Buffer::allocate(std::size_t{call.length} * sizeof(std::int64_t));
  std::fill_n(buffer->as<std::int64_t>(), call.length, micros);
  Column column{type_of(kTimestamptz), call.length};
  column.set_values(std::move(buffer));
  return Vector{.column = std::move(column), .constant = false, .errors = nullptr};
}

Vector now_kernel(const KernelCall& call) { return instant_of(call, call.context.now.micros); }

Vector local_now_kernel(const KernelCall& call) { return to_session_clock(now_kernel(call), call); }

std::int32_t date_of(std::int64_t micros) { return static_cast<std::int32_t>(floor_days(micros)); }

Vector today_kernel(const KernelCall& call) {
  const Vector local = local_now_kernel(call);
  return map_rows<date_of>(KernelCall{.args = {&local, 1},
                                      .result_type = call.result_type,
                                      .length = call.length,
                                      .valid = call.valid,
                                      .context = call.context});
}

// NULL before the first watermark.
Vector watermark_kernel(const KernelCall& call) {
  const EventTime watermark = call.context.watermark;
  if (watermark <= kStartOfTime || watermark >= kEndOfTime) {
    return Vector{
        .column = null_column(call.result_type, call.length), .constant = false, .errors = nullptr};
  }
  return instant_of(call, watermark.micros);
}

Function clock(std::string_view signature, std::string_view text, FunctionOverload overload,
               std::vector<std::string_view> aliases, Volatility volatility) {
  return {.name = overload.function,
          .aliases = std::move(aliases),
          .signature = signature,
          .null_rule = NullRule::kStrict,
          .volatility = volatility,
          .category = "time",
          .text = text,
          .example = "",
          .result = "",
          .overloads = {std::move(overload)}};
}

}  // namespace

std::vector<Function> clock_functions() {
  using enum Volatility;
  return {
      clock("now() -> TIMESTAMPTZ", "The wall clock; the same for all rows of a batch.",
            overload("now", {}, always<kTimestamptz>, now_kernel),
            {"current_timestamp", "transaction_timestamp", "proctime"}, kStable),
      clock("localtimestamp -> TIMESTAMP", "The wall clock, as the session's zone shows it.",
            overload("localtimestamp", {}, always<kTimestamp>, local_now_kernel), {}, kStable),
      clock("current_date -> DATE", "Today, in the session's zone.",
            overload("current_date", {}, always<kDate>, today_kernel), {}, kStable),
      clock("current_watermark() -> TIMESTAMPTZ",
            "The watermark where the expression is computed; NULL before the first.",
            overload("current_watermark", {}, always<kTimestamptz>, watermark_kernel), {},
            kVolatile),
  };
}

}  // namespace thalweg
