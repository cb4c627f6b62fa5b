#include <exception>
#include <utility>

#include "api/program_columns.h"

namespace thalweg {
namespace {

// The parts of a key as its function sees them.
class ProgramParts final : public detail::StateParts {
 public:
  void stand_for(const PartsOfKey* parts) { parts_ = parts; }

  std::optional<std::string_view> find(std::uint32_t field, std::string_view name) const override {
    return parts_->find(field, name);
  }
  void visit(std::uint32_t field, const Visit& visit) const override {
    parts_->visit(field, visit);
  }
  std::string_view last_name(std::uint32_t field) const override {
    return parts_->last_name(field);
  }

 private:
  const PartsOfKey* parts_ = nullptr;
};

class ProgramKeyedFunction final : public KeyedFunction {
 public:
  ProgramKeyedFunction(std::unique_ptr<detail::KeyedRowsFunction> function,
                       std::vector<detail::FieldInfo> fields, std::string step, bool has_ttl,
                       std::shared_ptr<FailureNotes> failures)
      : function_(std::move(function)),
        fields_(std::move(fields)),
        step_(std::move(step)),
        has_ttl_(has_ttl),
        failures_(std::move(failures)) {
    call_.parts = &parts_;
  }

  void begin(const Batch& batch) override { rows_ = rows_in(batch); }

  bool call(KeyedTurn& turn) override {
    put_in(turn);
    const std::size_t rows_before = out_.origins.size();
    try {
      function_->call(call_, out_);
    } catch (const detail::UnreadableState&) {
      turn.state_is_unreadable = true;
      return false;
    } catch (...) {
      turn.state_is_unreadable = false;
      out_.refuse(turn.row, rows_before);
      out_.refused.clear();
      if (turn.cause == KeyedTurn::Cause::kRow) {
        failures_->add(step_, std::string(to_string(RowError::kFunctionFailed)), out_.failure);
      }
      return false;
    }
    turn.state_is_unreadable = call_.state_is_unreadable;
    if (turn.state_is_unreadable) {
      return false;
    }
    std::swap(turn.new_state, call_.new_state);
    turn.expires = {call_.expires_micros};
    for (const detail::KeyedCall::TimerChange& change : call_.timers) {
      turn.timers.push_back({{change.micros}, change.by_wall_clock, change.set});
    }
    for (detail::PartChange& change : call_.part_changes) {
      turn.part_changes.push_back({change.field, std::move(change.name), std::move(change.bytes),
                                   EventTime{change.expires_micros}});
    }
    return true;
  }

  void begin_broadcast(const Batch& batch) override { broadcast_rows_ = rows_in(batch); }

  bool call_broadcast(RowIndex row, EventTime time) override {
    try {
      function_->call_broadcast(broadcast_rows_, row, time.micros);
    } catch (...) {
      out_.refuse(row, out_.origins.size());
      out_.refused.clear();
      failures_->add(step_, std::string(to_string(RowError::kFunctionFailed)), out_.failure);
      return false;
    }
    return true;
  }
  std::string broadcast_state() const override { return function_->broadcast_state(); }
  bool restore_broadcast_state(std::string_view bytes) override {
    return function_->restore_broadcast_state(bytes);
  }

  std::string failure() const override { return out_.failure; }
  bool has_ttl() const override { return has_ttl_; }

  std::uint32_t rows_made() const override {
    return static_cast<std::uint32_t>(out_.origins.size());
  }

  std::vector<Column> take() override {
    std::vector<Column> columns;
    for (std::size_t i = 0; i < out_.columns.size(); ++i) {
      columns.push_back(to_column(fields_[i].kind, out_.columns[i]));
    }
    out_.columns.clear();
    out_.origins.clear();
    return columns;
  }

 private:
  void put_in(const KeyedTurn& turn) {
    call_.only_expires = turn.cause == KeyedTurn::Cause::kExpiry;
    call_.is_timer = turn.cause != KeyedTurn::Cause::kRow && !call_.only_expires;
    call_.by_wall_clock = turn.cause == KeyedTurn::Cause::kWallTimer;
    call_.timer_micros = turn.timer_time.micros;
    call_.has_event_time = turn.has_event_time;
    call_.time_micros = turn.time.micros;
    call_.now_micros = turn.now.micros;
    call_.ttl_micros = turn.ttl_time.micros;
    call_.state = turn.state;
    parts_.stand_for(turn.parts);
    call_.timers.clear();
    call_.row = turn.row;
    if (call_.is_timer) {
      key_ = row_in(turn.key);
      call_.key = &key_;
    } else {
      call_.rows = &rows_;
    }
  }

  const std::unique_ptr<detail::KeyedRowsFunction> function_;
  const std::vector<detail::FieldInfo> fields_;
  const std::string step_;
  const bool has_ttl_;
  const std::shared_ptr<FailureNotes> failures_;

  detail::RowsIn rows_;
  detail::RowsIn broadcast_rows_;
  detail::RowsIn key_;
  ProgramParts parts_;
  detail::KeyedCall call_;
  detail::RowsOut out_;
};

}  // namespace

std::unique_ptr<KeyedFunction> make_keyed_function(
    std::unique_ptr<detail::KeyedRowsFunction> function, std::vector<detail::FieldInfo> fields,
    std::string step, bool has_ttl, std::shared_ptr<FailureNotes> failures) {
  return std::make_unique<ProgramKeyedFunction>(std::move(function), std::move(fields),
                                                std::move(step), has_ttl, std::move(failures));
}

}  // namespace thalweg
