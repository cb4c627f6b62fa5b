#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "expr/function.h"

// What kernels are written with. Private to this folder.
namespace thalweg {

inline bool is_set(const std::uint64_t* bits, RowIndex row) {
  return bits == nullptr || ((bits[row >> 6] >> (row & 63)) & 1) != 0;
}

// Validity of the 64 rows of a word; a constant's stands for all.
inline std::uint64_t valid_word(const Vector& vector, std::uint32_t word) {
  const std::uint64_t* validity = vector.column.validity();
  if (validity == nullptr) {
    return ~std::uint64_t{0};
  }
  return vector.constant ? 0 - (validity[0] & 1) : validity[word];
}

// More text than this in one column of a batch is an overflow of the row that would add it: repeat
// and lpad can ask for any amount.
inline constexpr std::size_t kTextBytesMax = std::size_t{1} << 30;

// Gathers the errors of one call. Allocates nothing before the first.
class RowErrors {
 public:
  explicit RowErrors(const KernelCall& call) : length_(call.length), valid_(call.valid) {}

  // Does nothing for a row that does not count.
  void report(RowIndex row, RowError error);
  BufferRef take() { return std::move(buffer_); }

 private:
  std::uint32_t length_;
  const std::uint64_t* valid_;
  std::shared_ptr<Buffer> buffer_;
};

// A column of the result's type, of fixed width, around the values that a kernel has written. Rows
// that do not count get a zero value, as every null row has.
Vector vector_of(const KernelCall& call, std::shared_ptr<Buffer> values,
                 BufferRef errors = nullptr);

// How loops read an argument: one value a row, or the same value for all of them. Loops over
// these two vectorise.
template <typename T>
struct EachRow {
  const T* values;
  T operator[](RowIndex row) const { return values[row]; }
};
template <typename T>
struct SameForAll {
  T value;
  T operator[](RowIndex) const { return value; }
};

// Calls body(reader of a, reader of b) with the readers that fit. Two constants come with a length
// of one, hence as EachRow.
template <typename A, typename B, typename Body>
auto with_readers(const Vector& a, const Vector& b, Body body) {
  const A* left = a.column.values<A>().data();
  const B* right = b.column.values<B>().data();
  if (a.constant && !b.constant) {
    return body(SameForAll<A>{*left}, EachRow<B>{right});
  }
  if (b.constant && !a.constant) {
    return body(EachRow<A>{left}, SameForAll<B>{*right});
  }
  return body(EachRow<A>{left}, EachRow<B>{right});
}

// Reads an argument of any kind by row, constant or not: for kernels that do more per row than a
// multiplication.
template <typename T>
class RowReader {
 public:
  explicit RowReader(const Vector& vector)
      : values_(vector.column.values<T>().data()), step_(vector.constant ? 0 : 1) {}
  T operator[](RowIndex row) const { return values_[row * step_]; }

 private:
  const T* values_;
  std::uint32_t step_;
};

template <>
class RowReader<std::string_view> {
 public:
  explicit RowReader(const Vector& vector)
      : offsets_(vector.column.offsets()),
        bytes_(vector.column.bytes()),
        step_(vector.constant ? 0 : 1) {}
  std::string_view operator[](RowIndex row) const {
    const std::int32_t begin = offsets_[row * step_];
    return {bytes_ + begin, static_cast<std::size_t>(offsets_[row * step_ + 1] - begin)};
  }

 private:
  const std::int32_t* offsets_;
  const char* bytes_;
  std::uint32_t step_;
};

template <>
class RowReader<bool> {
 public:
  explicit RowReader(const Vector& vector)
      : bits_(vector.column.bits()), step_(vector.constant ? 0 : 1) {}
  bool operator[](RowIndex row) const { return is_set(bits_, row * step_); }

 private:
  const std::uint64_t* bits_;
  std::uint32_t step_;
};

// Runs compute(row, out) -> RowError for every row into a fresh column. `Out` is the value type of
// the result: std::string for text that is put together in a scratch string, std::string_view for a
// part of an argument. Text rows that are null are skipped, others may be computed in vain.
template <typename Out, typename Compute>
Vector compute_rows(const KernelCall& call, Compute compute) {
  RowErrors errors{call};
  if constexpr (std::is_same_v<Out, bool>) {
    auto bits = pack_bits(call.length, [&](RowIndex row) {
      bool out = false;
      if (const RowError error = compute(row, out); error != RowError::kNone) {
        errors.report(row, error);
      }
      return out;
    });
    return vector_of(call, std::move(bits), errors.take());
  } else if constexpr (std::is_same_v<Out, std::string> || std::is_same_v<Out, std::string_view>) {
    ColumnBuilder builder{call.result_type, call.length};
    std::size_t bytes = 0;
    Out out;
    for (RowIndex row = 0; row < call.length; ++row) {
      if (!is_set(call.valid, row)) {
        builder.append_null();
        continue;
      }
      if constexpr (std::is_same_v<Out, std::string>) {
        out.clear();
      }
      RowError error = compute(row, out);
      if (error == RowError::kNone && bytes + out.size() > kTextBytesMax) {
        error = RowError::kOverflow;
      }
      if (error != RowError::kNone) {
        errors.report(row, error);
        out = Out{};
      }
      bytes += out.size();
      builder.append_text(out);
    }
    return Vector{.column = builder.finish(), .constant = false, .errors = errors.take()};
  } else {
    auto buffer = Buffer::allocate(std::size_t{call.length} * sizeof(Out));
    Out* values = buffer->template as<Out>();
    for (RowIndex row = 0; row < call.length; ++row) {
      Out out{};
      if (const RowError error = compute(row, out); error != RowError::kNone) {
        errors.report(row, error);
        out = Out{};
      }
      values[row] = out;
    }
    return vector_of(call, std::move(buffer), errors.take());
  }
}

// How a function over single values looks to map_rows: its last parameter, when it is a reference,
// takes the result.
template <typename Signature>
struct RowFunction;

template <typename R, typename... P>
struct RowFunction<R (*)(P...)> {
  static constexpr std::size_t kParameters = sizeof...(P);
  using Parameters = std::tuple<P...>;
  using Last = std::tuple_element_t<kParameters - 1, Parameters>;
  static constexpr bool kWrites =
      std::is_lvalue_reference_v<Last> && !std::is_const_v<std::remove_reference_t<Last>>;
  static constexpr bool kFails = std::is_same_v<R, RowError>;
  static constexpr std::size_t kInputs = kWrites ? kParameters - 1 : kParameters;
  using Out = std::conditional_t<kWrites, std::remove_reference_t<Last>, R>;
};

// A kernel that calls `kFunction` for each row. Its parameters are the value types of the
// arguments. It returns the result, or writes it to its last parameter, a reference, and returns a
// RowError or nothing.
template <auto kFunction>
Vector map_rows(const KernelCall& call) {
  using Traits = RowFunction<decltype(kFunction)>;
  using Out = typename Traits::Out;
  const auto compute_with = [&]<std::size_t... I>(std::index_sequence<I...>) {
    const std::tuple readers{
        RowReader<std::decay_t<std::tuple_element_t<I, typename Traits::Parameters>>>{
            call.args[I]}...};
    return compute_rows<Out>(call, [&readers](RowIndex row, Out& out) {
      if constexpr (Traits::kFails) {
        return kFunction(std::get<I>(readers)[row]..., out);
      } else if constexpr (Traits::kWrites) {
        kFunction(std::get<I>(readers)[row]..., out);
        return RowError::kNone;
      } else {
        out = kFunction(std::get<I>(readers)[row]...);
        return RowError::kNone;
      }
    });
  };
  return compute_with(std::make_index_sequence<Traits::kInputs>{});
}

}  // namespace thalweg
