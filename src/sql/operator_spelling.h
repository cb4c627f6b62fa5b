#pragma once

#include <cstdint>
#include <string_view>

#include "sql/ast.h"

namespace thalweg {

// How tightly an operator holds its operands, loosest first, as in PostgreSQL.
enum class Precedence : std::uint8_t {
  kLowest,
  kOr,
  kAnd,
  kNot,
  kIs,
  kComparison,
  kRange,  // BETWEEN, IN, LIKE.
  kOther,  // ||, -> and every operator not named here.
  kAdd,
  kMultiply,
  kPower,
  kAtTimeZone,
  kSign,
  kPostfix,  // Subscripts, casts with ::, fields.
  kPrimary,
};

constexpr Precedence tighter(Precedence precedence) {
  return static_cast<Precedence>(static_cast<std::uint8_t>(precedence) + 1);
}

struct OperatorSpelling {
  ast::BinaryOp op;
  std::string_view symbol;
  Precedence precedence;
};

// The binary operator written so; null when there is none. `!=` and `==` are known too.
const OperatorSpelling* find_operator(std::string_view symbol);

}  // namespace thalweg
