#include "state/shared_record.h"

#include <utility>

#include "columnar/builder.h"
#include "state/whole_rows.h"

namespace thalweg {

SharedRecord::SharedRecord(Write write, Read read)
    : write_(std::move(write)),
      read_(std::move(read)),
      schema_{.name = "broadcast",
              .columns = {{.name = "number", .type = type_of(TypeKind::kBigint)},
                          {.name = "record", .type = type_of(TypeKind::kBytea)}},
              .partition_columns = 0,
              .key_columns = 1} {}

bool SharedRecord::next_changes(std::uint32_t /*rows_max*/, StateChanges& out) {
  out = {};
  if (!std::exchange(changed_, false)) {
    return false;
  }
  ColumnBuilder record(type_of(TypeKind::kBytea), 1);
  record.append_text(write_());
  out.puts = {numbers_from(0, 1), record.finish()};
  return true;
}

Status SharedRecord::apply(const StateChanges& changes) {
  if (changes.dropped_to || changes.erased_rows() > 0 || changes.put_rows() > 1) {
    return wrong_rows(schema_, "they are more than one");
  }
  if (changes.put_rows() == 1 && !(changes.puts[1].is_valid(0) && read_(changes.puts[1].text(0)))) {
    return Status(Code::kCorrupt,
                  "the broadcast state is not of its type: it is damaged, or its StateEncoding has "
                  "changed under the same kName; go back to that, or start from scratch");
  }
  return {};
}

}  // namespace thalweg
