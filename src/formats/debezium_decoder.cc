#include "formats/debezium_decoder.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "columnar/builder.h"
#include "columnar/kernels.h"
#include "formats/op_decoder.h"

namespace thalweg {
namespace {

// Which rows an event has, by its op.
struct Rows {
  bool before = false;
  bool after = false;
};

std::optional<Rows> rows_of(std::string_view op) {
  if (op == "c" || op == "r") {
    return Rows{.before = false, .after = true};
  }
  if (op == "u") {
    return Rows{.before = true, .after = true};
  }
  return op == "d" ? std::optional(Rows{.before = true, .after = false}) : std::nullopt;
}

// Beside a row before that is not whole.
constexpr std::string_view kWholeRowsHint =
    "with the table's PRIMARY KEY declared the key is enough; else the database has to tell whole "
    "rows (PostgreSQL: REPLICA IDENTITY FULL)";

// One batch of events.
struct Events {
  Column op;
  Column before;
  Column after;
};

class DebeziumDecoder final : public Decoder {
 public:
  DebeziumDecoder(std::unique_ptr<Decoder> inner, DecoderSpec spec, DebeziumEnvelope envelope)
      : inner_(std::move(inner)), spec_(std::move(spec)), envelope_(envelope) {}

  void begin(std::string_view block, bool first) override { inner_->begin(block, first); }
  void begin_records(const RecordBytes& records) override { inner_->begin_records(records); }

  bool next(std::uint32_t rows_max, DecodedRows& out) override {
    DecodedRows decoded;
    if (!inner_->next(rows_max, decoded)) {
      return false;
    }
    out.rejected = std::move(decoded.rejected);
    for (RejectedRow& rejected : out.rejected) {
      if (rejected.error == RowError::kNullNotAllowed) {  // A part of `before` is missing.
        rejected.detail = fmt::format("{}; {}", rejected.detail, kWholeRowsHint);
      }
    }
    if (decoded.rows > 0) {
      const std::vector<Column>& fields =
          envelope_ == DebeziumEnvelope::kPayload ? decoded.columns[0].children() : decoded.columns;
      unfold({.op = fields[0], .before = fields[1], .after = fields[2]}, decoded, out);
    }
    return true;
  }

 private:
  void unfold(const Events& events, const DecodedRows& decoded, DecodedRows& out) const {
    std::vector<RowIndex> picked;  // Rows before by number, those after behind them.
    ColumnBuilder changes(type_of(TypeKind::kSmallint), 2 * decoded.rows);
    for (RowIndex row = 0; row < decoded.rows; ++row) {
      const std::uint64_t offset = offset_of(decoded, row);
      std::optional<Rows> rows =
          events.op.is_valid(row) ? rows_of(events.op.text(row)) : std::nullopt;
      std::optional<RejectedRow> wrong;
      if (!rows) {
        wrong = {.error = RowError::kWrongType,
                 .offset = offset,
                 .length = 0,
                 .detail = "field \"op\" is none of c, r, u and d"};
      } else if (rows->before) {
        // The row after takes the place of the one that has its key.
        rows->before = !(by_key() && rows->after && !events.before.is_valid(row));
        wrong = rows->before ? check(events.before, row, "before", offset) : std::nullopt;
      }
      if (!wrong && rows->after) {
        wrong = check(events.after, row, "after", offset);
      }
      if (wrong) {
        out.rejected.push_back(*std::move(wrong));
        continue;
      }
      if (rows->before) {
        picked.push_back(row);
        changes.append(std::int16_t{-1});
        out.offsets.push_back(offset);
      }
      if (rows->after) {
        picked.push_back(decoded.rows + row);
        changes.append(std::int16_t{1});
        out.offsets.push_back(offset);
      }
    }
    for (std::size_t i = 0; i < spec_.schema.size(); ++i) {
      const Column both[] = {events.before.children()[i], events.after.children()[i]};
      out.columns.push_back(gather(concat_columns(both), picked));
    }
    out.rows = static_cast<std::uint32_t>(picked.size());
    out.changes = changes.finish();
  }

  bool by_key() const { return !spec_.key.empty(); }

  // What is wrong with a row that the event must have; nothing where it is right.
  std::optional<RejectedRow> check(const Column& rows, RowIndex row, std::string_view field,
                                   std::uint64_t offset) const {
    if (!rows.is_valid(row)) {
      return RejectedRow{.error = RowError::kNullNotAllowed,
                         .offset = offset,
                         .length = 0,
                         .detail = field == "before" && !by_key()
                                       ? fmt::format("field \"before\" is NULL; {}", kWholeRowsHint)
                                       : fmt::format("field \"{}\" is NULL", field)};
    }
    for (std::size_t i = 0; i < spec_.not_null.size(); ++i) {
      const bool is_read = field != "before" || !by_key() || spec_.key[i];
      if (spec_.not_null[i] && is_read && !rows.children()[i].is_valid(row)) {
        return RejectedRow{
            .error = RowError::kNullNotAllowed,
            .offset = offset,
            .length = 0,
            .detail = fmt::format("field \"{}.{}\" is NULL", field, spec_.schema[i].name)};
      }
    }
    return std::nullopt;
  }

  const std::unique_ptr<Decoder> inner_;
  const DecoderSpec spec_;
  const DebeziumEnvelope envelope_;
};

}  // namespace

DecoderSpec debezium_event_spec(const DecoderSpec& spec, DebeziumEnvelope envelope) {
  const Type row = struct_type(spec.schema);
  DecoderSpec event;
  event.schema = {{.name = "op", .type = type_of(TypeKind::kText)},
                  {.name = "before", .type = row},
                  {.name = "after", .type = row}};
  if (spec.key.empty()) {
    event.whole_field = envelope == DebeziumEnvelope::kPayload ? "payload.before" : "before";
  }
  if (envelope == DebeziumEnvelope::kPayload) {
    event.schema = {{.name = "payload", .type = struct_type(event.schema)}};
  }
  for (std::uint32_t i = 0; i < event.schema.size(); ++i) {
    event.not_null.push_back(false);
    event.indexes.push_back(i);
  }
  event.declared_columns = static_cast<std::uint32_t>(event.schema.size());
  event.row_offsets = true;
  return event;
}

std::unique_ptr<Decoder> make_debezium_decoder(std::unique_ptr<Decoder> inner, DecoderSpec spec,
                                               DebeziumEnvelope envelope) {
  return std::make_unique<DebeziumDecoder>(std::move(inner), std::move(spec), envelope);
}

}  // namespace thalweg
