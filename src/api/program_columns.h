#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/failure_notes.h"
#include "columnar/batch.h"
#include "columnar/keyed_function.h"
#include "columnar/match_function.h"
#include "columnar/row_function.h"
#include "thalweg/detail/graph.h"

// Between the engine's columns and those that the public headers write and read.
namespace thalweg {

Type type_of(detail::FieldKind kind);
Schema schema_of(const std::vector<detail::FieldInfo>& fields);

Column to_column(detail::FieldKind kind, const detail::ColumnData& data);

// A view of the batch, which must outlive it.
detail::RowsIn rows_in(const Batch& batch);
// Of columns of one row.
detail::RowsIn row_in(std::span<const Column> columns);

// A function of the program as a step. `fields`: of its output. What it says when it fails goes to
// `failures`, under the step's name.
std::unique_ptr<RowFunction> make_row_function(std::unique_ptr<detail::RowsFunction> function,
                                               std::vector<detail::FieldInfo> fields,
                                               std::string step,
                                               std::shared_ptr<FailureNotes> failures);

// The same of a function over rows and timers by key, some of whose state may have a ttl.
std::unique_ptr<KeyedFunction> make_keyed_function(
    std::unique_ptr<detail::KeyedRowsFunction> function, std::vector<detail::FieldInfo> fields,
    std::string step, bool has_ttl, std::shared_ptr<FailureNotes> failures);

// The same of a function over matches of a pattern.
std::unique_ptr<MatchFunction> make_match_function(
    std::unique_ptr<detail::MatchesFunction> function, std::vector<detail::FieldInfo> fields,
    std::string step, std::shared_ptr<FailureNotes> failures);

// Refuses rows with NULL in a column whose field cannot be NULL.
std::unique_ptr<RowFunction> make_null_check(std::vector<detail::FieldInfo> fields,
                                             std::string step,
                                             std::shared_ptr<FailureNotes> failures);

}  // namespace thalweg
