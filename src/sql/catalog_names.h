#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "sql/binder.h"

namespace thalweg::sql {

struct View {
  std::string name;
  plan::NodePtr node;  // Its columns have the view's names.
};

// Everything a name in a statement can mean.
struct Catalog::Names {
  ConnectorCatalog connectors;
  InferFile infer_file;
  std::map<std::string, TablePtr> tables;  // By folded name, as the following.
  std::map<std::string, View> views;
  // Declarations of this script in error: what lacks them is no error of its own.
  std::set<std::string> failed;
  // What bare paths and stdin stand for, by path. Standard input can be looked at only once.
  std::map<std::string, TablePtr> files;
  // The one scan of each table that all plans share.
  std::map<const Table*, plan::NodePtr> scans;
  std::string time_zone = "UTC";  // SET time_zone.
  // How many SELECTs that show their rows there are so far.
  int selects = 0;
  std::int64_t ttl_micros = 0;  // SET ttl; 0: state is kept for ever.
  // How many operators of a kind stand under a name so far, by "name/kind".
  std::map<std::string, int> operators;

  plan::NodePtr scan_of(const TablePtr& table);
};

// As SQL folds a name without quotes: ASCII letters to lower case.
std::string fold_name(std::string_view name);

}  // namespace thalweg::sql
