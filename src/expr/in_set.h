#pragma once

#include <memory>

#include "expr/expr.h"

// Private to this folder.
namespace thalweg {

// The literals of an IN list, looked up instead of compared one by one.
class InSet {
 public:
  virtual ~InSet() = default;
  // Which rows of the values (their NULLs and errors aside) are among the literals.
  virtual std::shared_ptr<Buffer> find(const Vector& values, std::uint32_t length) const = 0;
};

// Nullptr where the list has other things than literals, or the type has no set.
std::unique_ptr<InSet> make_in_set(const Expr& in);

}  // namespace thalweg
