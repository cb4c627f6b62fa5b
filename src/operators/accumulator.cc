#include "operators/accumulator.h"

#include "base/check.h"
#include "operators/sum_state.h"

namespace thalweg {
namespace {

bool is_extreme(AggregateKind kind) {
  return kind == AggregateKind::kMin || kind == AggregateKind::kMax;
}

// Types whose min and max are kept as plain values.
bool has_plain_order(TypeKind kind) { return value_width(kind) > 0 && kind != TypeKind::kInterval; }

}  // namespace

void Accumulator::append_partials(std::span<const GroupId> /*ids*/, std::vector<Column>& /*out*/) {
  TW_CHECK(false);
}

void Accumulator::merge(const UpdateRows& /*update*/, std::span<const Column> /*partials*/) {
  TW_CHECK(false);
}

void Accumulator::combine(Combine /*how*/, std::span<const GroupId> /*ids*/,
                          const Accumulator& /*from*/, std::span<const GroupId> /*from_ids*/) {
  TW_CHECK(false);
}

std::unique_ptr<Accumulator> make_accumulator(const AggregateCall& call, bool updating) {
  switch (call.kind) {
    case AggregateKind::kCountStar:
      return make_count_accumulator(/*every_row=*/true);
    case AggregateKind::kCount:
      return make_count_accumulator(/*every_row=*/false);
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      return make_sum_accumulator(call);
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      if (!updating && has_plain_order(call.type.kind)) {
        return make_extreme_accumulator(call);
      }
      [[fallthrough]];
    case AggregateKind::kFirstValue:
    case AggregateKind::kLastValue:
      return updating ? make_row_list_accumulator(call) : make_best_row_accumulator(call);
    case AggregateKind::kArrayAgg:
      return make_row_list_accumulator(call);
    case AggregateKind::kBitAnd:
    case AggregateKind::kBitOr:
    case AggregateKind::kBitXor:
      return make_bit_accumulator(call, updating);
    case AggregateKind::kVarPop:
    case AggregateKind::kVarSamp:
    case AggregateKind::kStddevPop:
    case AggregateKind::kStddevSamp:
      return make_variance_accumulator(call);
    case AggregateKind::kAnyValue:
    case AggregateKind::kBoolAnd:
    case AggregateKind::kBoolOr:
    case AggregateKind::kArgMin:
    case AggregateKind::kArgMax:
    case AggregateKind::kStringAgg:
      break;  // Others by now.
  }
  TW_CHECK(false);
}

bool is_mergeable(const AggregateCall& call) {
  if (call.distinct) {
    return false;
  }
  switch (call.kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      return true;
    default:
      return is_extreme(call.kind) && has_plain_order(call.type.kind);
  }
}

bool can_combine(const AggregateCall& call) {
  switch (call.kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
    case AggregateKind::kMin:
    case AggregateKind::kMax:
      return is_mergeable(call);
    default:
      return false;
  }
}

bool can_subtract(const AggregateCall& call) {
  switch (call.kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
      return true;
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      return !is_floating(call.args[0]->type.kind);
    default:
      return false;
  }
}

std::vector<Type> partial_types(const AggregateCall& call) {
  if (call.kind == AggregateKind::kSum || call.kind == AggregateKind::kAvg) {
    return sum_partial_types(call.args[0]->type);
  }
  return {is_extreme(call.kind) ? call.type : type_of(TypeKind::kBigint)};
}

}  // namespace thalweg
