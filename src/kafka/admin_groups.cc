#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "kafka/admin_impl.h"
#include "kafka/error_mapping.h"
#include "kafka/partition_list.h"

namespace thalweg::kafka {
namespace {

struct DeleteGroupDeleter {
  void operator()(rd_kafka_DeleteGroup_t* group) const { rd_kafka_DeleteGroup_destroy(group); }
};

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

GroupMember describe(const rd_kafka_MemberDescription_t* member) {
  GroupMember found{.client_id = text_of(rd_kafka_MemberDescription_client_id(member)),
                    .host = text_of(rd_kafka_MemberDescription_host(member)),
                    .member_id = text_of(rd_kafka_MemberDescription_consumer_id(member)),
                    .instance_id = text_of(rd_kafka_MemberDescription_group_instance_id(member))};
  const rd_kafka_MemberAssignment_t* const assignment =
      rd_kafka_MemberDescription_assignment(member);
  if (assignment != nullptr) {
    if (const auto* const list = rd_kafka_MemberAssignment_partitions(assignment)) {
      found.partitions = partitions_of(*list);
    }
  }
  return found;
}

}  // namespace

Expected<std::vector<GroupListing>> Admin::list_groups() {
  constexpr std::string_view kDoing = "cannot list groups";
  const Expected<EventPtr> event =
      impl_->call(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, kDoing,
                  [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                    rd_kafka_ListConsumerGroups(impl_->client->get(), options, queue);
                  });
  if (!event) {
    return event.error();
  }
  const rd_kafka_ListConsumerGroups_result_t* const result =
      rd_kafka_event_ListConsumerGroups_result(event->get());
  std::size_t count = 0;
  const rd_kafka_error_t** const errors = rd_kafka_ListConsumerGroups_result_errors(result, &count);
  if (count > 0) {
    return error_of(rd_kafka_error_code(errors[0]), kDoing, rd_kafka_error_string(errors[0]));
  }
  const rd_kafka_ConsumerGroupListing_t** const listings =
      rd_kafka_ListConsumerGroups_result_valid(result, &count);
  std::vector<GroupListing> groups;
  for (std::size_t i = 0; i < count; ++i) {
    groups.push_back({.group = rd_kafka_ConsumerGroupListing_group_id(listings[i]),
                      .state = rd_kafka_consumer_group_state_name(
                          rd_kafka_ConsumerGroupListing_state(listings[i]))});
  }
  std::sort(groups.begin(), groups.end(),
            [](const auto& a, const auto& b) { return a.group < b.group; });
  return groups;
}

Expected<GroupDescription> Admin::Impl::describe_group(const std::string& group) const {
  const std::string doing = fmt::format("cannot describe group \"{}\"", group);
  const std::int64_t since = client->events().env().steady_nanos();
  const Expected<EventPtr> event =
      call(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, doing,
           [&](const rd_kafka_AdminOptions_t* given, rd_kafka_queue_t* queue) {
             const char* groups[] = {group.c_str()};
             rd_kafka_DescribeConsumerGroups(client->get(), &groups[0], 1, given, queue);
           });
  if (!event) {
    return event.error();
  }
  std::size_t count = 0;
  const rd_kafka_ConsumerGroupDescription_t** const groups =
      rd_kafka_DescribeConsumerGroups_result_groups(
          rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
  GroupDescription description{.group = group};
  for (std::size_t i = 0; i < count; ++i) {
    if (const rd_kafka_error_t* const error = rd_kafka_ConsumerGroupDescription_error(groups[i])) {
      if (Error problem =
              error_of(rd_kafka_error_code(error), doing, rd_kafka_error_string(error))) {
        return client->explained(std::move(problem), since);
      }
    }
    description.state =
        rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(groups[i]));
    description.assignor = text_of(rd_kafka_ConsumerGroupDescription_partition_assignor(groups[i]));
    const std::size_t members = rd_kafka_ConsumerGroupDescription_member_count(groups[i]);
    for (std::size_t member = 0; member < members; ++member) {
      description.members.push_back(
          describe(rd_kafka_ConsumerGroupDescription_member(groups[i], member)));
    }
  }
  return description;
}

Expected<GroupDescription> Admin::describe_group(const std::string& group) {
  return ask_while_passing(
      *impl_->client, impl_->options.timeout, [&] { return impl_->describe_group(group); },
      [](const auto& found) { return !found && found.error().kind() == ErrorKind::kRetriable; });
}

Expected<std::vector<GroupOffset>> Admin::group_offsets(const std::string& group) {
  const Expected<std::vector<PartitionOffset>> committed =
      committed_offsets(*impl_->client, group, {}, impl_->options.timeout);
  if (!committed) {
    return committed.error();
  }
  std::vector<GroupOffset> offsets;
  for (const PartitionOffset& each : *committed) {
    if (each.offset < 0) {
      continue;
    }
    std::int64_t begin = 0;
    std::int64_t end = -1;
    const rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(impl_->client->get(), each.topic.c_str(), each.partition,
                                         &begin, &end, timeout_of(impl_->options.timeout));
    const bool is_gone = kind_of(code) == ErrorKind::kConfiguration;
    if (Error error = error_of(
            code, fmt::format("cannot read the end of {}", name_of(each.topic, each.partition)));
        error && !is_gone) {
      return error;
    }
    offsets.push_back({.topic = each.topic,
                       .partition = each.partition,
                       .committed = each.offset,
                       .end = is_gone ? -1 : end,
                       .metadata = each.metadata});
  }
  std::sort(offsets.begin(), offsets.end(), [](const auto& a, const auto& b) {
    return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
  });
  return offsets;
}

Error Admin::Impl::delete_group(const std::string& group) const {
  const std::string doing = fmt::format("cannot delete group \"{}\"", group);
  const std::unique_ptr<rd_kafka_DeleteGroup_t, DeleteGroupDeleter> request(
      rd_kafka_DeleteGroup_new(group.c_str()));
  const Expected<EventPtr> event =
      call(RD_KAFKA_ADMIN_OP_DELETEGROUPS, doing,
           [&](const rd_kafka_AdminOptions_t* given, rd_kafka_queue_t* queue) {
             rd_kafka_DeleteGroup_t* groups[] = {request.get()};
             rd_kafka_DeleteGroups(client->get(), &groups[0], 1, given, queue);
           });
  if (!event) {
    return event.error();
  }
  std::size_t count = 0;
  const rd_kafka_group_result_t** const results =
      rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const rd_kafka_error_t* const error = rd_kafka_group_result_error(results[i])) {
      return error_of(rd_kafka_error_code(error), doing, rd_kafka_error_string(error));
    }
  }
  return {};
}

Error Admin::delete_group(const std::string& group) {
  return ask_while_passing(
      *impl_->client, impl_->options.timeout, [&] { return impl_->delete_group(group); },
      is_about_coordinator);
}

}  // namespace thalweg::kafka
