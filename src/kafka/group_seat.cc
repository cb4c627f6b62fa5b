#include "kafka/group_seat.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "kafka/client_config.h"
#include "kafka/error_mapping.h"
#include "kafka/partition_list.h"

namespace thalweg::kafka {
namespace {

// How long the place of a host that has died stays taken.
constexpr const char* kSessionMillis = "10000";
constexpr const char* kPollIntervalMillis = "86400000";  // Polling shows nothing of the job.
constexpr int kPollMillis = 100;

// Whatever partitions it is given, it reads none.
void rebalanced(rd_kafka_t* client, rd_kafka_resp_err_t code,
                rd_kafka_topic_partition_list_t* /*partitions*/, void* /*opaque*/) {
  const PartitionList none = new_partition_list();
  rd_kafka_assign(client, code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? none.get() : nullptr);
}

}  // namespace

Expected<std::unique_ptr<GroupSeat>> GroupSeat::take(Env& env, const SeatOptions& options) {
  Expected<ConfPtr> conf = make_conf(env, options.connection, Side::kConsumer,
                                     {{"group.id", options.group},
                                      {"group.instance.id", options.instance_id},
                                      {"session.timeout.ms", kSessionMillis},
                                      {"max.poll.interval.ms", kPollIntervalMillis},
                                      {"enable.auto.commit", "false"}});
  if (!conf) {
    return conf.error();
  }
  rd_kafka_conf_set_rebalance_cb(conf->get(), &rebalanced);
  Expected<std::unique_ptr<Client>> client = Client::make(
      RD_KAFKA_CONSUMER, std::move(*conf), std::make_unique<ClientEvents>(env, options.connection));
  if (!client) {
    return client.error();
  }
  std::unique_ptr<GroupSeat> seat(new GroupSeat(std::move(*client)));
  rd_kafka_t* const handle = seat->client_->get();
  rd_kafka_poll_set_consumer(handle);
  const PartitionList topics = new_partition_list();
  rd_kafka_topic_partition_list_add(topics.get(), options.topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (Error error = error_of(rd_kafka_subscribe(handle, topics.get()),
                             fmt::format("cannot join group \"{}\"", options.group))) {
    return error;
  }
  seat->thread_ =
      std::jthread([core = seat.get()](const std::stop_token& stop) { core->stay(stop); });
  return seat;
}

GroupSeat::~GroupSeat() {
  thread_.request_stop();
  if (thread_.joinable()) {
    thread_.join();
  }
}

// What goes wrong but that another has the place passes, or is told by those who do the work.
void GroupSeat::stay(const std::stop_token& stop) {
  while (!stop.stop_requested() && !is_lost()) {
    if (rd_kafka_message_t* const message = rd_kafka_consumer_poll(client_->get(), kPollMillis)) {
      rd_kafka_message_destroy(message);
    }
    std::array<char, 256> why{};
    is_lost_ = rd_kafka_fatal_error(client_->get(), why.data(), why.size()) ==
               RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
  }
}

}  // namespace thalweg::kafka
