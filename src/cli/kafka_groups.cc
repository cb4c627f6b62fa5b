#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "commands.h"
#include "json_text.h"
#include "kafka_command.h"

namespace thalweg::cli {
namespace {

int list(kafka::Admin& admin, bool json) {
  const auto groups = admin.list_groups();
  if (!groups) {
    return kafka_failed(groups.error());
  }
  for (const kafka::GroupListing& each : *groups) {
    if (json) {
      fmt::print("{{\"group\":{},\"state\":{}}}\n", json_text(each.group), json_text(each.state));
    } else {
      fmt::print("{}  {}\n", each.group, each.state);
    }
  }
  return kExitOk;
}

// Who reads the partition.
std::string member_of(const kafka::GroupDescription& group, const kafka::GroupOffset& offset) {
  for (const kafka::GroupMember& member : group.members) {
    for (const kafka::TopicPartition& each : member.partitions) {
      if (each.topic == offset.topic && each.partition == offset.partition) {
        return fmt::format("{}{}", member.client_id, member.host);
      }
    }
  }
  return "";
}

// Brokers describe groups that there are not.
bool is_listed(kafka::Admin& admin, const std::string& name) {
  const auto groups = admin.list_groups();
  return !groups || std::ranges::any_of(*groups, [&](const kafka::GroupListing& each) {
    return each.group == name;
  });
}

int show(kafka::Admin& admin, const std::string& name, bool json) {
  const auto group = admin.describe_group(name);
  if (!group) {
    return kafka_failed(group.error());
  }
  const auto offsets = admin.group_offsets(name);
  if (!offsets) {
    return kafka_failed(offsets.error());
  }
  if (offsets->empty() && group->members.empty() && !is_listed(admin, name)) {
    return kafka_failed(
        {kafka::ErrorKind::kConfiguration, "GROUP_ID_NOT_FOUND",
         fmt::format("there is no group \"{}\"; `thalweg groups` shows what there is", name)});
  }
  if (!json) {
    fmt::print("{}: {}, {} member{}\n", name, group->state, group->members.size(),
               group->members.size() == 1 ? "" : "s");
    fmt::print("{:<30}  {:>9}  {:>10}  {:>10}  {:>8}  read by\n", "topic", "partition", "committed",
               "end", "lag");
  }
  for (const kafka::GroupOffset& each : *offsets) {
    const std::string member = member_of(*group, each);
    const std::string lag =
        each.end < 0 ? (json ? "null" : "-") : std::to_string(each.end - each.committed);
    if (json) {
      fmt::print(
          "{{\"topic\":{},\"partition\":{},\"committed\":{},\"end\":{},\"lag\":{},"
          "\"member\":{}}}\n",
          json_text(each.topic), each.partition, each.committed, each.end, lag, json_text(member));
    } else {
      fmt::print("{:<30}  {:>9}  {:>10}  {:>10}  {:>8}  {}\n", each.topic, each.partition,
                 each.committed, each.end, lag, member);
    }
  }
  return kExitOk;
}

}  // namespace

int run_groups(const CommandLine& line) {
  auto admin = kafka::Admin::open({.connection = kafka_connection(line)});
  if (!admin) {
    return kafka_failed(admin.error());
  }
  const bool lists = line.arguments.empty() || line.arguments[0] == "list";
  return lists ? list(*admin, line.json) : show(*admin, line.arguments[1], line.json);
}

}  // namespace thalweg::cli
