#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_time.h"
#include "base/result.h"
#include "columnar/column.h"
#include "columnar/row_error.h"

namespace thalweg {

// The result of evaluating an expression over a batch.
struct Vector {
  // `length` rows; one row when constant, which then stands for all.
  Column column;
  bool constant = false;
  // A RowError per row (one when constant), absent when no row failed. A row with an error has an
  // undefined value. Errors travel like NULLs: strict functions pass them on, CASE, COALESCE, AND
  // and OR only from the branch that decides.
  BufferRef errors;

  RowError error(RowIndex row) const {
    return errors == nullptr ? RowError::kNone : errors->as<RowError>()[constant ? 0 : row];
  }
};

// What a kernel may ask of its surroundings; one per worker.
struct EvalContext {
  EventTime now;        // now(), current_timestamp: the wall clock, set once per batch.
  EventTime watermark;  // current_watermark().
  std::string time_zone = "UTC";
  std::uint64_t random_state = 1;
};

// What a kernel keeps between calls: a compiled pattern, say, and the text that it was made of. One
// per call expression of a worker.
struct KernelState {
  virtual ~KernelState() = default;
};

// Computes one column from its arguments. `length` rows are wanted; constant arguments have one.
// Nulls and errors of strict functions are merged by the evaluator, before: `valid` (nullptr: all)
// says which rows count, the others may yield anything but must not report an error.
struct KernelCall {
  std::span<const Vector> args;
  const Type& result_type;
  std::uint32_t length;
  const std::uint64_t* valid;
  EvalContext& context;
  KernelState* state = nullptr;  // What the overload's make_state has made; nullptr without one.
};
using Kernel = Vector (*)(const KernelCall& call);

enum class NullRule : std::uint8_t {
  kStrict,   // NULL in, NULL out; the kernel never has to look.
  kHandles,  // The kernel sees NULLs and decides.
};

enum class Volatility : std::uint8_t {
  kImmutable,
  kStable,    // Constant within a statement: now() on a bounded query.
  kVolatile,  // random(), uuid().
};

// One signature of a function.
struct FunctionOverload {
  std::string_view function;         // The name it stands under.
  std::vector<TypeKind> parameters;  // kNull: any type.
  bool variadic = false;             // The last parameter may repeat, or be left out.
  // Arguments of any type are cast to the type common to them; the elements of ARRAY parameters
  // count among them.
  bool same_type = false;
  // The result's type from the arguments' (all of them, also precision and scale).
  Type (*result_type)(std::span<const Type> args);
  Kernel kernel;
  std::unique_ptr<KernelState> (*make_state)() = nullptr;
  // The result's type where the last argument is an integer literal: round(x, 2) has two digits.
  Type (*literal_type)(std::span<const Type> args, std::int64_t last) = nullptr;
};

// An entry of the function table: the binder's catalogue, the reference page and the tests of every
// example are made from it.
struct Function {
  std::string_view name;  // Lower case; operators under their sign: "+", "<", "||", "like".
  std::vector<std::string_view> aliases;
  std::string_view signature;  // For people: "date_trunc(unit TEXT, ts TIMESTAMP) -> TIMESTAMP".
  NullRule null_rule;
  Volatility volatility;
  std::string_view category;  // "comparison", "math", "text", "time", ...
  std::string_view text;      // One line.
  std::string_view example;   // "upper('abc')"
  std::string_view result;    // What the example yields, as PostgreSQL prints it.
  std::vector<FunctionOverload> overloads;
};

std::span<const Function> functions();

const Function* find_function(std::string_view name);

// The overload for these argument types: exact match first, then by the fewest implicit casts
// (widening numbers, text literals and NULLs to the other side's type, DATE to TIMESTAMP). The
// parameter types to cast the arguments to are returned with it. Empty: none fits or two fit
// equally well.
struct ResolvedFunction {
  const Function* function;
  const FunctionOverload* overload;
  std::vector<Type> parameter_types;  // One per argument.
  Type result_type;
};
struct ArgumentType {
  Type type;
  bool text_literal = false;  // A string literal, which takes any type that can be read from text.
  std::optional<std::int64_t> integer;  // What an integer literal says.
};
std::optional<ResolvedFunction> resolve_function(std::string_view name,
                                                 std::span<const ArgumentType> args);

// Whether a value of `from` becomes `to` without being asked, and the common type of two sides of a
// comparison, CASE branches or UNION columns.
bool implicitly_casts(const Type& from, const Type& to);
std::optional<Type> common_type(const ArgumentType& a, const ArgumentType& b);
// Whether CAST(from AS to) exists at all.
bool can_cast(const Type& from, const Type& to);

}  // namespace thalweg
