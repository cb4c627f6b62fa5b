#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/epoch_store.h"
#include "checkpoint/schema_codec.h"
#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "columnar/value.h"
#include "state/key_groups.h"

// Tables of random columns whose rows are also kept as plain text, to compare with.
namespace thalweg {

using Random = std::mt19937_64;

inline std::uint64_t below(Random& random, std::uint64_t end) { return random() % end; }

inline Type random_type(Random& random, int depth = 0) {
  switch (below(random, depth < 2 ? 17 : 14)) {
    case 0:
      return type_of(TypeKind::kBoolean);
    case 1:
      return type_of(TypeKind::kSmallint);
    case 2:
      return type_of(TypeKind::kInt);
    case 3:
      return type_of(TypeKind::kReal);
    case 4:
      return type_of(TypeKind::kDouble);
    case 5:
      return numeric_type(static_cast<std::uint8_t>(20 + below(random, 19)),
                          static_cast<std::uint8_t>(below(random, 10)));
    case 6:
      return type_of(TypeKind::kText);
    case 7:
      return type_of(TypeKind::kBytea);
    case 8:
      return type_of(TypeKind::kDate);
    case 9:
      return type_of(TypeKind::kTime);
    case 10:
      return type_of(TypeKind::kTimestamp);
    case 11:
      return type_of(TypeKind::kTimestamptz);
    case 12:
      return type_of(TypeKind::kInterval);
    case 13:
      return type_of(TypeKind::kBigint);
    case 14:
      return array_type(random_type(random, depth + 1));
    case 15:
      return struct_type(
          {{"a", random_type(random, depth + 1)}, {"b", random_type(random, depth + 1)}});
    default:
      return type_of(TypeKind::kNull);
  }
}

// Few different ones, so that keys meet.
inline Value random_value(const Type& type, Random& random) {
  if (below(random, 8) == 0 || type.kind == TypeKind::kNull) {
    return null_value(type);
  }
  Value value{.type = type, .data = {}};
  const auto number = static_cast<std::int64_t>(below(random, 40)) - 20;
  switch (type.kind) {
    case TypeKind::kBoolean:
      value.data = number > 0;
      break;
    case TypeKind::kReal:
    case TypeKind::kDouble:
      value.data = static_cast<double>(number) / 4;
      break;
    case TypeKind::kNumeric:
      value.data = Int128{number} * 1'000'000'007 * 1'000'000'007;
      break;
    case TypeKind::kText:
    case TypeKind::kBytea:
      value.data = std::string(below(random, 20), static_cast<char>('a' + below(random, 3)));
      break;
    case TypeKind::kInterval:
      value.data = Interval{.months = static_cast<std::int32_t>(number),
                            .days = static_cast<std::int32_t>(below(random, 3)),
                            .nanos = number * 1000};
      break;
    case TypeKind::kArray: {
      Value::List elements;
      for (std::uint64_t i = below(random, 4); i > 0; --i) {
        elements.push_back(random_value(type.fields->front().type, random));
      }
      value.data = std::move(elements);
      break;
    }
    case TypeKind::kStruct: {
      Value::List fields;
      for (const Field& field : *type.fields) {
        fields.push_back(random_value(field.type, random));
      }
      value.data = std::move(fields);
      break;
    }
    case TypeKind::kTime:
      value.data = std::int64_t{20} + number;
      break;
    default:
      value.data = number;
  }
  return value;
}

using Row = std::vector<Value>;

inline std::vector<Column> columns_of(const std::vector<Row>& rows, const StateSchema& schema,
                                      std::size_t count) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < count && !rows.empty(); ++i) {
    ColumnBuilder builder(schema.columns[i].type);
    for (const Row& row : rows) {
      builder.append_value(row[i]);
    }
    columns.push_back(builder.finish());
  }
  return columns;
}

// The canonical bytes of a row's first columns.
inline std::string key_of(const std::vector<Column>& columns, std::size_t count, RowIndex row) {
  if (count == 0) {
    return "";
  }
  std::vector<Column> key;
  for (std::size_t i = 0; i < count; ++i) {
    key.push_back(columns[i].slice(row, 1));
  }
  EncodedKeys bytes;
  encode_keys(key, 1, bytes);
  return std::string(bytes.key(0));
}

inline std::uint32_t group_of(const std::vector<Column>& columns, const StateSchema& schema,
                              RowIndex row) {
  if (schema.partition_columns == 0) {
    return 0;
  }
  std::vector<Column> key;
  for (std::size_t i = 0; i < schema.partition_columns; ++i) {
    key.push_back(columns[i].slice(row, 1));
  }
  std::uint64_t hash = 0;
  hash_keys(key, 1, std::span(&hash, 1));
  return key_group(hash);
}

inline std::string text_of(const std::vector<Column>& columns, RowIndex row) {
  std::string text;
  for (const Column& column : columns) {
    const Value value = value_at(column, row);
    text += value.is_null() ? "NULL|" : to_string(value) + '|';
  }
  return text;
}

// Rows as text by the bytes of their keys.
using Rows = std::map<std::string, std::string>;

inline void fold(const StateChanges& changes, const StateSchema& schema, Rows& rows) {
  for (std::uint32_t row = 0; row < changes.erased_rows(); ++row) {
    rows.erase(key_of(changes.erased, schema.key_columns, row));
  }
  for (std::uint32_t row = 0; row < changes.put_rows(); ++row) {
    rows[key_of(changes.puts, schema.key_columns, row)] = text_of(changes.puts, row);
  }
}

// One table, and the rows that it should have.
struct ModelTable {
  std::string operator_id;
  StateSchema schema;
  std::map<std::string, Row> rows;

  Rows texts() const {
    Rows texts;
    for (const auto& [key, row] : rows) {
      texts[key] = text_of(columns_of({row}, schema, row.size()), 0);
    }
    return texts;
  }

  // Some rows go, some come, some become others.
  StateChanges change(Random& random, std::size_t rows_max) {
    StateChanges changes;
    if (has_slices(schema) && below(random, 2) == 0) {
      changes.dropped_to = EventTime{static_cast<std::int64_t>(below(random, 30)) - 20};
      std::erase_if(rows, [&](const auto& entry) {
        const Value& end = entry.second[schema.partition_columns];
        return std::get<std::int64_t>(end.data) <= changes.dropped_to->micros;
      });
    }
    std::set<std::string> changed;
    std::vector<Row> erased;
    std::vector<Row> puts;
    for (std::uint64_t i = below(random, rows_max); i > 0; --i) {
      if (!rows.empty() && below(random, 3) == 0) {
        auto old = std::next(rows.begin(), static_cast<int>(below(random, rows.size())));
        if (changed.insert(old->first).second) {
          erased.push_back(old->second);
          rows.erase(old);
        }
        continue;
      }
      Row row;
      for (const Field& field : schema.columns) {
        row.push_back(random_value(field.type, random));
      }
      if (has_slices(schema) && row[schema.partition_columns].is_null()) {
        row[schema.partition_columns].data = std::int64_t{7};
      }
      const std::string key = key_of(columns_of({row}, schema, row.size()), schema.key_columns, 0);
      if (changed.insert(key).second) {
        puts.push_back(row);
        rows[key] = std::move(row);
      }
    }
    changes.erased = columns_of(erased, schema, schema.key_columns);
    changes.puts = columns_of(puts, schema, schema.columns.size());
    return changes;
  }
};

inline ModelTable random_table(const std::string& operator_id, const std::string& name,
                               Random& random) {
  ModelTable table{.operator_id = operator_id, .schema = {.name = name}, .rows = {}};
  const std::uint64_t columns = 1 + below(random, 6);
  for (std::uint64_t i = 0; i < columns; ++i) {
    table.schema.columns.push_back({"c" + std::to_string(i), random_type(random)});
  }
  table.schema.key_columns = static_cast<std::uint32_t>(1 + below(random, columns));
  table.schema.partition_columns =
      static_cast<std::uint32_t>(below(random, table.schema.key_columns + 1));
  if (table.schema.partition_columns < table.schema.key_columns && below(random, 2) == 0) {
    table.schema.columns[table.schema.partition_columns].type = type_of(TypeKind::kTimestamp);
  }
  return table;
}

inline std::vector<Column> gather_all(const std::vector<Column>& columns,
                                      const std::vector<RowIndex>& rows) {
  return rows.empty() ? std::vector<Column>() : gather(columns, rows);
}

// The part of the changes that one of several workers makes.
inline StateChanges part_of(const StateChanges& changes, const StateSchema& schema,
                            std::uint32_t worker, std::uint32_t workers) {
  const auto mine = [&](const std::vector<Column>& columns, std::uint32_t length) {
    std::vector<RowIndex> rows;
    for (std::uint32_t row = 0; row < length; ++row) {
      if (worker_of_group(group_of(columns, schema, row), workers) == worker) {
        rows.push_back(row);
      }
    }
    return gather_all(columns, rows);
  };
  return {.dropped_to = changes.dropped_to,
          .dropped_groups = groups_of_worker(worker, workers),
          .erased = mine(changes.erased, changes.erased_rows()),
          .puts = mine(changes.puts, changes.put_rows())};
}

// The state of a job of several tables, and one epoch of it after the other.
struct ModelJob {
  std::vector<ModelTable> tables;
  std::uint64_t epoch = 0;

  EpochRecord record(const EpochStore& store, std::uint32_t workers) const {
    EpochRecord record{.epoch = epoch,
                       .job = "job",
                       .incarnation = store.incarnation(),
                       .made_at = EventTime{static_cast<std::int64_t>(epoch) * 1000},
                       .workers = workers};
    for (const ModelTable& table : tables) {
      if (record.operators.empty() || record.operators.back().id != table.operator_id) {
        record.operators.push_back({.id = table.operator_id});
      }
      record.operators.back().tables.push_back(table.schema);
    }
    record.sources.push_back({.id = "source", .partitions = {}});
    return record;
  }

  // Changes all tables, and writes and prepares the epoch. The model has it whatever becomes of it.
  Status prepare(EpochStore& store, std::uint32_t workers, Random& random,
                 std::size_t rows_max = 60) {
    ++epoch;
    std::vector<StateChanges> changes;
    for (ModelTable& table : tables) {
      changes.push_back(table.change(random, rows_max));
    }
    for (std::uint32_t worker = 0; worker < workers; ++worker) {
      TW_TRY_ASSIGN(const auto delta, store.begin_delta(worker));
      for (std::size_t i = 0; i < tables.size(); ++i) {
        TW_TRY(delta->add(tables[i].operator_id, tables[i].schema,
                          part_of(changes[i], tables[i].schema, worker, workers)));
      }
      TW_TRY(delta->finish());
    }
    return store.prepare(record(store, workers));
  }

  Status run_epoch(EpochStore& store, std::uint32_t workers, Random& random,
                   std::size_t rows_max = 60) {
    TW_TRY(prepare(store, workers, random, rows_max));
    TW_TRY(store.decide());
    return store.settled();
  }

  Status run_epochs(int count, EpochStore& store, std::uint32_t workers, Random& random,
                    std::size_t rows_max = 60) {
    for (int i = 0; i < count; ++i) {
      TW_TRY(run_epoch(store, workers, random, rows_max));
    }
    return {};
  }

  std::vector<Rows> texts() const {
    std::vector<Rows> texts;
    for (const ModelTable& table : tables) {
      texts.push_back(table.texts());
    }
    return texts;
  }

  // The rows that a store gives back, read by so many workers.
  Result<std::vector<Rows>> read(const EpochStore& store, std::uint32_t workers) const {
    std::vector<Rows> texts;
    for (const ModelTable& table : tables) {
      Rows rows;
      for (std::uint32_t worker = 0; worker < workers; ++worker) {
        const KeyGroupRange groups = groups_of_worker(worker, workers);
        TW_TRY(store.read(table.operator_id, table.schema, groups,
                          [&](const StateChanges& changes) -> Status {
                            fold(changes, table.schema, rows);
                            return {};
                          }));
      }
      texts.push_back(std::move(rows));
    }
    return texts;
  }
};

inline ModelJob random_job(Random& random) {
  ModelJob job;
  for (const char* id : {"a/group#1", "a/group#2", "b/top#1"}) {
    for (const char* name : {"groups", "timers"}) {
      job.tables.push_back(random_table(id, name, random));
    }
  }
  return job;
}

}  // namespace thalweg
