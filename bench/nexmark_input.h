#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "columnar/batch.h"
#include "connectors/nexmark_generator.h"

namespace thalweg::bench {

// The same events for every benchmark, in order, at a million a second of event time.
class NexmarkInput {
 public:
  explicit NexmarkInput(std::uint64_t events) : events_(events) {}

  std::uint64_t events() const { return events_; }

  // auction, bidder, price, dateTime: made when first asked for.
  const Batch& bids();

  // These attributes of the first `events` events of one kind.
  static Batch make(nexmark::Entity entity, const std::vector<std::string_view>& attributes,
                    std::uint64_t events);

 private:
  const std::uint64_t events_;
  std::optional<Batch> bids_;
};

// The table for bids(); the watermark stays 4 seconds behind.
inline constexpr std::string_view kBidTable = R"(
    CREATE TABLE bid (
      auction BIGINT NOT NULL, bidder BIGINT NOT NULL, price BIGINT NOT NULL,
      "dateTime" TIMESTAMP NOT NULL,
      WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds');)";

// The values of one column of whole numbers or times (microseconds).
inline const std::int64_t* int64s(const Batch& batch, std::size_t column) {
  return batch.columns[column].values<std::int64_t>().data();
}

}  // namespace thalweg::bench
