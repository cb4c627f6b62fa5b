#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "columnar/kernels.h"
#include "operators/operator_fixture.h"
#include "state/value_codec.h"

// What tests of state that survives a restart are made with.
namespace thalweg::fixture {

using Dice = std::mt19937_64;
using MakeOperator = std::function<std::unique_ptr<Operator>()>;

// Which of the rows with these keys are a worker's, of so many.
inline std::vector<RowIndex> rows_of_worker(std::span<const Column> keys, std::uint32_t length,
                                            std::uint32_t worker, std::uint32_t workers) {
  std::vector<std::uint64_t> hashes(length, 0);
  if (!keys.empty()) {
    hash_keys(keys, length, hashes);
  }
  std::vector<RowIndex> rows;
  for (RowIndex row = 0; row < length; ++row) {
    if (hashes[row] % workers == worker) {
      rows.push_back(row);
    }
  }
  return rows;
}

// A batch's rows of one worker; the first `keys` columns are its keys.
inline Batch batch_of_worker(const Batch& batch, std::uint32_t keys, std::uint32_t worker,
                             std::uint32_t workers) {
  return gather(batch, rows_of_worker({batch.columns.data(), keys}, batch.length, worker, workers));
}

// An operator with its tables, which note what changes.
struct KeptOperator {
  std::unique_ptr<Operator> op;
  std::vector<StateTable*> tables;
  std::set<const StateTable*> waiting;  // Of those something of the last epoch may wait.

  explicit KeptOperator(const MakeOperator& make) : op(make()) {
    EXPECT_TRUE(op->open().ok());
    Result<std::vector<StateTable*>> found = op->state_tables();
    EXPECT_TRUE(found.ok());
    tables = std::move(found).take();
  }
};

inline KeptOperator start(const MakeOperator& make) {
  KeptOperator made(make);
  for (StateTable* table : made.tables) {
    table->note_changes();
  }
  return made;
}

// All changes of each table of an operator since its start, as a state on disk has them.
class SavedState {
 public:
  // Ends an epoch, and takes what changed in it. `rows_max`: of one piece.
  void save(KeptOperator& kept, std::uint32_t rows_max) {
    begin_to_save(kept, rows_max);
    save_waiting(kept, rows_max);
  }

  // The same but for what can wait, of which more can be taken after the operator goes on.
  void begin_to_save(KeptOperator& kept, std::uint32_t rows_max) {
    save_waiting(kept, rows_max);
    CollectingEmitter out;
    EXPECT_TRUE(kept.op->before_epoch(out).ok());
    EXPECT_TRUE(out.batches.empty());
    for (StateTable* table : kept.tables) {
      first_[table->schema().name] = changes_[table->schema().name].size();
      kept.waiting.insert(table);
      while (save_some(kept, *table, rows_max) && !table->can_wait()) {
      }
    }
  }
  void save_waiting(KeptOperator& kept, std::uint32_t rows_max) {
    for (StateTable* table : kept.tables) {
      while (kept.waiting.contains(table) && save_some(kept, *table, rows_max)) {
      }
    }
  }
  // One piece of each table.
  void save_some_waiting(KeptOperator& kept, std::uint32_t rows_max) {
    for (StateTable* table : kept.tables) {
      if (kept.waiting.contains(table)) {
        save_some(kept, *table, rows_max);
      }
    }
  }

  // The operator as it was then, on one of so many workers.
  KeptOperator restore(const MakeOperator& make, EventTime watermark, std::uint32_t worker = 0,
                       std::uint32_t workers = 1) const {
    KeptOperator made(make);
    for (StateTable* table : made.tables) {
      const auto changes = changes_.find(table->schema().name);
      if (changes == changes_.end()) {
        continue;
      }
      for (const StateChanges& each : changes->second) {
        const Status applied = table->apply(of_worker(each, table->schema(), worker, workers));
        EXPECT_TRUE(applied.ok()) << applied.message();
      }
    }
    for (StateTable* table : made.tables) {
      table->note_changes();
    }
    made.op->restored(watermark);
    return made;
  }

  // Leaves the rows there are, without how they came to be: a base image.
  void merge(const std::vector<StateTable*>& tables) {
    for (const StateTable* table : tables) {
      std::vector<StateChanges>& changes = changes_[table->schema().name];
      const std::map<std::string, std::vector<Column>> rows = rows_of(changes, table->schema());
      changes.clear();
      if (rows.empty()) {
        continue;
      }
      StateChanges& base = changes.emplace_back();
      for (std::size_t i = 0; i < table->schema().columns.size(); ++i) {
        std::vector<Column> column;
        for (const auto& [key, row] : rows) {
          column.push_back(row[i]);
        }
        base.puts.push_back(concat_columns(column));
      }
    }
  }

  // How many rows a table has.
  std::size_t rows(const StateTable& table) const {
    return rows_of(changes_.at(table.schema().name), table.schema()).size();
  }
  // Its rows, sorted, without lists of rows, which may have in them what has been taken back.
  std::string text(const StateTable& table) {
    std::string text;
    for (const auto& [key, row] : rows_of(changes_[table.schema().name], table.schema())) {
      for (const Column& column : row) {
        if (column.type().kind != TypeKind::kBytea) {
          append_value(column, 0, text);
        }
      }
    }
    return text;
  }
  // How many rows all changes of a table so far have written or erased.
  std::size_t changed_rows(const StateTable& table) const {
    std::size_t rows = 0;
    for (const StateChanges& each : changes_.at(table.schema().name)) {
      rows += each.put_rows() + each.erased_rows();
    }
    return rows;
  }

 private:
  // False: that was all of the epoch.
  bool save_some(KeptOperator& kept, StateTable& table, std::uint32_t rows_max) {
    std::vector<StateChanges>& changes = changes_[table.schema().name];
    StateChanges piece;
    if (table.next_changes(rows_max, piece)) {
      EXPECT_FALSE(piece.empty());
      changes.push_back(std::move(piece));
      return true;
    }
    EXPECT_TRUE(piece.empty());
    kept.waiting.erase(&table);
    const std::size_t first = first_[table.schema().name];
    check({changes.data() + first, changes.size() - first}, table.schema());
    return false;
  }

  static std::string key_of(std::span<const Column> columns, RowIndex row,
                            const StateSchema& schema) {
    std::string key;
    for (std::uint32_t i = 0; i < schema.key_columns; ++i) {
      append_value(columns[i], row, key);
    }
    return key;
  }

  static void check_types(std::span<const Column> columns, std::size_t count,
                          const StateSchema& schema) {
    ASSERT_EQ(columns.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(columns[i].type(), schema.columns[i].type) << schema.name;
      EXPECT_EQ(columns[i].length(), columns[0].length());
    }
  }

  // One epoch: a row is changed once.
  static void check(std::span<const StateChanges> changes, const StateSchema& schema) {
    std::map<std::string, int> met;
    for (const StateChanges& each : changes) {
      if (!each.erased.empty()) {
        check_types(each.erased, schema.key_columns, schema);
      }
      if (!each.puts.empty()) {
        check_types(each.puts, schema.columns.size(), schema);
      }
      for (const std::vector<Column>* columns : {&each.erased, &each.puts}) {
        for (RowIndex row = 0; !columns->empty() && row < (*columns)[0].length(); ++row) {
          EXPECT_EQ(++met[key_of(*columns, row, schema)], 1) << schema.name;
        }
      }
    }
  }

  static std::map<std::string, std::vector<Column>> rows_of(std::span<const StateChanges> changes,
                                                            const StateSchema& schema) {
    std::map<std::string, std::vector<Column>> rows;
    for (const StateChanges& each : changes) {
      if (each.dropped_to) {
        std::erase_if(rows, [&](const auto& row) {
          const Column& ends = row.second[schema.partition_columns];
          return ends.template values<std::int64_t>()[0] <= each.dropped_to->micros;
        });
      }
      for (RowIndex row = 0; row < each.erased_rows(); ++row) {
        rows.erase(key_of(each.erased, row, schema));
      }
      for (RowIndex row = 0; row < each.put_rows(); ++row) {
        std::vector<Column>& put = rows[key_of(each.puts, row, schema)];
        put.clear();
        for (const Column& column : each.puts) {
          put.push_back(column.slice(row, 1));
        }
      }
    }
    return rows;
  }

  static StateChanges of_worker(const StateChanges& changes, const StateSchema& schema,
                                std::uint32_t worker, std::uint32_t workers) {
    StateChanges own{.dropped_to = changes.dropped_to};
    const auto choose = [&](const std::vector<Column>& columns, std::vector<Column>& out) {
      if (columns.empty()) {
        return;
      }
      const std::vector<RowIndex> rows = rows_of_worker({columns.data(), schema.partition_columns},
                                                        columns[0].length(), worker, workers);
      out = gather(columns, rows);
    };
    choose(changes.erased, own.erased);
    choose(changes.puts, own.puts);
    return own;
  }

  std::map<std::string, std::vector<StateChanges>> changes_;  // By table.
  std::map<std::string, std::size_t> first_;                  // The last epoch's first.
};

// What came out, sorted: rows with their change in front.
inline std::vector<TextRow> sorted_rows(const std::vector<const CollectingEmitter*>& outs) {
  std::vector<TextRow> rows;
  for (const CollectingEmitter* out : outs) {
    for (const Batch& batch : out->batches) {
      for (std::uint32_t i = 0; i < batch.num_rows(); ++i) {
        const RowIndex row = batch.row(i);
        TextRow text = text_row(CollectingEmitter::row_values(batch, row));
        const int change = batch.changes ? batch.changes->values<std::int16_t>()[row] : 1;
        text.insert(text.begin(), std::to_string(change));
        rows.push_back(std::move(text));
      }
    }
    for (const CollectingEmitter::Rejected& rejected : out->rejected) {
      TextRow text = text_row(rejected.row);
      text.insert(text.begin(), "rejected");
      rows.push_back(std::move(text));
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace thalweg::fixture
