#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "expr/kernel.h"
#include "expr/session_time.h"
#include "expr/simple_function.h"
#include "expr/time_format.h"
#include "expr/time_parts.h"

// Times from and to text in forms of the user's.
namespace thalweg {
namespace {

using enum TypeKind;

RowError from_epoch(double seconds, std::int64_t& out) {
  if (!(seconds > -9e12 && seconds < 9e12)) {
    return RowError::kOverflow;
  }
  out = static_cast<std::int64_t>(std::rint(seconds * 1e6));
  return RowError::kNone;
}

enum class Style : std::uint8_t { kTemplate, kStrftime, kDateFormat };

template <Style kStyle>
std::optional<TimeFormat> read(std::string_view text) {
  if (kStyle == Style::kTemplate) {
    return read_template(text);
  }
  return kStyle == Style::kStrftime ? read_strftime(text) : read_date_format(text);
}

// The format that a call used last.
class FormatState final : public KernelState {
 public:
  template <Style kStyle>
  const TimeFormat* find(std::string_view text) {
    if (!known_ || text != text_) {
      text_ = text;
      format_ = read<kStyle>(text);
      known_ = true;
    }
    return format_ ? &*format_ : nullptr;
  }

 private:
  std::string text_;
  std::optional<TimeFormat> format_;
  bool known_ = false;
};

template <Style kStyle>
Vector format_kernel(const KernelCall& call) {
  auto& state = static_cast<FormatState&>(*call.state);
  const RowReader<std::string_view> formats{call.args[0]};
  const RowReader<std::int64_t> times{call.args[1]};
  return compute_rows<std::string>(call, [&](RowIndex row, std::string& out) {
    const TimeFormat* format = state.find<kStyle>(formats[row]);
    if (format == nullptr) {
      return RowError::kBadArgument;
    }
    append_time(*format, times[row], out);
    return RowError::kNone;
  });
}

// A kernel over (format, time), for arguments in the order (time, format).
template <Kernel kKernel>
Vector turned(const KernelCall& call) {
  const Vector args[] = {call.args[1], call.args[0]};
  return kKernel(KernelCall{.args = args,
                            .result_type = call.result_type,
                            .length = call.length,
                            .valid = call.valid,
                            .context = call.context,
                            .state = call.state});
}

// Text by a format as microseconds, or as days.
template <Style kStyle, typename Out>
Vector parse_kernel(const KernelCall& call) {
  auto& state = static_cast<FormatState&>(*call.state);
  const RowReader<std::string_view> texts{call.args[0]};
  const RowReader<std::string_view> formats{call.args[1]};
  return compute_rows<Out>(call, [&](RowIndex row, Out& out) {
    if (!is_set(call.valid, row)) {
      return RowError::kNone;
    }
    const TimeFormat* format = state.find<kStyle>(formats[row]);
    const std::optional<std::int64_t> micros =
        format == nullptr
            ? std::nullopt
            : parse_time(*format, texts[row],
                         kStyle == Style::kTemplate ? Separators::kAny : Separators::kExact);
    if (!micros) {
      return RowError::kBadArgument;
    }
    out = sizeof(Out) == sizeof(std::int32_t) ? static_cast<Out>(floor_days(*micros))
                                              : static_cast<Out>(*micros);
    return RowError::kNone;
  });
}

Vector parse_instant(const KernelCall& call) {
  return from_session_clock(parse_kernel<Style::kTemplate, std::int64_t>(call), call);
}

FunctionOverload with_format(std::string_view name, std::vector<TypeKind> parameters,
                             Type (*result)(std::span<const Type>), Kernel kernel) {
  FunctionOverload out = overload(name, std::move(parameters), result, kernel);
  out.make_state = [] { return std::unique_ptr<KernelState>(std::make_unique<FormatState>()); };
  return out;
}

template <Style kStyle>
std::vector<FunctionOverload> formatting(std::string_view name) {
  constexpr Kernel kLocal = format_kernel<kStyle>;
  return {with_format(name, {kTimestamp, kText}, always<kText>, turned<kLocal>),
          with_format(name, {kTimestamptz, kText}, always<kText>, turned<in_session_zone<kLocal>>)};
}

Function time_text(std::string_view signature, std::string_view text, std::string_view example,
                   std::string_view result, std::vector<FunctionOverload> overloads,
                   std::vector<std::string_view> aliases = {}) {
  return make_function({overloads.front().function, std::move(aliases), signature, "time", text,
                        example, result, std::move(overloads)});
}

}  // namespace

std::vector<Function> time_text_functions() {
  constexpr auto kParse = parse_kernel<Style::kStrftime, std::int64_t>;
  return {
      time_text("to_timestamp(seconds DOUBLE), to_timestamp(text TEXT, form TEXT) -> TIMESTAMPTZ",
                "The time that many seconds after 1970; or that a text in a form such as "
                "'YYYY-MM-DD HH24:MI:SS' tells.",
                "to_timestamp(1)", "1970-01-01 00:00:01+00",
                {overload("to_timestamp", {kDouble}, always<kTimestamptz>, map_rows<from_epoch>),
                 with_format("to_timestamp", {kText, kText}, always<kTimestamptz>, parse_instant)}),
      time_text("to_date(text TEXT, form TEXT) -> DATE",
                "The date that a text in a form such as 'DD.MM.YYYY' tells.",
                "to_date('29.02.2024', 'DD.MM.YYYY')", "2024-02-29",
                {with_format("to_date", {kText, kText}, always<kDate>,
                             parse_kernel<Style::kTemplate, std::int32_t>)}),
      time_text("to_char(time TIMESTAMP, form TEXT) -> TEXT",
                "The time in a form of YYYY YY IYYY Q MM MON MONTH IW DD DDD D ID DY DAY HH24 HH12 "
                "MI SS MS US SSSS AM, with FM without filling, and \"text\".",
                "to_char(TIMESTAMP '2024-02-29 09:05:00', 'DD Mon YYYY, HH24:MI')",
                "29 Feb 2024, 09:05", formatting<Style::kTemplate>("to_char")),
      time_text("strftime(time TIMESTAMP, form TEXT) -> TEXT",
                "The time in a form of %Y %y %m %B %b %d %j %A %a %w %u %G %V %H %I %M %S %f %g %p "
                "%z %F %T %%.",
                "strftime(TIMESTAMP '2024-02-29 09:05:00', '%d/%m/%Y %H:%M')", "29/02/2024 09:05",
                formatting<Style::kStrftime>("strftime")),
      time_text("date_format(time TIMESTAMP, form TEXT) -> TEXT",
                "The time in a form of yyyy yy MM MMM MMMM dd D HH hh mm ss SSS SSSSSS a EEE EEEE "
                "and 'text', as in Flink; where it has a %, in strftime's.",
                "date_format(TIMESTAMP '2024-02-29 09:05:00', 'yyyy-MM-dd HH:mm')",
                "2024-02-29 09:05", formatting<Style::kDateFormat>("date_format")),
      time_text("strptime(text TEXT, form TEXT) -> TIMESTAMP",
                "The time that a text in a form as strftime's tells; UTC where it has an offset.",
                "strptime('29/02/2024 09:05', '%d/%m/%Y %H:%M')", "2024-02-29 09:05:00",
                {with_format("strptime", {kText, kText}, always<kTimestamp>, kParse)}),
  };
}

}  // namespace thalweg
