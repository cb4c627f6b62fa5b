#include "expr/function_table.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace thalweg {
namespace {

void append(std::vector<Function>& table, std::vector<Function> part) {
  for (Function& function : part) {
    // The same operator over other types: + over numbers, and over times.
    const auto same = [&](const Function& entry) { return entry.name == function.name; };
    const auto entry = std::find_if(table.begin(), table.end(), same);
    if (entry == table.end()) {
      table.push_back(std::move(function));
    } else {
      TW_CHECK(entry->null_rule == function.null_rule);
      std::move(function.overloads.begin(), function.overloads.end(),
                std::back_inserter(entry->overloads));
    }
  }
}

std::vector<Function> make_table() {
  std::vector<Function> table;
  append(table, comparison_functions());
  append(table, conditional_functions());
  append(table, arithmetic_functions());
  append(table, time_arithmetic_functions());
  append(table, math_functions());
  append(table, text_functions());
  append(table, concat_functions());
  append(table, pattern_functions());
  append(table, bit_functions());
  append(table, hash_functions());
  append(table, time_functions());
  append(table, time_text_functions());
  append(table, clock_functions());
  append(table, array_functions());
  return table;
}

// Made at first use and never changed: expressions point into it.
const std::vector<Function>& table() {
  static const std::vector<Function> kTable = make_table();
  return kTable;
}

std::map<std::string_view, const Function*> make_index() {
  std::map<std::string_view, const Function*> index;
  for (const Function& function : table()) {
    TW_CHECK(index.emplace(function.name, &function).second);
    for (const std::string_view alias : function.aliases) {
      TW_CHECK(index.emplace(alias, &function).second);
    }
    for (const FunctionOverload& overload : function.overloads) {
      TW_CHECK(overload.function == function.name);
    }
  }
  return index;
}

}  // namespace

std::span<const Function> functions() { return table(); }

const Function* find_function(std::string_view name) {
  static const std::map<std::string_view, const Function*> kIndex = make_index();
  const auto found = kIndex.find(name);
  return found == kIndex.end() ? nullptr : found->second;
}

}  // namespace thalweg
