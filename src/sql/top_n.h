#pragma once

#include <string>

#include "sql/bind_query.h"

namespace thalweg::sql {

// When the first rows of each key come out: as EMIT says, else by the input and the order.
plan::TopNEmit choose_top_n_emit(const BindContext& context, const plan::Node& input,
                                 const plan::TopN& top);

// The step, its emission chosen, under an id of its own; warns where it keeps keys for ever.
plan::NodePtr make_top_n(BindContext& context, plan::NodePtr input, plan::TopN top,
                         const std::string& rank_name, Span span);

}  // namespace thalweg::sql
