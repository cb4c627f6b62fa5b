#pragma once

#include <string>

#include "connectors/connector.h"

namespace thalweg {

// The table that a bare 'x.jsonl', 'x.csv' or 'logs/*.jsonl' in a query stands for, or standard
// input ("stdin"): its format told by the name or the first bytes, its columns by the first 1,000
// rows. Of several files the first is looked at.
Result<TablePtr> infer_table(World& world, const std::string& path);

}  // namespace thalweg
