#include <re2/re2.h>

#include <optional>
#include <string>
#include <string_view>

#include "expr/characters.h"
#include "expr/kernel.h"
#include "expr/simple_function.h"

// LIKE, SIMILAR TO and regular expressions.
namespace thalweg {
namespace {

using enum TypeKind;

// Matches by going back to the last % when what follows it fails: linear in practice, and at worst
// text times pattern. `escape` takes the next character of the pattern as it is; empty: none does.
bool like_match(std::string_view text, std::string_view pattern, std::string_view escape) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t retry_text = 0;
  std::size_t retry_pattern = std::string_view::npos;
  const auto at_escape = [&](std::size_t at) {
    return !escape.empty() && pattern.substr(at).starts_with(escape);
  };
  while (t < text.size()) {
    const bool escaped = at_escape(p);
    if (!escaped && p < pattern.size() && pattern[p] == '%') {
      retry_pattern = ++p;
      retry_text = t;
      continue;
    }
    if (!escaped && p < pattern.size() && pattern[p] == '_') {
      t += character_offset(text.substr(t), 1);
      ++p;
      continue;
    }
    const std::size_t at = escaped ? p + escape.size() : p;
    if (at < pattern.size() && text[t] == pattern[at]) {
      ++t;
      p = at + 1;
      continue;
    }
    if (retry_pattern == std::string_view::npos) {
      return false;
    }
    p = retry_pattern;
    retry_text += character_offset(text.substr(retry_text), 1);
    t = retry_text;
  }
  while (p < pattern.size() && pattern[p] == '%' && !at_escape(p)) {
    ++p;
  }
  return p == pattern.size();
}

// An escape is one character, or none.
bool is_escape(std::string_view escape) { return escape.size() == character_offset(escape, 1); }

// Whether the pattern's last character is an escape without anything to take as it is.
bool ends_in_escape(std::string_view pattern, std::string_view escape) {
  for (std::string_view rest = pattern; !escape.empty() && !rest.empty();) {
    if (take_character(rest) == escape) {
      if (rest.empty()) {
        return true;
      }
      take_character(rest);
    }
  }
  return false;
}

RowError like_with(std::string_view text, std::string_view pattern, std::string_view escape,
                   bool& out) {
  if (!is_escape(escape) || ends_in_escape(pattern, escape)) {
    return RowError::kBadArgument;
  }
  out = like_match(text, pattern, escape);
  return RowError::kNone;
}

RowError like(std::string_view text, std::string_view pattern, bool& out) {
  return like_with(text, pattern, "\\", out);
}

// What ILIKE folds into, kept so that rows allocate nothing.
struct FoldedState final : KernelState {
  std::string text;
  std::string pattern;
  std::string pattern_source;
  bool has_pattern = false;

  std::string_view fold_pattern(std::string_view source) {
    if (!has_pattern || pattern_source != source) {
      pattern_source = source;
      pattern.clear();
      append_lower(source, pattern);
      has_pattern = true;
    }
    return pattern;
  }
};

Vector ilike_kernel(const KernelCall& call) {
  auto& state = static_cast<FoldedState&>(*call.state);
  const RowReader<std::string_view> texts{call.args[0]};
  const RowReader<std::string_view> patterns{call.args[1]};
  return compute_rows<bool>(call, [&](RowIndex row, bool& out) {
    const std::string_view escape =
        call.args.size() > 2 ? RowReader<std::string_view>{call.args[2]}[row] : "\\";
    state.text.clear();
    append_lower(texts[row], state.text);
    return like_with(state.text, state.fold_pattern(patterns[row]), escape, out);
  });
}

// SIMILAR TO's pattern as a regular expression over the whole text; nothing for a bad escape.
std::optional<std::string> similar_pattern(std::string_view pattern, std::string_view escape) {
  if (!is_escape(escape) || ends_in_escape(pattern, escape)) {
    return std::nullopt;
  }
  std::string out = "^(?:";
  bool in_brackets = false;
  for (std::string_view rest = pattern; !rest.empty();) {
    const std::string_view character = take_character(rest);
    if (!escape.empty() && character == escape) {
      out += RE2::QuoteMeta(re2::StringPiece(take_character(rest)));
      continue;
    }
    const char c = character[0];
    if (in_brackets || c == '[') {
      out += c == '\\' ? "\\\\" : std::string(character);
      in_brackets = c != ']';
    } else if (c == '%') {
      out += ".*";
    } else if (c == '_') {
      out += '.';
    } else if (c == '.' || c == '^' || c == '$' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      out += character;
    }
  }
  return out + ")$";
}

enum class Syntax : std::uint8_t { kRegex, kSimilar };

// The pattern that a call used last, compiled.
class PatternState final : public KernelState {
 public:
  // Nullptr for a pattern that does not compile. `flags`: i, and those that change nothing here.
  const RE2* find(std::string_view pattern, std::string_view flags, Syntax syntax) {
    if (compiled_ == nullptr || pattern != pattern_ || flags != flags_) {
      pattern_ = pattern;
      flags_ = flags;
      compile(syntax);
    }
    return compiled_->ok() && valid_ ? compiled_.get() : nullptr;
  }

  std::string scratch;

 private:
  void compile(Syntax syntax) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(flags_.find('i') == std::string::npos);
    options.set_dot_nl(true);
    valid_ = flags_.find_first_not_of("gics") == std::string::npos;
    if (syntax == Syntax::kSimilar) {
      // The flags are the escape.
      options.set_case_sensitive(true);
      const std::optional<std::string> regex = similar_pattern(pattern_, flags_);
      valid_ = regex.has_value();
      compiled_ = std::make_unique<RE2>(regex.value_or(""), options);
      return;
    }
    compiled_ = std::make_unique<RE2>(pattern_, options);
  }

  std::string pattern_;
  std::string flags_;
  std::unique_ptr<RE2> compiled_;
  bool valid_ = false;
};

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// Calls compute(row, text, regex, out) for each row; the pattern is the second argument, the flags
// are argument number `flags_at`, where it is given.
template <typename Out, typename Compute>
Vector match_rows(const KernelCall& call, std::size_t flags_at, std::string_view flags,
                  Compute compute, Syntax syntax = Syntax::kRegex) {
  auto& state = static_cast<PatternState&>(*call.state);
  const RowReader<std::string_view> texts{call.args[0]};
  const RowReader<std::string_view> patterns{call.args[1]};
  return compute_rows<Out>(call, [&](RowIndex row, Out& out) {
    if (!is_set(call.valid, row)) {
      return RowError::kNone;
    }
    const std::string_view own =
        call.args.size() > flags_at ? RowReader<std::string_view>{call.args[flags_at]}[row] : flags;
    const RE2* regex = state.find(patterns[row], own, syntax);
    return regex == nullptr ? RowError::kBadArgument : compute(row, texts[row], *regex, out);
  });
}

enum class Case : std::uint8_t { kMatters, kIgnored };
enum class Answer : std::uint8_t { kMatches, kDiffers };

template <Case kCase, Answer kAnswer>
Vector matches_kernel(const KernelCall& call) {
  return match_rows<bool>(call, 2, kCase == Case::kIgnored ? "i" : "",
                          [](RowIndex, std::string_view text, const RE2& regex, bool& out) {
                            out = RE2::PartialMatch(piece(text), regex) ==
                                  (kAnswer == Answer::kMatches);
                            return RowError::kNone;
                          });
}

Vector similar_kernel(const KernelCall& call) {
  return match_rows<bool>(
      call, 2, "\\",
      [](RowIndex, std::string_view text, const RE2& regex, bool& out) {
        out = RE2::PartialMatch(piece(text), regex);
        return RowError::kNone;
      },
      Syntax::kSimilar);
}

// Where to look on behind an empty match: past one character, which is not part of it.
std::size_t step_over(std::string_view text, std::size_t at) {
  return at + std::max<std::size_t>(character_offset(text.substr(std::min(at, text.size())), 1), 1);
}

Vector count_kernel(const KernelCall& call) {
  return match_rows<std::int32_t>(
      call, 2, "", [](RowIndex, std::string_view text, const RE2& regex, std::int32_t& out) {
        re2::StringPiece match;
        for (std::size_t at = 0; at <= text.size();) {
          if (!regex.Match(piece(text), at, text.size(), RE2::UNANCHORED, &match, 1)) {
            break;
          }
          ++out;
          const auto end = static_cast<std::size_t>(match.end() - text.data());
          at = match.empty() ? step_over(text, end) : end;
        }
        return RowError::kNone;
      });
}

// PostgreSQL's \& is RE2's \0.
void append_rewrite(std::string_view replacement, std::string& out) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    const bool whole =
        replacement[i] == '\\' && i + 1 < replacement.size() && replacement[i + 1] == '&';
    if (whole) {
      out += "\\0";
      ++i;
    } else {
      out += replacement[i];
    }
  }
}

Vector replace_kernel(const KernelCall& call) {
  auto& state = static_cast<PatternState&>(*call.state);
  const RowReader<std::string_view> replacements{call.args[2]};
  return match_rows<std::string>(
      call, 3, "", [&](RowIndex row, std::string_view text, const RE2& regex, std::string& out) {
        const std::string_view flags =
            call.args.size() > 3 ? RowReader<std::string_view>{call.args[3]}[row] : "";
        state.scratch.clear();
        append_rewrite(replacements[row], state.scratch);
        std::string problem;
        if (!regex.CheckRewriteString(state.scratch, &problem)) {
          return RowError::kBadArgument;
        }
        out = text;
        if (flags.find('g') != std::string_view::npos) {
          RE2::GlobalReplace(&out, regex, state.scratch);
        } else {
          RE2::Replace(&out, regex, state.scratch);
        }
        return RowError::kNone;
      });
}

// NULL where nothing matches.
Vector extract_kernel(const KernelCall& call) {
  constexpr int kGroupsMax = 32;
  auto& state = static_cast<PatternState&>(*call.state);
  const RowReader<std::string_view> texts{call.args[0]};
  const RowReader<std::string_view> patterns{call.args[1]};
  RowErrors errors{call};
  ColumnBuilder builder{call.result_type, call.length};
  for (RowIndex row = 0; row < call.length; ++row) {
    if (!is_set(call.valid, row)) {
      builder.append_null();
      continue;
    }
    const int group = call.args.size() > 2 ? RowReader<std::int32_t>{call.args[2]}[row] : 0;
    const RE2* regex = state.find(patterns[row], "", Syntax::kRegex);
    re2::StringPiece groups[kGroupsMax];
    if (regex == nullptr || group < 0 || group >= kGroupsMax ||
        group > regex->NumberOfCapturingGroups()) {
      errors.report(row, RowError::kBadArgument);
      builder.append_null();
    } else if (regex->Match(piece(texts[row]), 0, texts[row].size(), RE2::UNANCHORED, groups,
                            group + 1) &&
               groups[group].data() != nullptr) {
      builder.append_text({groups[group].data(), groups[group].size()});
    } else {
      builder.append_null();
    }
  }
  return Vector{.column = builder.finish(), .constant = false, .errors = errors.take()};
}

template <typename State>
std::unique_ptr<KernelState> make() {
  return std::make_unique<State>();
}

FunctionOverload matching(std::string_view name, std::vector<TypeKind> parameters,
                          Type (*result)(std::span<const Type>), Kernel kernel) {
  FunctionOverload out = overload(name, std::move(parameters), result, kernel);
  out.make_state = make<PatternState>;
  return out;
}

FunctionOverload folding(std::vector<TypeKind> parameters) {
  FunctionOverload out = overload("ilike", std::move(parameters), always<kBoolean>, ilike_kernel);
  out.make_state = make<FoldedState>;
  return out;
}

Function pattern(std::string_view signature, std::string_view text, std::string_view example,
                 std::string_view result, std::vector<FunctionOverload> overloads,
                 std::vector<std::string_view> aliases = {}) {
  return make_function({overloads.front().function, std::move(aliases), signature, "text", text,
                        example, result, std::move(overloads)});
}

Function match_operator(std::string_view name, std::string_view signature, std::string_view text,
                        std::string_view example, std::string_view result, Kernel kernel) {
  return pattern(signature, text, example, result,
                 {matching(name, {kText, kText}, always<kBoolean>, kernel)});
}

}  // namespace

std::vector<Function> pattern_functions() {
  constexpr auto kMatches = matches_kernel<Case::kMatters, Answer::kMatches>;
  return {
      pattern("text LIKE pattern [ESCAPE character] -> BOOLEAN",
              "Whether the pattern fits: % is any text, _ one character; \\, or the escape, takes "
              "the next as it is.",
              "'thalweg' LIKE 'th%g'", "t",
              {overload("like", {kText, kText}, always<kBoolean>, map_rows<like>),
               overload("like", {kText, kText, kText}, always<kBoolean>, map_rows<like_with>)}),
      pattern("text ILIKE pattern [ESCAPE character] -> BOOLEAN", "LIKE, case aside.",
              "'Thalweg' ILIKE 'th%'", "t",
              {folding({kText, kText}), folding({kText, kText, kText})}),
      pattern("text SIMILAR TO pattern [ESCAPE character] -> BOOLEAN",
              "LIKE with | * + ? {} () [] of regular expressions.", "'abc' SIMILAR TO '%(b|d)%'",
              "t",
              {matching("similar to", {kText, kText}, always<kBoolean>, similar_kernel),
               matching("similar to", {kText, kText, kText}, always<kBoolean>, similar_kernel)}),
      match_operator("~*", "text ~* pattern -> BOOLEAN", "~, case aside.", "'ABC' ~* 'b'", "t",
                     matches_kernel<Case::kIgnored, Answer::kMatches>),
      match_operator("!~", "text !~ pattern -> BOOLEAN",
                     "Whether the regular expression fits nowhere.", "'abc' !~ '^b'", "t",
                     matches_kernel<Case::kMatters, Answer::kDiffers>),
      match_operator("!~*", "text !~* pattern -> BOOLEAN", "!~, case aside.", "'ABC' !~* 'b'", "f",
                     matches_kernel<Case::kIgnored, Answer::kDiffers>),
      pattern("text ~ pattern, ~ number -> BOOLEAN, the type of number",
              "Whether the regular expression (RE2's syntax) fits somewhere; before an integer, "
              "its bits turned round.",
              "'abc' ~ '^a.c$'", "t", {matching("~", {kText, kText}, always<kBoolean>, kMatches)}),
      pattern("regexp_like(text TEXT, pattern TEXT [, flags TEXT]) -> BOOLEAN",
              "Whether the regular expression fits somewhere; with 'i', case aside.",
              "regexp_like('Hello', 'h', 'i')", "t",
              {matching("regexp_like", {kText, kText}, always<kBoolean>, kMatches),
               matching("regexp_like", {kText, kText, kText}, always<kBoolean>, kMatches)},
              {"regexp_matches"}),
      pattern("regexp_replace(text TEXT, pattern TEXT, to TEXT [, flags TEXT]) -> TEXT",
              "The first match replaced, with 'g' all; \\1 is the first group, \\& the match.",
              "regexp_replace('a1b22', '[0-9]+', '#', 'g')", "a#b#",
              {matching("regexp_replace", {kText, kText, kText}, always<kText>, replace_kernel),
               matching("regexp_replace", {kText, kText, kText, kText}, always<kText>,
                        replace_kernel)}),
      pattern("regexp_extract(text TEXT, pattern TEXT [, group INT]) -> TEXT",
              "The first match, or that group of it; NULL where nothing matches.",
              "regexp_extract('id=42;', 'id=([0-9]+)', 1)", "42",
              {matching("regexp_extract", {kText, kText}, always<kText>, extract_kernel),
               matching("regexp_extract", {kText, kText, kInt}, always<kText>, extract_kernel)},
              {"regexp_substr"}),
      pattern("regexp_count(text TEXT, pattern TEXT) -> INT", "How often the pattern fits.",
              "regexp_count('banana', 'an')", "2",
              {matching("regexp_count", {kText, kText}, always<kInt>, count_kernel)}),
  };
}

}  // namespace thalweg
