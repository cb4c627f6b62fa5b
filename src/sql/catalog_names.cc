#include "sql/catalog_names.h"

#include <algorithm>
#include <utility>

#include "plan/build.h"

namespace thalweg::sql {

std::string fold_name(std::string_view name) {
  std::string folded(name);
  std::transform(folded.begin(), folded.end(), folded.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return folded;
}

plan::NodePtr Catalog::Names::scan_of(const TablePtr& table) {
  plan::NodePtr& scan = scans[table.get()];
  if (scan == nullptr) {
    scan = plan::make_scan(table);
  }
  return scan;
}

Catalog::Catalog(ConnectorCatalog connectors, InferFile infer_file)
    : names_(std::make_unique<Names>()) {
  names_->connectors = std::move(connectors);
  names_->infer_file = std::move(infer_file);
}

Catalog::~Catalog() = default;

void Catalog::begin_script() { names_->failed.clear(); }

std::unique_ptr<Catalog> Catalog::copy() const {
  auto same = std::make_unique<Catalog>(names_->connectors, names_->infer_file);
  *same->names_ = *names_;
  return same;
}

const ConnectorCatalog& Catalog::connectors() const { return names_->connectors; }

void Catalog::add_table(TablePtr table) {
  std::string key = fold_name(table->name);
  names_->tables[std::move(key)] = std::move(table);
}

TablePtr Catalog::find_table(std::string_view name) const {
  auto found = names_->tables.find(std::string(name));
  if (found == names_->tables.end()) {
    found = names_->tables.find(fold_name(name));
  }
  return found == names_->tables.end() ? nullptr : found->second;
}

}  // namespace thalweg::sql
