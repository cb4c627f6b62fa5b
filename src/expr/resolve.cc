#include <algorithm>
#include <limits>

#include "columnar/decimal.h"
#include "expr/function.h"

// Types: which become others without being asked, and which overload of a function fits.
namespace thalweg {
namespace {

constexpr int kImpossible = std::numeric_limits<int>::max();

bool is_untyped(const ArgumentType& arg) {
  return arg.text_literal || arg.type.kind == TypeKind::kNull;
}

// What an implicit cast costs, so that the nearest type wins. Integers are nearer to DOUBLE than to
// NUMERIC where both would do, as DOUBLE is PostgreSQL's preferred number.
int cast_cost(TypeKind from, TypeKind to) {
  if (from == to) {
    return 0;
  }
  if (is_integer(from) && is_integer(to) && from < to) {
    return static_cast<int>(to) - static_cast<int>(from);
  }
  if (is_numeric(from) && to == TypeKind::kDouble) {
    return from == TypeKind::kReal ? 1 : from == TypeKind::kNumeric ? 5 : 3;
  }
  if (is_integer(from) && to == TypeKind::kNumeric) {
    return 4;
  }
  if ((is_integer(from) || from == TypeKind::kNumeric) && to == TypeKind::kReal) {
    return 6;
  }
  if (from == TypeKind::kDate && to == TypeKind::kTimestamp) {
    return 1;
  }
  if (from == TypeKind::kDate && to == TypeKind::kTimestamptz) {
    return 2;
  }
  return from == TypeKind::kTimestamp && to == TypeKind::kTimestamptz ? 1 : kImpossible;
}

// A literal of no type yet: the other side's type first, then TEXT, then the usual of each family.
int untyped_cost(TypeKind to, std::span<const ArgumentType> args) {
  for (const ArgumentType& arg : args) {
    if (!is_untyped(arg) && arg.type.kind == to) {
      return 0;
    }
  }
  return to == TypeKind::kText ? 1 : to == TypeKind::kDouble || to == TypeKind::kTimestamp ? 2 : 3;
}

// The type of a parameter, given what is passed.
Type parameter_type(TypeKind kind, const ArgumentType& arg) {
  if (!is_untyped(arg) && arg.type.kind == kind) {
    return arg.type;
  }
  if (kind == TypeKind::kNumeric) {
    return is_integer(arg.type.kind) ? as_numeric_type(arg.type)
                                     : numeric_type(kNumericPrecisionMax, 10);
  }
  return type_of(kind);
}

std::optional<Type> common_of(std::span<const ArgumentType> args) {
  ArgumentType common = args[0];
  for (const ArgumentType& arg : args.subspan(1)) {
    const std::optional<Type> both = common_type(common, arg);
    if (!both) {
      return std::nullopt;
    }
    common = ArgumentType{.type = *both, .text_literal = common.text_literal && arg.text_literal};
  }
  return common.type.kind == TypeKind::kNull ? type_of(TypeKind::kText) : common.type;
}

struct Candidate {
  const FunctionOverload* overload = nullptr;
  int cost = kImpossible;
  std::vector<Type> types;
};

bool takes(const FunctionOverload& overload, std::size_t count) {
  const std::size_t parameters = overload.parameters.size();
  return overload.variadic ? count + 1 >= parameters : count == parameters;
}

TypeKind parameter_at(const FunctionOverload& overload, std::size_t i) {
  return overload.parameters[std::min(i, overload.parameters.size() - 1)];
}

// Fills in the arguments of parameters that take any type, or an ARRAY of it.
bool unify(const FunctionOverload& overload, std::span<const ArgumentType> args,
           Candidate& candidate) {
  std::vector<ArgumentType> any;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const TypeKind kind = parameter_at(overload, i);
    if (kind == TypeKind::kNull) {
      any.push_back(args[i]);
    } else if (kind == TypeKind::kArray && !is_untyped(args[i])) {
      any.push_back(ArgumentType{.type = args[i].type.fields->front().type});
    }
  }
  if (any.empty()) {
    return std::none_of(overload.parameters.begin(), overload.parameters.end(),
                        [](TypeKind kind) { return kind == TypeKind::kArray; });
  }
  const std::optional<Type> common = common_of(any);
  for (std::size_t i = 0; common && i < args.size(); ++i) {
    const TypeKind kind = parameter_at(overload, i);
    if (kind == TypeKind::kNull) {
      candidate.types[i] = *common;
      candidate.cost += is_untyped(args[i]) || args[i].type == *common
                            ? 0
                            : cast_cost(args[i].type.kind, common->kind);
    } else if (kind == TypeKind::kArray) {
      candidate.types[i] = array_type(*common);
    }
  }
  return common.has_value();
}

// Any one type is a worse fit than the type itself, also where a literal becomes that.
constexpr int kAnyTypeCost = 2;

Candidate match(const FunctionOverload& overload, std::span<const ArgumentType> args) {
  Candidate candidate{.overload = &overload, .cost = 0, .types = {}};
  if (!takes(overload, args.size())) {
    return {};
  }
  candidate.types.resize(args.size());
  for (std::size_t i = 0; i < args.size(); ++i) {
    const TypeKind kind = parameter_at(overload, i);
    if (kind == TypeKind::kNull) {
      candidate.types[i] = is_untyped(args[i]) ? type_of(TypeKind::kText) : args[i].type;
      candidate.cost += kAnyTypeCost;
      continue;
    }
    // Only what it stands beside tells the type of a nested literal.
    const bool nested =
        (kind == TypeKind::kArray && !overload.same_type) || kind == TypeKind::kStruct;
    const int cost = nested && is_untyped(args[i]) ? kImpossible
                     : is_untyped(args[i])         ? untyped_cost(kind, args)
                                                   : cast_cost(args[i].type.kind, kind);
    if (cost == kImpossible) {
      return {};
    }
    candidate.cost += cost;
    candidate.types[i] = parameter_type(kind, args[i]);
  }
  if (overload.same_type && !unify(overload, args, candidate)) {
    return {};
  }
  return candidate;
}

std::optional<Type> common_fields(const Type& a, const Type& b) {
  if (a.fields->size() != b.fields->size()) {
    return std::nullopt;
  }
  std::vector<Field> fields;
  for (std::size_t i = 0; i < a.fields->size(); ++i) {
    const std::optional<Type> type = common_type(ArgumentType{.type = (*a.fields)[i].type},
                                                 ArgumentType{.type = (*b.fields)[i].type});
    if (!type) {
      return std::nullopt;
    }
    fields.push_back(Field{.name = (*a.fields)[i].name, .type = *type});
  }
  return a.kind == TypeKind::kArray ? array_type(fields[0].type) : struct_type(std::move(fields));
}

std::optional<Type> common_number(const Type& a, const Type& b) {
  if (is_integer(a.kind) && is_integer(b.kind)) {
    return a.kind > b.kind ? a : b;
  }
  if (is_floating(a.kind) || is_floating(b.kind)) {
    return type_of(a.kind == b.kind ? a.kind : TypeKind::kDouble);
  }
  const Type left = as_numeric_type(a);
  const Type right = as_numeric_type(b);
  const int digits = std::max(left.precision - left.scale, right.precision - right.scale);
  const int scale = std::max(left.scale, right.scale);
  const int precision = std::min<int>(digits + scale, kNumericPrecisionMax);
  return numeric_type(static_cast<std::uint8_t>(precision), static_cast<std::uint8_t>(scale));
}

}  // namespace

std::optional<ResolvedFunction> resolve_function(std::string_view name,
                                                 std::span<const ArgumentType> args) {
  const Function* function = find_function(name);
  if (function == nullptr) {
    return std::nullopt;
  }
  Candidate best;
  bool ambiguous = false;
  for (const FunctionOverload& overload : function->overloads) {
    Candidate candidate = match(overload, args);
    ambiguous = candidate.cost < best.cost    ? false
                : candidate.cost == best.cost ? best.overload != nullptr
                                              : ambiguous;
    if (candidate.cost < best.cost) {
      best = std::move(candidate);
    }
  }
  if (best.overload == nullptr || ambiguous) {
    return std::nullopt;
  }
  const bool by_literal =
      best.overload->literal_type != nullptr && !args.empty() && args.back().integer;
  Type result = by_literal ? best.overload->literal_type(best.types, *args.back().integer)
                           : best.overload->result_type(best.types);
  return ResolvedFunction{.function = function,
                          .overload = best.overload,
                          .parameter_types = std::move(best.types),
                          .result_type = std::move(result)};
}

bool implicitly_casts(const Type& from, const Type& to) {
  if (from == to || from.kind == TypeKind::kNull) {
    return true;
  }
  if (from.kind == to.kind && from.fields != nullptr && to.fields != nullptr) {
    return from.fields->size() == to.fields->size() &&
           std::equal(
               from.fields->begin(), from.fields->end(), to.fields->begin(),
               [](const Field& a, const Field& b) { return implicitly_casts(a.type, b.type); });
  }
  if (to.kind == TypeKind::kNumeric && (is_integer(from.kind) || from.kind == to.kind)) {
    const Type exact = as_numeric_type(from);
    return exact.scale <= to.scale && exact.precision - exact.scale <= to.precision - to.scale;
  }
  return cast_cost(from.kind, to.kind) != kImpossible;
}

std::optional<Type> common_type(const ArgumentType& a, const ArgumentType& b) {
  if (a.type == b.type || b.type.kind == TypeKind::kNull) {
    return a.type;
  }
  if (a.type.kind == TypeKind::kNull || a.text_literal) {
    return b.type;
  }
  if (b.text_literal) {
    return a.type;
  }
  if (is_numeric(a.type.kind) && is_numeric(b.type.kind)) {
    return common_number(a.type, b.type);
  }
  if (a.type.kind == b.type.kind && a.type.fields != nullptr) {
    return common_fields(a.type, b.type);
  }
  if (cast_cost(a.type.kind, b.type.kind) != kImpossible) {
    return b.type;
  }
  return cast_cost(b.type.kind, a.type.kind) != kImpossible ? std::optional<Type>{a.type}
                                                            : std::nullopt;
}

}  // namespace thalweg
