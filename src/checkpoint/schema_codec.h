#pragma once

#include "checkpoint/byte_codec.h"
#include "state/state_table.h"

namespace thalweg {

void write_schema(const StateSchema& schema, ByteWriter& out);

// One whose columns and counts fit together; else the reader fails.
StateSchema read_schema(ByteReader& in);

// Whether two types are kept alike; the names of their fields do not count.
bool same_type(const Type& a, const Type& b);
// Whether rows of one can be taken as rows of the other: types count, names do not.
bool same_layout(const StateSchema& a, const StateSchema& b);

// "auction BIGINT, bids BIGINT; partitioned by 1, key of 1": for people who see that two differ.
std::string describe(const StateSchema& schema);

// Whether its rows have slices that can be dropped, see StateChanges. Their ends are the column of
// that number.
inline bool has_slices(const StateSchema& schema) {
  return schema.key_columns > schema.partition_columns &&
         schema.columns[schema.partition_columns].type.kind == TypeKind::kTimestamp;
}

}  // namespace thalweg
