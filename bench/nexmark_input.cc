#include "nexmark_input.h"

#include <algorithm>

#include "columnar/builder.h"

namespace thalweg::bench {
namespace {

constexpr std::uint64_t kEventsPerSecond = 1'000'000;
constexpr std::int64_t kBaseMillis = 1'436'918'400'000;  // 2015-07-15 00:00:00.

}  // namespace

const Batch& NexmarkInput::bids() {
  if (!bids_) {
    bids_ = make(nexmark::Entity::kBid, {"auction", "bidder", "price", "dateTime"}, events_);
  }
  return *bids_;
}

Batch NexmarkInput::make(nexmark::Entity entity, const std::vector<std::string_view>& attributes,
                         std::uint64_t events) {
  const nexmark::Generator generator({.rate = kEventsPerSecond, .base_millis = kBaseMillis});
  const std::span<const nexmark::Attribute> known = nexmark::attributes(entity);
  std::vector<const nexmark::Attribute*> wanted;
  std::vector<ColumnBuilder> builders;
  for (const std::string_view name : attributes) {
    wanted.push_back(&*std::find_if(known.begin(), known.end(),
                                    [name](const auto& each) { return each.name == name; }));
    builders.emplace_back(type_of(wanted.back()->type), static_cast<std::uint32_t>(events));
  }
  for (std::uint64_t index = 0; index < events; ++index) {
    const nexmark::Event event = generator.event(index);
    if (event.entity == entity) {
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        wanted[i]->append(generator, event, builders[i]);
      }
    }
  }
  Batch batch;
  for (ColumnBuilder& builder : builders) {
    batch.length = builder.length();
    batch.columns.push_back(builder.finish());
  }
  return batch;
}

}  // namespace thalweg::bench
