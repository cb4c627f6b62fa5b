#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "commands.h"
#include "interrupt.h"
#include "json_text.h"
#include "kafka_command.h"
#include "terminal.h"
#include "thalweg/kafka/consumer.h"

namespace thalweg::cli {
namespace {

int list(kafka::Admin& admin, bool json) {
  const auto topics = admin.list_topics();
  if (!topics) {
    return kafka_failed(topics.error());
  }
  std::size_t width = 0;
  for (const kafka::TopicListing& topic : *topics) {
    width = std::max(width, topic.name.size());
  }
  for (const kafka::TopicListing& topic : *topics) {
    if (json) {
      fmt::print("{{\"name\":{},\"partitions\":{}}}\n", json_text(topic.name), topic.partitions);
    } else {
      fmt::print("{:<{}}  {} partition{}\n", topic.name, width, topic.partitions,
                 topic.partitions == 1 ? "" : "s");
    }
  }
  return kExitOk;
}

void show_json(const kafka::TopicDescription& topic) {
  std::string partitions;
  for (const kafka::PartitionDescription& each : topic.partitions) {
    partitions += fmt::format(
        "{}{{\"partition\":{},\"leader\":{},\"replicas\":[{}],\"in_sync\":[{}],\"begin\":{},"
        "\"end\":{}}}",
        partitions.empty() ? "" : ",", each.partition, each.leader, fmt::join(each.replicas, ","),
        fmt::join(each.in_sync, ","), each.begin, each.end);
  }
  std::string settings;
  for (const auto& [name, value] : topic.settings) {
    settings +=
        fmt::format("{}{}:{}", settings.empty() ? "" : ",", json_text(name), json_text(value));
  }
  fmt::print("{{\"name\":{},\"partitions\":[{}],\"settings\":{{{}}}}}\n", json_text(topic.name),
             partitions, settings);
}

int show(kafka::Admin& admin, const std::string& name, bool json) {
  const auto topic = admin.describe_topic(name);
  if (!topic) {
    return kafka_failed(topic.error());
  }
  if (json) {
    show_json(*topic);
    return kExitOk;
  }
  fmt::print("partition       begin         end  leader  in sync\n");
  for (const kafka::PartitionDescription& each : topic->partitions) {
    fmt::print("{:>9}  {:>10}  {:>10}  {:>6}  {} of {}\n", each.partition, each.begin, each.end,
               each.leader, each.in_sync.size(), each.replicas.size());
  }
  for (const auto& [setting, value] : topic->settings) {
    fmt::print("{} = {}\n", setting, value);
  }
  return kExitOk;
}

std::string text_of(std::optional<std::string_view> bytes) {
  return bytes ? shown_bytes(*bytes) : "(null)";
}
std::string json_of(std::optional<std::string_view> bytes) {
  return bytes ? json_text(*bytes) : "null";
}

void print_record(const kafka::Record& record, bool json) {
  const std::string time = record.time ? human_time(record.time->micros) : "";
  if (json) {
    fmt::print("{{\"partition\":{},\"offset\":{},\"time\":{},\"key\":{},\"value\":{}}}\n",
               record.partition, record.offset, json_text(time), json_of(record.key),
               json_of(record.value));
  } else {
    fmt::print("{}\t{}\t{}\t{}\t{}\n", record.partition, record.offset, time, text_of(record.key),
               text_of(record.value));
  }
}

// Until Ctrl-C, which is how it ends well.
int tail(kafka::Admin& admin, const CommandLine& line, const std::string& name) {
  const auto topic = admin.describe_topic(name);
  if (!topic) {
    return kafka_failed(topic.error());
  }
  kafka::ConsumerOptions options{.connection = kafka_connection(line),
                                 .start = kafka::Start::latest()};
  for (const kafka::PartitionDescription& each : topic->partitions) {
    options.partitions.push_back({.topic = name, .partition = each.partition});
  }
  auto consumer = kafka::Consumer::open(std::move(options));
  if (!consumer) {
    return kafka_failed(consumer.error());
  }
  if (!line.json) {
    fmt::print("partition\toffset\ttime\tkey\tvalue\n");
  }
  const InterruptGuard guard;
  while (std::fflush(stdout) == 0 && !is_interrupted()) {
    const auto batch = consumer->poll();
    if (!batch) {
      return kafka_failed(batch.error());
    }
    for (const kafka::Record record : *batch) {
      print_record(record, line.json);
    }
  }
  return kExitOk;
}

}  // namespace

int run_topics(const CommandLine& line) {
  auto admin = kafka::Admin::open({.connection = kafka_connection(line)});
  if (!admin) {
    return kafka_failed(admin.error());
  }
  const std::string what = line.arguments.empty() ? "list" : line.arguments[0];
  if (what == "list") {
    return list(*admin, line.json);
  }
  const std::string& name = line.arguments[1];
  return what == "show" ? show(*admin, name, line.json) : tail(*admin, line, name);
}

}  // namespace thalweg::cli
