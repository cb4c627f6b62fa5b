#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>
#include <utility>

#include "base/nearest.h"
#include "env/env.h"
#include "kafka/admin_impl.h"
#include "kafka/error_mapping.h"
#include "kafka/partition_list.h"

namespace thalweg::kafka {
namespace {

struct NewTopicDeleter {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
};
struct DeleteTopicDeleter {
  void operator()(rd_kafka_DeleteTopic_t* topic) const { rd_kafka_DeleteTopic_destroy(topic); }
};
struct ConfigResourceDeleter {
  void operator()(rd_kafka_ConfigResource_t* resource) const {
    rd_kafka_ConfigResource_destroy(resource);
  }
};
struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using MetadataPtr = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

// Of all topics: asking for one by name could create it.
Expected<MetadataPtr> metadata_of(const Client& client, std::chrono::milliseconds timeout,
                                  std::string_view doing) {
  const std::int64_t since = client.events().env().steady_nanos();
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(client.get(), 1, nullptr, &metadata, timeout_of(timeout));
  if (Error error = error_of(code, doing)) {
    rd_kafka_poll(client.get(), 0);  // For what is wrong with the connections.
    return client.explained(std::move(error), since);
  }
  return MetadataPtr(metadata);
}

// What brokers say of each of the topics that a request names, of which there is one.
Error first_error(const rd_kafka_topic_result_t** topics, std::size_t count,
                  std::string_view doing) {
  for (std::size_t i = 0; i < count; ++i) {
    const char* const text = rd_kafka_topic_result_error_string(topics[i]);
    if (Error error =
            error_of(rd_kafka_topic_result_error(topics[i]), doing, text == nullptr ? "" : text)) {
      return error;
    }
  }
  return {};
}

PartitionDescription describe(const rd_kafka_metadata_partition_t& partition) {
  return {.partition = partition.id,
          .leader = partition.leader,
          .replicas = {partition.replicas, partition.replicas + partition.replica_cnt},
          .in_sync = {partition.isrs, partition.isrs + partition.isr_cnt}};
}

Error no_topic(const std::string& name, const rd_kafka_metadata_t& metadata) {
  std::vector<std::string> names;
  for (int i = 0; i < metadata.topic_cnt; ++i) {
    names.emplace_back(metadata.topics[i].topic);
  }
  const std::optional<std::string> near = nearest_name(name, names);
  return {ErrorKind::kConfiguration, "UNKNOWN_TOPIC_OR_PART",
          fmt::format("there is no topic \"{}\"{}", name,
                      near ? fmt::format("; did you mean \"{}\"?", *near)
                           : "; create it first (`thalweg topics list` shows what there is)")};
}

Expected<const rd_kafka_metadata_topic_t*> find_topic(const rd_kafka_metadata_t& metadata,
                                                      const std::string& name,
                                                      std::string_view doing) {
  const rd_kafka_metadata_topic_t* const end = metadata.topics + metadata.topic_cnt;
  const rd_kafka_metadata_topic_t* const found =
      std::find_if(metadata.topics, metadata.topics + metadata.topic_cnt,
                   [&](const rd_kafka_metadata_topic_t& topic) { return topic.topic == name; });
  if (found == end) {
    return no_topic(name, metadata);
  }
  if (Error error = error_of(found->err, doing)) {
    return error;
  }
  return found;
}

}  // namespace

Expected<std::int32_t> partition_count_of(const Client& client, const std::string& topic,
                                          std::chrono::milliseconds timeout) {
  const std::string doing = fmt::format("cannot count the partitions of topic \"{}\"", topic);
  const Expected<MetadataPtr> metadata = metadata_of(client, timeout, doing);
  if (!metadata) {
    return metadata.error();
  }
  const Expected<const rd_kafka_metadata_topic_t*> found = find_topic(**metadata, topic, doing);
  if (!found) {
    return found.error();
  }
  return (*found)->partition_cnt;
}

Admin::Admin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Admin::Admin(Admin&& other) noexcept = default;
Admin& Admin::operator=(Admin&& other) noexcept = default;
Admin::~Admin() = default;

Expected<Admin> Admin::open(AdminOptions options) {
  Env& env = system_env();
  Expected<ConfPtr> conf =
      make_conf(env, options.connection, Side::kBoth, {{"isolation.level", "read_uncommitted"}});
  if (!conf) {
    return conf.error();
  }
  Expected<std::unique_ptr<Client>> client = Client::make(
      RD_KAFKA_PRODUCER, std::move(*conf), std::make_unique<ClientEvents>(env, options.connection));
  if (!client) {
    return client.error();
  }
  return Admin(std::make_unique<Impl>(std::move(options), std::move(*client)));
}

Error Admin::create_topic(const NewTopic& topic) {
  const std::string doing = fmt::format("cannot create topic \"{}\"", topic.name);
  std::array<char, 512> why{};
  const std::unique_ptr<rd_kafka_NewTopic_t, NewTopicDeleter> request(rd_kafka_NewTopic_new(
      topic.name.c_str(), topic.partitions, topic.replicas, why.data(), why.size()));
  if (request == nullptr) {
    return error_of(RD_KAFKA_RESP_ERR__INVALID_ARG, doing, why.data());
  }
  for (const auto& [name, value] : topic.settings) {
    if (Error error = error_of(
            rd_kafka_NewTopic_set_config(request.get(), name.c_str(), value.c_str()), doing)) {
      return error;
    }
  }
  const Expected<EventPtr> event =
      impl_->call(RD_KAFKA_ADMIN_OP_CREATETOPICS, doing,
                  [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                    rd_kafka_NewTopic_t* topics[] = {request.get()};
                    rd_kafka_CreateTopics(impl_->client->get(), &topics[0], 1, options, queue);
                  });
  if (!event) {
    return event.error();
  }
  std::size_t count = 0;
  const rd_kafka_topic_result_t** const results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  return first_error(results, count, doing);
}

Error Admin::delete_topic(const std::string& name) {
  const std::string doing = fmt::format("cannot delete topic \"{}\"", name);
  const std::unique_ptr<rd_kafka_DeleteTopic_t, DeleteTopicDeleter> request(
      rd_kafka_DeleteTopic_new(name.c_str()));
  const Expected<EventPtr> event =
      impl_->call(RD_KAFKA_ADMIN_OP_DELETETOPICS, doing,
                  [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                    rd_kafka_DeleteTopic_t* topics[] = {request.get()};
                    rd_kafka_DeleteTopics(impl_->client->get(), &topics[0], 1, options, queue);
                  });
  if (!event) {
    return event.error();
  }
  std::size_t count = 0;
  const rd_kafka_topic_result_t** const results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event->get()), &count);
  return first_error(results, count, doing);
}

Expected<std::vector<TopicListing>> Admin::list_topics() {
  const Expected<MetadataPtr> metadata =
      metadata_of(*impl_->client, impl_->options.timeout, "cannot list topics");
  if (!metadata) {
    return metadata.error();
  }
  std::vector<TopicListing> topics;
  for (int i = 0; i < (*metadata)->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = (*metadata)->topics[i];
    if (!std::string_view(topic.topic).starts_with("__")) {
      topics.push_back({.name = topic.topic, .partitions = topic.partition_cnt});
    }
  }
  std::sort(topics.begin(), topics.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return topics;
}

namespace {

std::uint64_t parse_bytes(std::string_view text) {
  std::uint64_t bytes = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return parsed.ec == std::errc() ? bytes : 0;
}

// The settings that somebody has given the topic, and how large its records may be.
Error read_settings(const Client& client, std::chrono::milliseconds timeout,
                    TopicDescription& topic) {
  const std::string doing = fmt::format("cannot read the settings of topic \"{}\"", topic.name);
  const std::unique_ptr<rd_kafka_ConfigResource_t, ConfigResourceDeleter> resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.name.c_str()));
  const Expected<EventPtr> event =
      admin_call(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout, doing,
                 [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                   rd_kafka_ConfigResource_t* resources[] = {resource.get()};
                   rd_kafka_DescribeConfigs(client.get(), &resources[0], 1, options, queue);
                 });
  if (!event) {
    return event.error();
  }
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** const results = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (Error error = error_of(rd_kafka_ConfigResource_error(results[i]), doing)) {
      return error;
    }
    std::size_t entries = 0;
    const rd_kafka_ConfigEntry_t** const settings =
        rd_kafka_ConfigResource_configs(results[i], &entries);
    for (std::size_t each = 0; each < entries; ++each) {
      const char* const value = rd_kafka_ConfigEntry_value(settings[each]);
      if (value != nullptr &&
          std::string_view(rd_kafka_ConfigEntry_name(settings[each])) == "max.message.bytes") {
        topic.message_bytes_max = parse_bytes(value);
      }
      if (rd_kafka_ConfigEntry_source(settings[each]) ==
              RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG &&
          value != nullptr) {
        topic.settings[rd_kafka_ConfigEntry_name(settings[each])] = value;
      }
    }
  }
  return {};
}

// A partition that was just created may have no leader yet.
Error read_ends(const Client& client, std::chrono::milliseconds timeout, TopicDescription& topic) {
  constexpr std::chrono::milliseconds kPause{50};
  Env& env = client.events().env();
  const std::int64_t until = env.steady_nanos() + timeout.count() * 1'000'000;
  for (PartitionDescription& partition : topic.partitions) {
    while (true) {
      const Error error = error_of(
          rd_kafka_query_watermark_offsets(client.get(), topic.name.c_str(), partition.partition,
                                           &partition.begin, &partition.end, timeout_of(timeout)),
          fmt::format("cannot read the ends of {}", name_of(topic.name, partition.partition)));
      if (!error) {
        break;
      }
      if (error.kind() != ErrorKind::kRetriable || env.steady_nanos() >= until) {
        return error;
      }
      std::this_thread::sleep_for(kPause);
    }
  }
  return {};
}

}  // namespace

Expected<TopicDescription> Admin::describe_topic(const std::string& name) {
  const std::string doing = fmt::format("cannot describe topic \"{}\"", name);
  const Expected<MetadataPtr> metadata = metadata_of(*impl_->client, impl_->options.timeout, doing);
  if (!metadata) {
    return metadata.error();
  }
  const Expected<const rd_kafka_metadata_topic_t*> found = find_topic(**metadata, name, doing);
  if (!found) {
    return found.error();
  }
  TopicDescription topic{.name = name};
  for (int i = 0; i < (*found)->partition_cnt; ++i) {
    topic.partitions.push_back(describe((*found)->partitions[i]));
  }
  if (Error error = read_ends(*impl_->client, impl_->options.timeout, topic)) {
    return error;
  }
  if (Error error = read_settings(*impl_->client, impl_->options.timeout, topic)) {
    return error;
  }
  return topic;
}

}  // namespace thalweg::kafka
