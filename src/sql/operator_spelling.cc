#include "sql/operator_spelling.h"

namespace thalweg {
namespace {

using ast::BinaryOp;

constexpr OperatorSpelling kOperators[] = {
    {BinaryOp::kAdd, "+", Precedence::kAdd},
    {BinaryOp::kSubtract, "-", Precedence::kAdd},
    {BinaryOp::kMultiply, "*", Precedence::kMultiply},
    {BinaryOp::kDivide, "/", Precedence::kMultiply},
    {BinaryOp::kModulo, "%", Precedence::kMultiply},
    {BinaryOp::kPower, "^", Precedence::kPower},
    {BinaryOp::kConcat, "||", Precedence::kOther},
    {BinaryOp::kEqual, "=", Precedence::kComparison},
    {BinaryOp::kEqual, "==", Precedence::kComparison},
    {BinaryOp::kNotEqual, "<>", Precedence::kComparison},
    {BinaryOp::kNotEqual, "!=", Precedence::kComparison},
    {BinaryOp::kLess, "<", Precedence::kComparison},
    {BinaryOp::kLessEqual, "<=", Precedence::kComparison},
    {BinaryOp::kGreater, ">", Precedence::kComparison},
    {BinaryOp::kGreaterEqual, ">=", Precedence::kComparison},
    {BinaryOp::kIsDistinctFrom, "IS DISTINCT FROM", Precedence::kIs},
    {BinaryOp::kIsNotDistinctFrom, "IS NOT DISTINCT FROM", Precedence::kIs},
    {BinaryOp::kBitAnd, "&", Precedence::kOther},
    {BinaryOp::kBitOr, "|", Precedence::kOther},
    {BinaryOp::kBitXor, "#", Precedence::kOther},
    {BinaryOp::kShiftLeft, "<<", Precedence::kOther},
    {BinaryOp::kShiftRight, ">>", Precedence::kOther},
    {BinaryOp::kJsonGet, "->", Precedence::kOther},
    {BinaryOp::kJsonGetText, "->>", Precedence::kOther},
    {BinaryOp::kJsonPath, "#>", Precedence::kOther},
    {BinaryOp::kJsonPathText, "#>>", Precedence::kOther},
    {BinaryOp::kContains, "@>", Precedence::kOther},
    {BinaryOp::kContainedBy, "<@", Precedence::kOther},
    {BinaryOp::kHasKey, "?", Precedence::kOther},
    {BinaryOp::kHasAnyKey, "?|", Precedence::kOther},
    {BinaryOp::kHasAllKeys, "?&", Precedence::kOther},
    {BinaryOp::kMatch, "~", Precedence::kOther},
    {BinaryOp::kMatchNoCase, "~*", Precedence::kOther},
    {BinaryOp::kNotMatch, "!~", Precedence::kOther},
    {BinaryOp::kNotMatchNoCase, "!~*", Precedence::kOther},
};

}  // namespace

const OperatorSpelling* find_operator(std::string_view symbol) {
  for (const OperatorSpelling& spelling : kOperators) {
    if (spelling.symbol == symbol) {
      return &spelling;
    }
  }
  return nullptr;
}

}  // namespace thalweg
