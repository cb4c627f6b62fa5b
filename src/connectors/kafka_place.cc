#include "connectors/kafka_place.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/kafka_options.h"
#include "connectors/kafka_topics.h"
#include "env/process_identity.h"
#include "kafka/client_config.h"
#include "kafka/error_mapping.h"
#include "kafka/group_seat.h"
#include "thalweg/kafka/admin.h"

namespace thalweg {
namespace {

// How a member of the group says which process it is: as its client.id.
constexpr std::string_view kClient = "thalweg";

std::string to_client_id(const ProcessIdentity& process) {
  return fmt::format("{}/{}/{}/{}/{}", kClient, process.host, process.numbering, process.number,
                     process.began);
}

std::optional<ProcessIdentity> parse_client_id(std::string_view text) {
  const std::vector<std::string> parts =
      absl::StrSplit(absl::string_view(text.data(), text.size()), '/');
  ProcessIdentity process;
  if (parts.size() != 5 || parts[0] != kClient || !absl::SimpleAtoi(parts[3], &process.number) ||
      !absl::SimpleAtoi(parts[4], &process.began)) {
    return std::nullopt;
  }
  process.host = parts[1];
  process.numbering = parts[2];
  return process;
}

// Who has the place, where that may be somebody who lives.
std::optional<std::string> rival(const kafka::GroupMember& member) {
  const std::optional<ProcessIdentity> process = parse_client_id(member.client_id);
  if (!process) {
    return fmt::format("\"{}\" from {}, which is no pipeline", member.client_id, member.host);
  }
  if (*process == this_process() || is_alive(*process) == false) {
    return std::nullopt;
  }
  return fmt::format("process {} of host {}", process->number, process->host);
}

class KafkaPlace final : public PipelinePlace {
 public:
  KafkaPlace(std::string job, std::unique_ptr<kafka::GroupSeat> seat)
      : job_(std::move(job)), seat_(std::move(seat)) {}

  Status check() const override {
    return seat_->is_lost()
               ? invalid_argument(fmt::format("another process runs the pipeline \"{}\" now, and "
                                              "this one has been shut out",
                                              job_))
               : Status();
  }

 private:
  const std::string job_;
  const std::unique_ptr<kafka::GroupSeat> seat_;
};

// Of the cluster on which the job's epochs are decided, where one is.
const Table* table_of_place(const PlaceRequest& request) {
  const auto is_kafka = [](const Table* table) { return table->connector == "kafka"; };
  const auto decides = [&](const Table* table) {
    return is_kafka(table) && may_be_exactly_once(table->options);
  };
  for (const auto& [tables, wanted] :
       {std::pair(&request.sinks, std::function<bool(const Table*)>(decides)),
        std::pair(&request.sinks, std::function<bool(const Table*)>(is_kafka)),
        std::pair(&request.sources, std::function<bool(const Table*)>(is_kafka))}) {
    const auto found = std::find_if(tables->begin(), tables->end(), wanted);
    if (found != tables->end()) {
      return *found;
    }
  }
  return nullptr;
}

Status check_free(const std::string& group, const kafka::Connection& connection,
                  const PlaceRequest& request) {
  kafka::Expected<kafka::Admin> admin =
      kafka::Admin::open({.connection = kafka::for_side(connection, kafka::Side::kBoth)});
  if (!admin) {
    return kafka::to_status(admin.error());
  }
  const kafka::Expected<kafka::GroupDescription> found = admin->describe_group(group);
  if (!found) {
    return kafka::to_status(found.error());
  }
  for (const kafka::GroupMember& member : found->members) {
    if (const std::optional<std::string> other = rival(member); other && !request.take_over) {
      return unavailable(fmt::format(
          "the pipeline \"{}\" runs already: {} is a member of group \"{}\". Stop it, or take its "
          "place with --take-over, which ends it; a host that has died is a member for ten seconds "
          "more",
          request.job, *other, group));
    }
  }
  return {};
}

// A pattern where nothing else is named: the place is taken when a topic matches.
std::string topic_of_place(const Options& options) {
  const std::vector<std::string> topics = split_names(options.text("topic"));
  const auto named = std::ranges::find_if_not(topics, is_topic_pattern);
  return named == topics.end() ? topics.front() : *named;
}

}  // namespace

Result<std::unique_ptr<PipelinePlace>> take_kafka_place(World& world, const PlaceRequest& request) {
  const Table* const table = table_of_place(request);
  if (table == nullptr) {
    return std::unique_ptr<PipelinePlace>();
  }
  const std::string group = "thalweg." + request.job;
  kafka::Connection connection = kafka_connection(table->options, kafka::Side::kConsumer);
  TW_TRY(check_free(group, connection, request));
  connection.client_id = to_client_id(this_process());
  connection.properties.erase("client.id");
  kafka::Expected<std::unique_ptr<kafka::GroupSeat>> seat =
      kafka::GroupSeat::take(world.env, {.connection = std::move(connection),
                                         .group = group,
                                         .instance_id = request.job,
                                         .topic = topic_of_place(table->options)});
  if (!seat) {
    return kafka::to_status(seat.error());
  }
  return std::unique_ptr<PipelinePlace>(
      std::make_unique<KafkaPlace>(request.job, std::move(*seat)));
}

}  // namespace thalweg
