#include <string>
#include <string_view>

#include "expr/cast.h"
#include "expr/kernel.h"
#include "expr/run_kernel.h"
#include "expr/simple_function.h"

// Texts put one behind the other, and values of other types with them.
namespace thalweg {
namespace {

using enum TypeKind;

// As PostgreSQL prints a BOOLEAN; its cast to TEXT writes the word.
void format_letter(bool value, std::string& out) { out = value ? "t" : "f"; }

enum class Booleans : std::uint8_t { kWords, kLetters };

// Any value as text.
Vector text_of(const Vector& value, Booleans booleans, const KernelCall& call) {
  const Type& from = value.column.type();
  if (from.kind == kText) {
    return value;
  }
  const Type text = type_of(kText);
  const bool letters = from.kind == kBoolean && booleans == Booleans::kLetters;
  const Kernel kernel = letters ? map_rows<format_letter> : find_cast(from, text);
  return run_kernel({.kernel = kernel, .type = text}, {&value, 1}, call.length, call.context);
}

// Reads texts that may be NULL, by row.
class NullableText {
 public:
  explicit NullableText(Vector vector) : vector_(std::move(vector)), reader_(vector_) {}
  bool is_valid(RowIndex row) const { return vector_.column.is_valid(vector_.constant ? 0 : row); }
  std::string_view operator[](RowIndex row) const { return reader_[row]; }

 private:
  Vector vector_;
  RowReader<std::string_view> reader_;
};

std::vector<NullableText> texts_of(const KernelCall& call, Booleans booleans) {
  std::vector<NullableText> texts;
  texts.reserve(call.args.size());
  for (const Vector& arg : call.args) {
    texts.emplace_back(text_of(arg, booleans, call));
  }
  return texts;
}

Vector join_kernel(const KernelCall& call) {
  const std::vector<NullableText> texts = texts_of(call, Booleans::kWords);
  return compute_rows<std::string>(call, [&](RowIndex row, std::string& out) {
    out.append(texts[0][row]);
    out.append(texts[1][row]);
    return RowError::kNone;
  });
}

Vector concat_kernel(const KernelCall& call) {
  const std::vector<NullableText> texts = texts_of(call, Booleans::kLetters);
  return compute_rows<std::string>(call, [&](RowIndex row, std::string& out) {
    for (const NullableText& text : texts) {
      if (text.is_valid(row)) {
        out.append(text[row]);
      }
    }
    return RowError::kNone;
  });
}

// The separator stands between values that are not NULL; where it is NULL itself, so is the result.
Vector concat_ws_kernel(const KernelCall& call) {
  const std::vector<NullableText> texts = texts_of(call, Booleans::kLetters);
  ColumnBuilder builder{call.result_type, call.length};
  std::string out;
  for (RowIndex row = 0; row < call.length; ++row) {
    if (!texts[0].is_valid(row)) {
      builder.append_null();
      continue;
    }
    out.clear();
    bool first = true;
    for (std::size_t i = 1; i < texts.size(); ++i) {
      if (texts[i].is_valid(row)) {
        out.append(first ? std::string_view() : texts[0][row]);
        out.append(texts[i][row]);
        first = false;
      }
    }
    builder.append_text(out);
  }
  return Vector{.column = builder.finish(), .constant = false, .errors = nullptr};
}

// How a value stands in SQL text.
void append_quoted(std::string_view text, char quote, std::string& out) {
  out.push_back(quote);
  for (const char c : text) {
    out.append(c == quote ? 2 : 1, c);
  }
  out.push_back(quote);
}

// One % of format(): %s the text, %I a name, %L a literal, %% a per cent sign.
RowError append_formatted(char kind, const NullableText* text, RowIndex row, std::string& out) {
  if (kind == '%') {
    out.push_back('%');
    return RowError::kNone;
  }
  if (text == nullptr || (kind != 's' && kind != 'I' && kind != 'L')) {
    return RowError::kBadArgument;
  }
  const bool valid = text->is_valid(row);
  if (kind == 's') {
    out.append(valid ? (*text)[row] : std::string_view());
  } else if (kind == 'I') {
    if (!valid) {
      return RowError::kBadArgument;
    }
    const std::string_view name = (*text)[row];
    const bool plain =
        !name.empty() && (name[0] < '0' || name[0] > '9') &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string_view::npos;
    if (plain) {
      out.append(name);
    } else {
      append_quoted(name, '"', out);
    }
  } else if (valid) {
    append_quoted((*text)[row], '\'', out);
  } else {
    out.append("NULL");
  }
  return RowError::kNone;
}

Vector format_kernel(const KernelCall& call) {
  const std::vector<NullableText> texts = texts_of(call, Booleans::kLetters);
  Vector formatted = compute_rows<std::string>(call, [&](RowIndex row, std::string& out) {
    const std::string_view pattern = texts[0][row];
    std::size_t next = 1;
    for (std::size_t i = 0; texts[0].is_valid(row) && i < pattern.size(); ++i) {
      if (pattern[i] != '%') {
        out.push_back(pattern[i]);
        continue;
      }
      const char kind = ++i < pattern.size() ? pattern[i] : ' ';
      const NullableText* text = kind != '%' && next < texts.size() ? &texts[next++] : nullptr;
      if (const RowError error = append_formatted(kind, text, row, out); error != RowError::kNone) {
        return error;
      }
    }
    return RowError::kNone;
  });
  const Vector& pattern = call.args[0];
  if (pattern.constant && !pattern.column.is_valid(0)) {
    formatted.column = null_column(call.result_type, call.length);
  } else if (!pattern.constant && pattern.column.may_have_nulls()) {
    formatted.column =
        formatted.column.with_validity(intersect_validity(formatted.column, pattern.column));
  }
  return formatted;
}

Function handling_nulls(std::string_view signature, std::string_view text, std::string_view example,
                        std::string_view result, FunctionOverload overload) {
  overload.variadic = true;
  return {.name = overload.function,
          .aliases = {},
          .signature = signature,
          .null_rule = NullRule::kHandles,
          .volatility = Volatility::kImmutable,
          .category = "text",
          .text = text,
          .example = example,
          .result = result,
          .overloads = {std::move(overload)}};
}

}  // namespace

std::vector<Function> concat_functions() {
  std::vector<Function> out;
  out.push_back(make_function({"||",
                               {},
                               "a || b -> TEXT or ARRAY",
                               "text",
                               "One text behind the other, where one side may have any type; or "
                               "two arrays, or an array and an element.",
                               "'n=' || 5",
                               "n=5",
                               {overload("||", {kText, kText}, always<kText>, join_kernel),
                                overload("||", {kText, kNull}, always<kText>, join_kernel),
                                overload("||", {kNull, kText}, always<kText>, join_kernel)}}));
  out.push_back(handling_nulls(
      "concat(a, b, ...) -> TEXT", "All values as one text; NULLs are passed over.",
      "concat('n', NULL, 1)", "n1", overload("concat", {kNull}, always<kText>, concat_kernel)));
  out.push_back(handling_nulls(
      "concat_ws(separator TEXT, a, b, ...) -> TEXT",
      "All values as one text, with the separator between them; NULLs are passed over.",
      "concat_ws('-', 'a', NULL, 'b')", "a-b",
      overload("concat_ws", {kText, kNull}, always<kText>, concat_ws_kernel)));
  out.push_back(handling_nulls(
      "format(pattern TEXT, a, b, ...) -> TEXT",
      "The pattern with the values in place of %s (text), %I (a name), %L (a literal).",
      "format('%s of %L', 1, 'it''s')", "1 of 'it''s'",
      overload("format", {kText, kNull}, always<kText>, format_kernel)));
  return out;
}

}  // namespace thalweg
