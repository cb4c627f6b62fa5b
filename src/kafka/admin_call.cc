#include <fmt/format.h>

#include <array>

#include "kafka/admin_impl.h"
#include "kafka/error_mapping.h"
#include "kafka/partition_list.h"

namespace thalweg::kafka {
namespace {

struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct OptionsDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};
struct GroupOffsetsDeleter {
  void operator()(rd_kafka_ListConsumerGroupOffsets_t* request) const {
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
  }
};

}  // namespace

Expected<EventPtr> admin_call(
    const Client& client, rd_kafka_admin_op_t operation, std::chrono::milliseconds timeout,
    std::string_view doing,
    const std::function<void(const rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>& ask) {
  const std::int64_t since = client.events().env().steady_nanos();
  const std::unique_ptr<rd_kafka_queue_t, QueueDeleter> queue(rd_kafka_queue_new(client.get()));
  const std::unique_ptr<rd_kafka_AdminOptions_t, OptionsDeleter> options(
      rd_kafka_AdminOptions_new(client.get(), operation));
  std::array<char, 256> why{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_of(timeout), why.data(),
                                            why.size());
  if (operation == RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS) {
    if (Error error =
            error_of(rd_kafka_AdminOptions_set_require_stable_offsets(options.get(), 1), doing)) {
      return error;
    }
  }
  const auto ask_once = [&] {
    ask(options.get(), queue.get());
    // librdkafka answers when the request's time is over. Callbacks wait in the main queue
    // meanwhile.
    EventPtr event;
    while (event == nullptr) {
      rd_kafka_poll(client.get(), 0);
      event.reset(rd_kafka_queue_poll(queue.get(), 100));
    }
    return event;
  };
  const auto error_in = [&](const EventPtr& event) {
    return error_of(rd_kafka_event_error(event.get()), doing,
                    rd_kafka_event_error_string(event.get()));
  };
  EventPtr event = ask_while_passing(client, timeout, ask_once, [&](const EventPtr& answer) {
    return is_about_coordinator(error_in(answer));
  });
  if (Error error = error_in(event)) {
    rd_kafka_poll(client.get(), 0);
    return client.explained(std::move(error), since);
  }
  return event;
}

namespace {

// A client that belongs to the group, though it never joins it. Where a group's coordinator has
// moved, librdkafka 2.0.2 looks for the coordinator of the client's own group, and crashes if the
// client has none, as a producer.
Expected<std::unique_ptr<Client>> client_of_group(const ClientEvents& events,
                                                  const std::string& group) {
  const Connection connection = for_side(events.connection(), Side::kConsumer);
  Expected<ConfPtr> conf =
      make_conf(events.env(), connection, Side::kConsumer, {{"group.id", group}});
  if (!conf) {
    return conf.error();
  }
  return Client::make(RD_KAFKA_CONSUMER, std::move(*conf),
                      std::make_unique<ClientEvents>(events.env(), connection));
}

Expected<std::vector<PartitionOffset>> ask_offsets(const Client& client, const std::string& group,
                                                   const std::vector<TopicPartition>& partitions,
                                                   std::chrono::milliseconds timeout) {
  const std::string doing = fmt::format("cannot read the offsets of group \"{}\"", group);
  const PartitionList asked = partitions.empty() ? nullptr : to_list(partitions);
  const std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, GroupOffsetsDeleter> request(
      rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), asked.get()));
  Expected<EventPtr> event =
      admin_call(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeout, doing,
                 [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                   rd_kafka_ListConsumerGroupOffsets_t* requests[] = {request.get()};
                   rd_kafka_ListConsumerGroupOffsets(client.get(), &requests[0], 1, options, queue);
                 });
  if (!event) {
    return event.error();
  }
  std::size_t count = 0;
  const rd_kafka_group_result_t** const groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
  std::vector<PartitionOffset> offsets;
  for (std::size_t i = 0; i < count; ++i) {
    if (const rd_kafka_error_t* const error = rd_kafka_group_result_error(groups[i])) {
      return error_of(rd_kafka_error_code(error), doing, rd_kafka_error_string(error));
    }
    const rd_kafka_topic_partition_list_t* const list = rd_kafka_group_result_partitions(groups[i]);
    for (int each = 0; each < list->cnt; ++each) {
      if (Error error = error_of(list->elems[each].err, doing)) {
        return error;
      }
    }
    offsets = offsets_of(*list);
  }
  return offsets;
}

}  // namespace

Expected<std::vector<PartitionOffset>> committed_offsets(
    const Client& client, const std::string& group, const std::vector<TopicPartition>& partitions,
    std::chrono::milliseconds timeout) {
  const Expected<std::unique_ptr<Client>> of_group = client_of_group(client.events(), group);
  if (!of_group) {
    return of_group.error();
  }
  // A transaction is open, or not ended in all places yet; or the coordinator has just begun.
  return ask_while_passing(
      client, timeout, [&] { return ask_offsets(**of_group, group, partitions, timeout); },
      [](const auto& found) { return !found && found.error().kind() == ErrorKind::kRetriable; });
}

}  // namespace thalweg::kafka
