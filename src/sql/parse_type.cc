#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/nearest.h"
#include "sql/syntax_parser.h"

namespace thalweg {
namespace {

struct TypeSpelling {
  std::string_view name;
  ast::TypeKind kind;
};

constexpr std::array kTypes = {
    TypeSpelling{"boolean", ast::TypeKind::kBoolean},
    TypeSpelling{"bool", ast::TypeKind::kBoolean},
    TypeSpelling{"smallint", ast::TypeKind::kSmallint},
    TypeSpelling{"int2", ast::TypeKind::kSmallint},
    TypeSpelling{"tinyint", ast::TypeKind::kSmallint},
    TypeSpelling{"int", ast::TypeKind::kInt},
    TypeSpelling{"int4", ast::TypeKind::kInt},
    TypeSpelling{"integer", ast::TypeKind::kInt},
    TypeSpelling{"bigint", ast::TypeKind::kBigint},
    TypeSpelling{"int8", ast::TypeKind::kBigint},
    TypeSpelling{"real", ast::TypeKind::kReal},
    TypeSpelling{"float4", ast::TypeKind::kReal},
    TypeSpelling{"double", ast::TypeKind::kDouble},
    TypeSpelling{"float", ast::TypeKind::kDouble},
    TypeSpelling{"float8", ast::TypeKind::kDouble},
    TypeSpelling{"numeric", ast::TypeKind::kNumeric},
    TypeSpelling{"decimal", ast::TypeKind::kNumeric},
    TypeSpelling{"dec", ast::TypeKind::kNumeric},
    TypeSpelling{"text", ast::TypeKind::kText},
    TypeSpelling{"string", ast::TypeKind::kText},
    TypeSpelling{"varchar", ast::TypeKind::kText},
    TypeSpelling{"char", ast::TypeKind::kText},
    TypeSpelling{"character", ast::TypeKind::kText},
    TypeSpelling{"bytea", ast::TypeKind::kBytea},
    TypeSpelling{"bytes", ast::TypeKind::kBytea},
    TypeSpelling{"varbinary", ast::TypeKind::kBytea},
    TypeSpelling{"binary", ast::TypeKind::kBytea},
    TypeSpelling{"blob", ast::TypeKind::kBytea},
    TypeSpelling{"date", ast::TypeKind::kDate},
    TypeSpelling{"time", ast::TypeKind::kTime},
    TypeSpelling{"timestamp", ast::TypeKind::kTimestamp},
    TypeSpelling{"timestamptz", ast::TypeKind::kTimestamptz},
    TypeSpelling{"timestamp_ltz", ast::TypeKind::kTimestamptz},
    TypeSpelling{"interval", ast::TypeKind::kInterval},
    TypeSpelling{"uuid", ast::TypeKind::kUuid},
    TypeSpelling{"json", ast::TypeKind::kJson},
    TypeSpelling{"jsonb", ast::TypeKind::kJson},
    TypeSpelling{"array", ast::TypeKind::kArray},
    TypeSpelling{"map", ast::TypeKind::kMap},
    TypeSpelling{"struct", ast::TypeKind::kStruct},
    TypeSpelling{"row", ast::TypeKind::kStruct},
};

// Types of other systems, with what they are here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kForeign = {{
    {"datetime", "TIMESTAMP"},
    {"timestamp_ntz", "TIMESTAMP"},
    {"number", "NUMERIC"},
    {"int64", "BIGINT"},
    {"int32", "INT"},
    {"serial", "INT"},
    {"bigserial", "BIGINT"},
    {"nvarchar", "TEXT"},
}};

}  // namespace

ast::TypeName SyntaxParser::parse_type() {
  const Level level(*this);
  const std::uint32_t begin = cursor_.begin();
  ast::TypeName type = parse_plain_type();
  while (!cursor_.failed()) {
    const bool brackets = cursor_.at_symbol("[");
    if (!brackets && !(cursor_.at_word("array") && !cursor_.at_symbol("<", 1))) {
      break;
    }
    cursor_.next();
    if (brackets) {
      cursor_.expect_symbol("]");
    }
    ast::TypeName array;
    array.kind = ast::TypeKind::kArray;
    array.elements.push_back(std::move(type));
    array.span = cursor_.since(begin);
    type = std::move(array);
  }
  return type;
}

ast::TypeName SyntaxParser::parse_plain_type() {
  ast::TypeName type;
  const Token token = cursor_.peek();
  type.span = token.span;
  if (cursor_.failed()) {
    return type;
  }
  if (token.kind != TokenKind::kWord) {
    cursor_.fail_expected("a type");
    return type;
  }
  const std::string word = fold_name(cursor_.source(token));
  const TypeSpelling* spelling = nullptr;
  for (const TypeSpelling& each : kTypes) {
    spelling = each.name == word ? &each : spelling;
  }
  if (spelling == nullptr) {
    std::vector<std::string> names;
    for (const TypeSpelling& each : kTypes) {
      names.emplace_back(each.name);
    }
    const auto* foreign = std::find_if(kForeign.begin(), kForeign.end(),
                                       [&](const auto& each) { return each.first == word; });
    const auto near = foreign == kForeign.end() ? nearest_name(word, names)
                                                : std::optional<std::string>(foreign->second);
    cursor_.fail({.code = "S0106",
                  .message = fmt::format("there is no type \"{}\"", cursor_.source(token)),
                  .span = token.span,
                  .label = near ? fmt::format("did you mean {}?", *near) : "",
                  .notes = {}});
    return type;
  }
  cursor_.next();
  type.kind = spelling->kind;
  if (word == "double") {
    cursor_.take_word("precision");
  } else if (word == "character") {
    cursor_.take_word("varying");
  }
  const bool nested = type.kind == ast::TypeKind::kArray || type.kind == ast::TypeKind::kMap ||
                      type.kind == ast::TypeKind::kStruct;
  if (nested) {
    const bool round = type.kind == ast::TypeKind::kStruct && cursor_.take_symbol("(");
    if (!round) {
      cursor_.expect_symbol("<");
    }
    do {
      if (type.kind == ast::TypeKind::kStruct) {
        if (auto field = cursor_.take_name("a field's name", /*after_as=*/true)) {
          type.fields.push_back(std::move(*field));
        }
        cursor_.take_symbol(":");
      }
      type.elements.push_back(parse_type());
      if (cursor_.take_words({"not", "null"})) {
        type.elements.back().not_null = true;
      }
    } while (!cursor_.failed() && cursor_.take_symbol(","));
    if (round) {
      cursor_.expect_symbol(")");
    } else if (!cursor_.take_close_angle()) {
      cursor_.expect_symbol(">");
    }
  } else if (cursor_.take_symbol("(")) {
    do {
      const Token number = cursor_.peek();
      std::int32_t value = 0;
      const std::string digits =
          number.kind == TokenKind::kInteger ? number_value(cursor_.source(number)) : std::string();
      const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (digits.empty() || parsed.ec != std::errc()) {
        cursor_.fail_expected("a number");
        return type;
      }
      cursor_.next();
      type.arguments.push_back(value);
    } while (cursor_.take_symbol(","));
    cursor_.expect_symbol(")");
  }
  if (type.kind == ast::TypeKind::kTimestamp || type.kind == ast::TypeKind::kTime) {
    const bool local = cursor_.take_words({"with", "local", "time", "zone"});
    if (local || cursor_.take_words({"with", "time", "zone"})) {
      type.kind = type.kind == ast::TypeKind::kTimestamp ? ast::TypeKind::kTimestamptz : type.kind;
    } else {
      cursor_.take_words({"without", "time", "zone"});
    }
  }
  type.span = cursor_.since(token.span.begin);
  return type;
}

std::vector<ast::Name> SyntaxParser::parse_names(std::string_view what) {
  std::vector<ast::Name> names;
  cursor_.expect_symbol("(");
  do {
    std::optional<ast::Name> name = cursor_.take_name(what);
    if (!name) {
      return names;
    }
    names.push_back(std::move(*name));
  } while (cursor_.take_symbol(","));
  cursor_.expect_symbol(")");
  return names;
}

ast::QualifiedName SyntaxParser::parse_qualified_name(std::string_view what) {
  ast::QualifiedName name;
  do {
    std::optional<ast::Name> part = cursor_.take_name(what);
    if (!part) {
      return name;
    }
    name.push_back(std::move(*part));
  } while (cursor_.take_symbol("."));
  return name;
}

}  // namespace thalweg
