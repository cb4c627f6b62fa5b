#include "runtime/values_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "columnar/builder.h"

namespace thalweg {
namespace {

class ValuesPartition final : public Partition {
 public:
  ValuesPartition(std::uint32_t rows, std::uint32_t block_rows)
      : rows_(rows), block_rows_(block_rows) {}

  std::string_view name() const override { return "VALUES"; }

  Result<Claim> claim(Block& block) override {
    if (next_ == rows_) {
      return Claim::kEnd;
    }
    block =
        Block{.number = blocks_++, .position = next_, .rows = std::min(block_rows_, rows_ - next_)};
    next_ += block.rows;
    return Claim::kBlock;
  }

  ReadPosition position() const override {
    return {.position = next_, .mark = std::to_string(rows_)};
  }

  Status resume(const ReadPosition& place) override {
    if (place.mark != std::to_string(rows_) || place.position < 0 || place.position > rows_) {
      return invalid_argument(fmt::format(
          "VALUES has {} rows now and had {} in the last run; begin anew with --from-scratch",
          rows_, place.mark));
    }
    next_ = static_cast<std::uint32_t>(place.position);
    return {};
  }

 private:
  const std::uint32_t rows_;
  const std::uint32_t block_rows_;
  std::uint32_t next_ = 0;
  std::uint64_t blocks_ = 0;
};

class ValuesReader final : public BlockReader {
 public:
  explicit ValuesReader(const std::vector<Column>& columns) : columns_(columns) {}

  void begin(const Partition& /*partition*/, const Block& block) override {
    first_ = static_cast<std::uint32_t>(block.position);
    next_ = first_;
    end_ = first_ + block.rows;
  }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    if (next_ == end_) {
      return false;
    }
    out.rows = std::min(rows_max, end_ - next_);
    out.columns.clear();
    for (const Column& column : columns_) {
      out.columns.push_back(column.slice(next_, out.rows));
    }
    out.first_offset = next_ - first_;
    next_ += out.rows;
    return true;
  }

 private:
  const std::vector<Column>& columns_;
  std::uint32_t first_ = 0;
  std::uint32_t next_ = 0;
  std::uint32_t end_ = 0;
};

class ValuesSource final : public Source {
 public:
  ValuesSource(std::vector<Column> columns, std::uint32_t rows, std::uint32_t block_rows)
      : columns_(std::move(columns)), partition_(rows, block_rows) {}

  Status open() override { return {}; }
  bool bounded() const override { return true; }
  bool can_resume() const override { return true; }
  std::vector<Partition*> partitions() override { return {&partition_}; }
  std::unique_ptr<BlockReader> make_reader() override {
    return std::make_unique<ValuesReader>(columns_);
  }

 private:
  const std::vector<Column> columns_;
  ValuesPartition partition_;
};

}  // namespace

std::unique_ptr<Source> make_values_source(const plan::Values& values, const Schema& schema,
                                           std::uint32_t block_rows) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    ColumnBuilder builder(schema[i].type, static_cast<std::uint32_t>(values.rows.size()));
    for (const std::vector<Value>& row : values.rows) {
      builder.append_value(row[i]);
    }
    columns.push_back(builder.finish());
  }
  return std::make_unique<ValuesSource>(std::move(columns),
                                        static_cast<std::uint32_t>(values.rows.size()), block_rows);
}

}  // namespace thalweg
