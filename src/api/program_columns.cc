#include "api/program_columns.h"

#include <cstring>
#include <exception>
#include <utility>

#include "base/check.h"
#include "columnar/kernels.h"

namespace thalweg {
namespace {

BufferRef copy_of(const void* bytes, std::size_t size) {
  std::shared_ptr<Buffer> buffer = Buffer::allocate(size);
  std::memcpy(buffer->data(), bytes, size);
  return buffer;
}

BufferRef text_offsets(const detail::ColumnData& data) {
  std::shared_ptr<Buffer> buffer = Buffer::allocate((data.ends.size() + 1) * sizeof(std::int32_t));
  auto* offsets = buffer->as<std::int32_t>();
  offsets[0] = 0;
  std::memcpy(offsets + 1, data.ends.data(), data.ends.size() * sizeof(std::int32_t));
  return buffer;
}

// What a function of a step has made, for the engine.
class MadeRows {
 public:
  MadeRows(std::vector<detail::FieldInfo> fields, std::string step,
           std::shared_ptr<FailureNotes> failures)
      : fields_(std::move(fields)), step_(std::move(step)), failures_(std::move(failures)) {}

  RowsMade take(detail::RowsOut out) const {
    if (!out.refused.empty()) {
      failures_->add(step_, std::string(to_string(RowError::kFunctionFailed)), out.failure);
    }
    RowsMade made{
        .columns = {}, .origins = std::move(out.origins), .refused = std::move(out.refused)};
    for (std::size_t i = 0; i < out.columns.size(); ++i) {
      TW_CHECK(out.columns[i].rows == made.origins.size());
      made.columns.push_back(to_column(fields_[i].kind, out.columns[i]));
    }
    return made;
  }

 private:
  const std::vector<detail::FieldInfo> fields_;
  const std::string step_;
  const std::shared_ptr<FailureNotes> failures_;
};

class ProgramFunction final : public RowFunction {
 public:
  ProgramFunction(std::unique_ptr<detail::RowsFunction> function, MadeRows made)
      : function_(std::move(function)), made_(std::move(made)) {}

  RowsMade apply(const Batch& input) override {
    detail::RowsOut out;
    function_->apply(rows_in(input), out);
    return made_.take(std::move(out));
  }

 private:
  const std::unique_ptr<detail::RowsFunction> function_;
  const MadeRows made_;
};

class ProgramMatchFunction final : public MatchFunction {
 public:
  ProgramMatchFunction(std::unique_ptr<detail::MatchesFunction> function, MadeRows made)
      : function_(std::move(function)), made_(std::move(made)) {}

  RowsMade apply(const MatchRows& matches) override {
    detail::RowsOut out;
    function_->apply(
        {.rows = rows_in(matches.rows), .begins = matches.begins, .steps = matches.variables}, out);
    return made_.take(std::move(out));
  }

 private:
  const std::unique_ptr<detail::MatchesFunction> function_;
  const MadeRows made_;
};

class NullCheck final : public RowFunction {
 public:
  NullCheck(std::vector<detail::FieldInfo> fields, std::string step,
            std::shared_ptr<FailureNotes> failures)
      : fields_(std::move(fields)), step_(std::move(step)), failures_(std::move(failures)) {}

  RowsMade apply(const Batch& input) override {
    RowsMade made{.refused_as = RowError::kNullNotAllowed};
    for (std::uint32_t i = 0; i < input.num_rows(); ++i) {
      const RowIndex row = input.row(i);
      (null_field(input, row) == nullptr ? made.origins : made.refused).push_back(row);
    }
    if (!made.refused.empty()) {
      failures_->add(step_, std::string(to_string(made.refused_as)),
                     "field " + null_field(input, made.refused[0])->name +
                         " has no value, and is not std::optional");
    }
    return made;
  }

 private:
  // The first field without the value it must have.
  const detail::FieldInfo* null_field(const Batch& batch, RowIndex row) const {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (!fields_[i].nullable && !batch.columns[i].is_valid(row)) {
        return &fields_[i];
      }
    }
    return nullptr;
  }

  const std::vector<detail::FieldInfo> fields_;
  const std::string step_;
  const std::shared_ptr<FailureNotes> failures_;
};

// Takes back what was written after the first `rows`; the parts of a row that was not finished too.
void truncate(detail::ColumnData& column, std::uint32_t rows) {
  if (column.rows <= rows) {
    return;
  }
  if (!column.ends.empty()) {
    column.ends.resize(rows);
    column.bytes.resize(rows == 0 ? 0 : static_cast<std::size_t>(column.ends.back()));
  } else {
    column.bytes.resize(column.bytes.size() / column.rows * rows);
  }
  if (!column.nulls.empty()) {
    column.nulls.resize(rows);
  }
  column.rows = rows;
}

detail::ColumnView view_of(const Column& column) {
  const TypeKind kind = column.type().kind;
  const bool has_offsets =
      kind == TypeKind::kText || kind == TypeKind::kBytea || kind == TypeKind::kArray;
  return {.values = column.raw_values(),
          .validity = column.validity(),
          .offsets = has_offsets ? column.offsets() : nullptr};
}

}  // namespace

Type type_of(detail::FieldKind kind) {
  switch (kind) {
    case detail::FieldKind::kBoolean:
      return type_of(TypeKind::kBoolean);
    case detail::FieldKind::kSmallint:
      return type_of(TypeKind::kSmallint);
    case detail::FieldKind::kInt:
      return type_of(TypeKind::kInt);
    case detail::FieldKind::kBigint:
      return type_of(TypeKind::kBigint);
    case detail::FieldKind::kReal:
      return type_of(TypeKind::kReal);
    case detail::FieldKind::kDouble:
      return type_of(TypeKind::kDouble);
    case detail::FieldKind::kText:
      return type_of(TypeKind::kText);
    case detail::FieldKind::kTimestamp:
      break;
  }
  return type_of(TypeKind::kTimestamp);
}

Schema schema_of(const std::vector<detail::FieldInfo>& fields) {
  Schema schema;
  for (const detail::FieldInfo& field : fields) {
    schema.push_back({field.name, type_of(field.kind)});
  }
  return schema;
}

Column to_column(detail::FieldKind kind, const detail::ColumnData& data) {
  Column column(type_of(kind), data.rows);
  if (kind == detail::FieldKind::kBoolean) {
    column.set_values(
        pack_bits(data.rows, [&](std::uint32_t row) { return data.bytes[row] != 0; }));
  } else {
    column.set_values(copy_of(data.bytes.data(), data.bytes.size()));
  }
  if (kind == detail::FieldKind::kText) {
    column.set_offsets(text_offsets(data));
  }
  if (!data.nulls.empty()) {
    column.set_validity(
        pack_bits(data.rows, [&](std::uint32_t row) { return data.nulls[row] == 0; }));
  }
  return column;
}

detail::RowsIn rows_in(const Batch& batch) {
  detail::RowsIn rows;
  rows.batch = &batch;
  rows.rows = batch.num_rows();
  if (batch.selection) {
    rows.numbers = *batch.selection;
  }
  for (const Column& column : batch.columns) {
    rows.columns.push_back(view_of(column));
  }
  return rows;
}

detail::RowsIn row_in(std::span<const Column> columns) {
  detail::RowsIn rows;
  rows.rows = 1;
  for (const Column& column : columns) {
    rows.columns.push_back(view_of(column));
  }
  return rows;
}

std::unique_ptr<RowFunction> make_row_function(std::unique_ptr<detail::RowsFunction> function,
                                               std::vector<detail::FieldInfo> fields,
                                               std::string step,
                                               std::shared_ptr<FailureNotes> failures) {
  return std::make_unique<ProgramFunction>(
      std::move(function), MadeRows(std::move(fields), std::move(step), std::move(failures)));
}

std::unique_ptr<MatchFunction> make_match_function(
    std::unique_ptr<detail::MatchesFunction> function, std::vector<detail::FieldInfo> fields,
    std::string step, std::shared_ptr<FailureNotes> failures) {
  return std::make_unique<ProgramMatchFunction>(
      std::move(function), MadeRows(std::move(fields), std::move(step), std::move(failures)));
}

std::unique_ptr<RowFunction> make_null_check(std::vector<detail::FieldInfo> fields,
                                             std::string step,
                                             std::shared_ptr<FailureNotes> failures) {
  return std::make_unique<NullCheck>(std::move(fields), std::move(step), std::move(failures));
}

namespace detail {

std::string current_exception_text() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

void RowsOut::refuse(std::uint32_t row, std::size_t rows_before) {
  if (refused.empty()) {
    failure = current_exception_text();
  }
  refused.push_back(row);
  origins.resize(rows_before);
  for (ColumnData& column : columns) {
    truncate(column, static_cast<std::uint32_t>(rows_before));
  }
}

}  // namespace detail
}  // namespace thalweg
