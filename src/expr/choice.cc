#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/int128.h"
#include "expr/logic.h"

// Puts columns together from several others, row by row: CASE and COALESCE.
namespace thalweg {
namespace {

// Where each row of the result stands in its branch's column.
class Sources {
 public:
  Sources(const std::vector<Vector>& branches, const std::vector<std::uint16_t>& chosen)
      : branches_(branches), chosen_(chosen) {}

  // Nullptr for a row that failed.
  const Column* column(RowIndex row) const {
    return chosen_[row] < branches_.size() ? &branches_[chosen_[row]].column : nullptr;
  }
  RowIndex row_in(RowIndex row) const { return branches_[chosen_[row]].constant ? 0 : row; }

  bool is_valid(RowIndex row) const {
    const Column* source = column(row);
    return source != nullptr && source->is_valid(row_in(row));
  }

 private:
  const std::vector<Vector>& branches_;
  const std::vector<std::uint16_t>& chosen_;
};

template <typename T>
std::shared_ptr<Buffer> gather_values(const std::vector<Vector>& branches,
                                      const std::vector<std::uint16_t>& chosen) {
  struct Branch {
    const T* values;
    std::uint32_t step;
  };
  const T zero{};
  std::vector<Branch> readers;
  for (const Vector& branch : branches) {
    const T* values = branch.column.length() == 0
                          ? &zero
                          : reinterpret_cast<const T*>(branch.column.raw_values());
    readers.push_back({values, branch.constant || values == &zero ? 0U : 1U});
  }
  readers.push_back({&zero, 0});
  auto buffer = Buffer::allocate(chosen.size() * sizeof(T));
  T* out = buffer->template as<T>();
  const std::size_t none = branches.size();
  for (std::size_t row = 0; row < chosen.size(); ++row) {
    const Branch& reader = readers[std::min<std::size_t>(chosen[row], none)];
    out[row] = reader.values[row * reader.step];
  }
  return buffer;
}

std::shared_ptr<Buffer> gather_fixed(std::uint32_t width, const std::vector<Vector>& branches,
                                     const std::vector<std::uint16_t>& chosen) {
  switch (width) {
    case 2:
      return gather_values<std::int16_t>(branches, chosen);
    case 4:
      return gather_values<std::int32_t>(branches, chosen);
    case 8:
      return gather_values<std::int64_t>(branches, chosen);
    default:
      TW_CHECK(width == sizeof(Int128));
      return gather_values<Int128>(branches, chosen);
  }
}

Column gather_nested(const Type& type, const Sources& sources, std::uint32_t length) {
  ColumnBuilder builder{type, length};
  for (RowIndex row = 0; row < length; ++row) {
    if (sources.is_valid(row)) {
      builder.append_from(*sources.column(row), sources.row_in(row));
    } else {
      builder.append_null();
    }
  }
  return builder.finish();
}

}  // namespace

Choice::Choice(std::uint32_t length)
    : length_(length), undecided_(length), branches_(length, kUndecided) {}

void Choice::take(RowIndex row, std::uint16_t branch) {
  branches_[row] = branch;
  --undecided_;
}

void Choice::fail(RowIndex row, RowError error) {
  if (errors_ == nullptr) {
    errors_ = Buffer::allocate_zeroed(length_);
  }
  errors_->as<RowError>()[row] = error;
  take(row, kFailed);
}

bool Choice::decide(const Vector& condition, std::uint16_t branch) {
  const TruthReader reader{condition, length_};
  bool taken = false;
  for (std::uint32_t word = 0; word < bitmap_words(length_); ++word) {
    const std::uint64_t truths = reader.truths(word);
    for (std::uint64_t rows = truths | reader.failures(word); rows != 0; rows &= rows - 1) {
      const int bit = std::countr_zero(rows);
      const RowIndex row = word * 64 + static_cast<RowIndex>(bit);
      if (row >= length_) {
        break;
      }
      if (branches_[row] != kUndecided) {
        continue;
      }
      if (((truths >> bit) & 1) == 0) {
        fail(row, condition.error(row));
        continue;
      }
      take(row, branch);
      taken = true;
    }
  }
  return taken;
}

void Choice::decide_rest(std::uint16_t branch) {
  for (RowIndex row = 0; row < length_; ++row) {
    if (branches_[row] == kUndecided) {
      take(row, branch);
    }
  }
}

void Choice::decide_valid(const Vector& value, std::uint16_t branch) {
  for (RowIndex row = 0; row < length_; ++row) {
    if (branches_[row] != kUndecided) {
      continue;
    }
    if (const RowError error = value.error(row); error != RowError::kNone) {
      fail(row, error);
    } else if (value.column.is_valid(value.constant ? 0 : row)) {
      take(row, branch);
    }
  }
}

void Choice::take_errors(const std::vector<Vector>& branches) {
  const bool none = std::all_of(branches.begin(), branches.end(),
                                [](const Vector& branch) { return branch.errors == nullptr; });
  for (RowIndex row = 0; !none && row < length_; ++row) {
    if (branches_[row] >= branches.size()) {
      continue;
    }
    if (const RowError error = branches[branches_[row]].error(row); error != RowError::kNone) {
      ++undecided_;
      fail(row, error);
    }
  }
}

Vector Choice::assemble(const Type& type, const std::vector<Vector>& branches) {
  take_errors(branches);
  const Sources sources{branches, branches_};
  Vector out{.column = Column{type, length_}, .constant = false, .errors = errors_};
  if (type.kind == TypeKind::kBoolean) {
    out.column.set_values(pack_bits(length_, [&](RowIndex row) {
      return sources.is_valid(row) && sources.column(row)->bit(sources.row_in(row));
    }));
  } else if (const std::uint32_t width = value_width(type.kind); width > 0) {
    out.column.set_values(gather_fixed(width, branches, branches_));
  } else {
    out.column = gather_nested(type, sources, length_);
    return out;
  }
  const bool nulls = std::any_of(branches.begin(), branches.end(), [](const Vector& branch) {
    return branch.column.may_have_nulls();
  });
  if (nulls || errors_ != nullptr) {
    out.column.set_validity(
        pack_bits(length_, [&](RowIndex row) { return sources.is_valid(row); }));
  }
  return out;
}

}  // namespace thalweg
