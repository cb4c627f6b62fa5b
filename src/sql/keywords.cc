#include "sql/keywords.h"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace thalweg {
namespace {

// Both lists in order, for the binary search.
constexpr std::string_view kReservedWords[] = {
    "all",   "and",   "any",      "as",    "asc",    "between", "case",      "create",
    "cross", "desc",  "distinct", "else",  "end",    "except",  "false",     "from",
    "full",  "group", "having",   "ilike", "in",     "inner",   "intersect", "into",
    "is",    "join",  "left",     "like",  "limit",  "natural", "not",       "null",
    "on",    "or",    "order",    "right", "select", "some",    "table",     "then",
    "true",  "union", "using",    "when",  "where",  "with",
};

constexpr std::string_view kClauseWords[] = {
    "anti",    "asof",   "emit",  "fetch", "for",     "isnull", "lateral", "match_recognize",
    "notnull", "offset", "outer", "over",  "qualify", "semi",   "similar", "tablesample",
    "values",  "window",
};

bool contains(std::span<const std::string_view> words, std::string_view word) {
  return std::binary_search(words.begin(), words.end(), word);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

WordClass word_class(std::string_view word) {
  constexpr std::size_t kWordLengthMax = 15;
  if (word.size() > kWordLengthMax) {
    return WordClass::kPlain;
  }
  const std::string folded = fold_name(word);
  if (contains(kReservedWords, folded)) {
    return WordClass::kReserved;
  }
  return contains(kClauseWords, folded) ? WordClass::kClause : WordClass::kPlain;
}

std::string fold_name(std::string_view name) {
  std::string folded(name);
  std::transform(folded.begin(), folded.end(), folded.begin(), lower);
  return folded;
}

std::string upper(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

bool is_word(std::string_view word, std::string_view lower_word) {
  return word.size() == lower_word.size() &&
         std::equal(word.begin(), word.end(), lower_word.begin(),
                    [](char a, char b) { return lower(a) == b; });
}

std::span<const std::string> statement_words() {
  static const std::string kWords[] = {"SELECT", "CREATE",  "INSERT",   "WITH", "VALUES",
                                       "FROM",   "EXPLAIN", "DESCRIBE", "SHOW", "SET",
                                       "RESET",  "DROP",    "BEGIN"};
  return kWords;
}

std::span<const std::string> clause_words() {
  static const std::string kWords[] = {
      "FROM",      "WHERE",   "GROUP",     "HAVING",   "ORDER",   "LIMIT",   "OFFSET",
      "UNION",     "EXCEPT",  "INTERSECT", "WINDOW",   "QUALIFY", "EMIT",    "JOIN",
      "INNER",     "LEFT",    "RIGHT",     "CROSS",    "USING",   "AND",     "NOT",
      "LIKE",      "ILIKE",   "BETWEEN",   "DESC",     "NULLS",   "WHEN",    "THEN",
      "ELSE",      "VALUES",  "SELECT",    "WITH",     "OVER",    "FILTER",  "ESCAPE",
      "PARTITION", "PRIMARY", "WATERMARK", "METADATA", "EXCLUDE", "REPLACE", "DISTINCT"};
  return kWords;
}

}  // namespace thalweg
