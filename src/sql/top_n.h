#pragma once

#include <string>

#include "sql/bind_query.h"

namespace thalweg::sql {

// The step, its emission chosen, under an id of its own; warns where it keeps keys for ever.
plan::NodePtr make_top_n(BindContext& context, plan::NodePtr input, plan::TopN top,
                         const std::string& rank_name, Span span);

}  // namespace thalweg::sql
