#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "expr/cast.h"
#include "expr/evaluator.h"
#include "expr/kernel.h"
#include "expr/run_kernel.h"
#include "expr/simple_function.h"

// Arrays and rows. A result's elements are gathered by number out of the arguments' elements, in
// one go.
namespace thalweg {
namespace {

using enum TypeKind;

// Reads the elements of an ARRAY argument, constant or not.
class Lists {
 public:
  explicit Lists(const Vector& vector)
      : vector_(vector), offsets_(vector.column.offsets()), step_(vector.constant ? 0 : 1) {}

  bool is_valid(RowIndex row) const { return vector_.column.is_valid(row * step_); }
  RowIndex begin(RowIndex row) const { return static_cast<RowIndex>(offsets_[row * step_]); }
  RowIndex end(RowIndex row) const { return static_cast<RowIndex>(offsets_[row * step_ + 1]); }
  std::uint32_t size(RowIndex row) const { return end(row) - begin(row); }
  const Column& elements() const { return vector_.column.children()[0]; }

 private:
  const Vector& vector_;
  const std::int32_t* offsets_;
  std::uint32_t step_;
};

// Builds an ARRAY column out of numbers of elements.
class ListBuilder {
 public:
  explicit ListBuilder(const KernelCall& call) : call_(call) {
    offsets_ = Buffer::allocate((std::size_t{call.length} + 1) * sizeof(std::int32_t));
    offsets_->as<std::int32_t>()[0] = 0;
  }

  void add(RowIndex element) { chosen_.push_back(element); }
  void add(RowIndex begin, RowIndex end) {
    for (; begin < end; ++begin) {
      chosen_.push_back(begin);
    }
  }
  std::vector<RowIndex>& chosen() { return chosen_; }
  void close_row() {
    offsets_->as<std::int32_t>()[++rows_] = static_cast<std::int32_t>(chosen_.size());
  }

  Vector finish(const Column& elements, BufferRef errors = nullptr) {
    Column column{call_.result_type, call_.length};
    column.set_offsets(std::move(offsets_));
    column.set_children({gather(elements, chosen_)});
    return Vector{.column = std::move(column), .constant = false, .errors = std::move(errors)};
  }

 private:
  const KernelCall& call_;
  std::shared_ptr<Buffer> offsets_;
  std::uint32_t rows_ = 0;
  std::vector<RowIndex> chosen_;
};

Type array_of_first(std::span<const Type> args) {
  return array_type(args.empty() ? type_of(kText) : args[0]);
}
Type element_of_first(std::span<const Type> args) { return args[0].fields->front().type; }

// ARRAY[a, b]: the arguments' columns one behind the other, read across.
Vector array_kernel(const KernelCall& call) {
  ListBuilder lists{call};
  std::vector<Column> columns;
  std::vector<RowIndex> begins;
  RowIndex next = 0;
  for (const Vector& arg : call.args) {
    begins.push_back(next);
    columns.push_back(arg.column);
    next += arg.column.length();
  }
  for (RowIndex row = 0; row < call.length; ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      lists.add(begins[i] + (call.args[i].constant ? 0 : row));
    }
    lists.close_row();
  }
  const Type& element = call.result_type.fields->front().type;
  return lists.finish(columns.empty() ? null_column(element, 0) : concat_columns(columns));
}

// a[i]: NULL outside of the array.
template <typename Index>
Vector subscript_kernel(const KernelCall& call) {
  const Lists lists{call.args[0]};
  const RowReader<Index> indices{call.args[1]};
  const Column& elements = lists.elements();
  // One NULL behind the elements stands for all that is not there.
  const Column columns[] = {elements, null_column(elements.type(), 1)};
  const RowIndex none = elements.length();
  std::vector<RowIndex> chosen(call.length, none);
  for (RowIndex row = 0; row < call.length; ++row) {
    const std::int64_t index = indices[row];
    if (is_set(call.valid, row) && index >= 1 && index <= lists.size(row)) {
      chosen[row] = lists.begin(row) + static_cast<RowIndex>(index - 1);
    }
  }
  return Vector{
      .column = gather(concat_columns(columns), chosen), .constant = false, .errors = nullptr};
}

Vector cardinality_kernel(const KernelCall& call) {
  const Lists lists{call.args[0]};
  return compute_rows<std::int32_t>(call, [&](RowIndex row, std::int32_t& out) {
    out = static_cast<std::int32_t>(lists.size(row));
    return RowError::kNone;
  });
}

// PostgreSQL's array_length: NULL for an array of nothing.
Vector array_length_kernel(const KernelCall& call) {
  Vector out = cardinality_kernel(call);
  const std::int32_t* sizes = out.column.values<std::int32_t>().data();
  const RowReader<std::int32_t> dimensions{call.args[1]};
  out.column.set_validity(
      pack_bits(call.length, [&](RowIndex row) { return dimensions[row] == 1 && sizes[row] > 0; }));
  return out;
}

// The number of the first element equal to the other argument's row; nothing when there is none.
std::optional<std::uint32_t> find_element(const Lists& lists, const Vector& wanted, RowIndex row) {
  const RowIndex at = wanted.constant ? 0 : row;
  for (RowIndex i = lists.begin(row); i < lists.end(row); ++i) {
    if (compare_rows(lists.elements(), i, wanted.column, at) == 0) {
      return i - lists.begin(row);
    }
  }
  return std::nullopt;
}

Vector contains_kernel(const KernelCall& call) {
  const Lists lists{call.args[0]};
  return compute_rows<bool>(call, [&](RowIndex row, bool& out) {
    out = is_set(call.valid, row) && find_element(lists, call.args[1], row).has_value();
    return RowError::kNone;
  });
}

// From here on NULL elements count like any others, and arrays may be NULL.

Vector position_kernel(const KernelCall& call) {
  const Lists lists{call.args[0]};
  auto buffer = Buffer::allocate_zeroed(std::size_t{call.length} * sizeof(std::int32_t));
  auto* out = buffer->as<std::int32_t>();
  for (RowIndex row = 0; row < call.length; ++row) {
    if (lists.is_valid(row)) {
      const auto found = find_element(lists, call.args[1], row);
      out[row] = found ? static_cast<std::int32_t>(*found + 1) : 0;
    }
  }
  Vector vector = vector_of(call, std::move(buffer));
  vector.column.set_validity(pack_bits(call.length, [=](RowIndex row) { return out[row] > 0; }));
  return vector;
}

void set_null_rows(Vector& out, std::uint32_t length, const Lists& lists) {
  out.column.set_validity(pack_bits(length, [&](RowIndex row) { return lists.is_valid(row); }));
}

Vector remove_kernel(const KernelCall& call) {
  const Lists lists{call.args[0]};
  const Vector& unwanted = call.args[1];
  ListBuilder out{call};
  for (RowIndex row = 0; row < call.length; ++row) {
    const RowIndex at = unwanted.constant ? 0 : row;
    for (RowIndex i = lists.begin(row); lists.is_valid(row) && i < lists.end(row); ++i) {
      if (compare_rows(lists.elements(), i, unwanted.column, at) != 0) {
        out.add(i);
      }
    }
    out.close_row();
  }
  Vector vector = out.finish(lists.elements());
  set_null_rows(vector, call.length, lists);
  return vector;
}

enum class Place : std::uint8_t { kFront, kBack };

// An element before or behind the array; a NULL array is an empty one.
template <Place kPlace>
Vector append_kernel(const KernelCall& call) {
  const Lists lists{call.args[kPlace == Place::kBack ? 0 : 1]};
  const Vector& element = call.args[kPlace == Place::kBack ? 1 : 0];
  const Column columns[] = {lists.elements(), element.column};
  ListBuilder out{call};
  for (RowIndex row = 0; row < call.length; ++row) {
    const RowIndex added = lists.elements().length() + (element.constant ? 0 : row);
    if (kPlace == Place::kFront) {
      out.add(added);
    }
    if (lists.is_valid(row)) {
      out.add(lists.begin(row), lists.end(row));
    }
    if (kPlace == Place::kBack) {
      out.add(added);
    }
    out.close_row();
  }
  return out.finish(concat_columns(columns));
}

// NULL only where both are.
Vector cat_kernel(const KernelCall& call) {
  const Lists left{call.args[0]};
  const Lists right{call.args[1]};
  const Column columns[] = {left.elements(), right.elements()};
  const RowIndex offset = left.elements().length();
  ListBuilder out{call};
  for (RowIndex row = 0; row < call.length; ++row) {
    if (left.is_valid(row)) {
      out.add(left.begin(row), left.end(row));
    }
    if (right.is_valid(row)) {
      out.add(offset + right.begin(row), offset + right.end(row));
    }
    out.close_row();
  }
  Vector vector = out.finish(concat_columns(columns));
  vector.column.set_validity(pack_bits(
      call.length, [&](RowIndex row) { return left.is_valid(row) || right.is_valid(row); }));
  return vector;
}

enum class Keep : std::uint8_t { kAll, kDistinct };

// Each array's elements in order, NULLs last; distinct ones keep the order they came in.
template <Keep kKeep>
Vector sort_kernel(const KernelCall& call) {
  const Lists lists{call.args[0]};
  const Column& elements = lists.elements();
  const auto less = [&](RowIndex a, RowIndex b) {
    return compare_rows(elements, a, elements, b) < 0;
  };
  const auto equal = [&](RowIndex a, RowIndex b) {
    return compare_rows(elements, a, elements, b) == 0;
  };
  ListBuilder out{call};
  for (RowIndex row = 0; row < call.length; ++row) {
    const auto begin = static_cast<std::ptrdiff_t>(out.chosen().size());
    if (is_set(call.valid, row)) {
      out.add(lists.begin(row), lists.end(row));
    }
    std::vector<RowIndex>& chosen = out.chosen();
    std::stable_sort(chosen.begin() + begin, chosen.end(), less);
    if (kKeep == Keep::kDistinct) {
      chosen.erase(std::unique(chosen.begin() + begin, chosen.end(), equal), chosen.end());
      std::sort(chosen.begin() + begin, chosen.end());
    }
    out.close_row();
  }
  return out.finish(elements);
}

// The elements as texts with a separator between them; NULLs are left out, or written as the third
// argument says.
Vector to_string_kernel(const KernelCall& call) {
  const Lists lists{call.args[0]};
  const Vector elements{.column = lists.elements(), .constant = false, .errors = nullptr};
  const Type text = type_of(kText);
  const Vector texts =
      elements.column.type().kind == kText
          ? elements
          : run_kernel({.kernel = find_cast(elements.column.type(), text), .type = text},
                       {&elements, 1}, elements.column.length(), call.context);
  const RowReader<std::string_view> reader{texts};
  const RowReader<std::string_view> separators{call.args[1]};
  return compute_rows<std::string>(call, [&](RowIndex row, std::string& out) {
    bool first = true;
    for (RowIndex i = lists.begin(row); i < lists.end(row); ++i) {
      const bool valid = texts.column.is_valid(i);
      if (!valid && call.args.size() < 3) {
        continue;
      }
      out.append(first ? std::string_view() : separators[row]);
      out.append(valid ? reader[i] : RowReader<std::string_view>{call.args[2]}[row]);
      first = false;
    }
    return RowError::kNone;
  });
}

// string_to_array: a text cut at a separator; an empty text has no parts.
Vector split_kernel(const KernelCall& call) {
  const RowReader<std::string_view> texts{call.args[0]};
  const RowReader<std::string_view> separators{call.args[1]};
  ColumnBuilder builder{call.result_type, call.length};
  for (RowIndex row = 0; row < call.length; ++row) {
    if (!is_set(call.valid, row)) {
      builder.append_null();
      continue;
    }
    const std::string_view by = separators[row];
    std::string_view rest = texts[row];
    bool more = !rest.empty();
    while (more) {
      const std::size_t at = by.empty() ? std::string_view::npos : rest.find(by);
      more = at != std::string_view::npos;
      builder.child(0).append_text(rest.substr(0, at));
      rest.remove_prefix(more ? at + by.size() : rest.size());
    }
    builder.close_row();
  }
  return Vector{.column = builder.finish(), .constant = false, .errors = nullptr};
}

// Fields without names of their own are called as PostgreSQL calls them.
Type row_type(std::span<const Type> args) {
  std::vector<Field> fields;
  for (const Type& arg : args) {
    fields.push_back({"f" + std::to_string(fields.size() + 1), arg});
  }
  return struct_type(std::move(fields));
}

Vector row_kernel(const KernelCall& call) {
  std::vector<Column> fields;
  for (const Vector& arg : call.args) {
    fields.push_back(expand(arg, call.length));
  }
  Column column{call.result_type, call.length};
  column.set_children(std::move(fields));
  return Vector{.column = std::move(column), .constant = false, .errors = nullptr};
}

Type text_array(std::span<const Type>) { return array_type(type_of(kText)); }

FunctionOverload over(std::string_view name, std::vector<TypeKind> parameters,
                      Type (*result)(std::span<const Type>), Kernel kernel) {
  FunctionOverload out = overload(name, std::move(parameters), result, kernel);
  out.same_type = true;
  return out;
}

Function array_function(NullRule null_rule, std::string_view signature, std::string_view text,
                        std::string_view example, std::string_view result,
                        std::vector<FunctionOverload> overloads,
                        std::vector<std::string_view> aliases = {}) {
  return {.name = overloads.front().function,
          .aliases = std::move(aliases),
          .signature = signature,
          .null_rule = null_rule,
          .volatility = Volatility::kImmutable,
          .category = "array",
          .text = text,
          .example = example,
          .result = result,
          .overloads = std::move(overloads)};
}

FunctionOverload any_number(FunctionOverload out) {
  out.variadic = true;
  return out;
}

std::vector<Function> strict_functions() {
  using enum NullRule;
  return {
      array_function(
          kStrict, "array[i] -> the type of an element",
          "The element number i, from 1; NULL outside of the array.", "(ARRAY['a', 'b'])[2]", "b",
          {overload("[]", {kArray, kInt}, element_of_first, subscript_kernel<std::int32_t>),
           overload("[]", {kArray, kBigint}, element_of_first, subscript_kernel<std::int64_t>)}),
      array_function(kStrict, "cardinality(array) -> INT", "How many elements it has.",
                     "cardinality(ARRAY[1, 2])", "2",
                     {overload("cardinality", {kArray}, always<kInt>, cardinality_kernel)}),
      array_function(kStrict, "array_length(array [, 1]) -> INT",
                     "How many elements it has; with the dimension 1, NULL for none.",
                     "array_length(ARRAY[1, 2], 1)", "2",
                     {overload("array_length", {kArray}, always<kInt>, cardinality_kernel),
                      overload("array_length", {kArray, kInt}, always<kInt>, array_length_kernel)}),
      array_function(kStrict, "array_contains(array, element) -> BOOLEAN",
                     "Whether the element is in the array.", "array_contains(ARRAY[1, 2], 2)", "t",
                     {over("array_contains", {kArray, kNull}, always<kBoolean>, contains_kernel)},
                     {"list_contains"}),
      array_function(
          kStrict, "array_distinct(array) -> array", "Each element once, where it comes first.",
          "array_distinct(ARRAY[2, 1, 2])", "{2,1}",
          {overload("array_distinct", {kArray}, same_as_first, sort_kernel<Keep::kDistinct>)}),
      array_function(kStrict, "array_sort(array) -> array", "The elements in order, NULLs last.",
                     "array_sort(ARRAY[2, NULL, 1])", "{1,2,NULL}",
                     {overload("array_sort", {kArray}, same_as_first, sort_kernel<Keep::kAll>)}),
      array_function(
          kStrict, "array_to_string(array, separator TEXT [, null TEXT]) -> TEXT",
          "The elements as one text; NULLs are left out, or written as `null` says.",
          "array_to_string(ARRAY[1, NULL, 3], '-')", "1-3",
          {overload("array_to_string", {kArray, kText}, always<kText>, to_string_kernel),
           overload("array_to_string", {kArray, kText, kText}, always<kText>, to_string_kernel)}),
      array_function(kStrict, "string_to_array(text TEXT, separator TEXT) -> TEXT[]",
                     "The parts of a text cut at a separator.", "string_to_array('a,b', ',')",
                     "{a,b}",
                     {overload("string_to_array", {kText, kText}, text_array, split_kernel)},
                     {"string_split"}),
  };
}

std::vector<Function> null_handling_functions() {
  using enum NullRule;
  return {
      array_function(kHandles, "ARRAY[a, b, ...] -> array", "An array of these elements.",
                     "ARRAY[1, NULL, 3]", "{1,NULL,3}",
                     {any_number(over("array", {kNull}, array_of_first, array_kernel))}),
      array_function(kHandles, "ROW(a, b, ...) -> STRUCT<f1, f2, ...>",
                     "A row of these fields, which are called f1, f2 and so on.",
                     "(ROW(1, 'a')).f2", "a",
                     {any_number(overload("row", {kNull}, row_type, row_kernel))}),
      array_function(kHandles, "array_position(array, element) -> INT",
                     "The number of the first such element, from 1; NULL when there is none.",
                     "array_position(ARRAY['a', 'b'], 'b')", "2",
                     {over("array_position", {kArray, kNull}, always<kInt>, position_kernel)}),
      array_function(
          kHandles, "array_append(array, element) -> array",
          "The array with the element behind it.", "array_append(ARRAY[1], 2)", "{1,2}",
          {over("array_append", {kArray, kNull}, same_as_first, append_kernel<Place::kBack>)}),
      array_function(
          kHandles, "array_prepend(element, array) -> array",
          "The array with the element before it.", "array_prepend(1, ARRAY[2])", "{1,2}",
          {over("array_prepend", {kNull, kArray}, same_as_last, append_kernel<Place::kFront>)}),
      array_function(kHandles, "array_cat(a, b) -> array", "One array behind the other.",
                     "array_cat(ARRAY[1], ARRAY[2])", "{1,2}",
                     {over("array_cat", {kArray, kArray}, same_as_first, cat_kernel)},
                     {"array_concat"}),
      array_function(kHandles, "array_remove(array, element) -> array",
                     "The array without all such elements.", "array_remove(ARRAY[1, 2, 1], 1)",
                     "{2}", {over("array_remove", {kArray, kNull}, same_as_first, remove_kernel)}),
  };
}

}  // namespace

std::vector<Function> array_functions() {
  std::vector<Function> out = strict_functions();
  std::vector<Function> more = null_handling_functions();
  std::move(more.begin(), more.end(), std::back_inserter(out));
  return out;
}

}  // namespace thalweg
