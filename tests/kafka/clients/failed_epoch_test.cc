// A topic that rows are written to at least once, as a job's workers and who makes its epochs use
// it.
#include <map>
#include <thread>

#include "broker_fixture.h"
#include "columnar/builder.h"
#include "connectors/connector.h"
#include "env/env.h"

namespace thalweg::kafka {
namespace {

class FailedEpochTest : public BrokerTest {
 protected:
  Table table(const std::string& topic) {
    Table made;
    made.name = "t";
    made.connector = "kafka";
    made.format = "raw";
    for (const OptionSpec& spec : connector_.info.options) {
      if (!spec.default_value.empty()) {
        made.options.set(std::string(spec.name), std::string(spec.default_value));
      }
    }
    for (const auto& [name, value] : std::map<std::string, std::string>{
             {"brokers", connection.brokers},
             {"topic", topic},
             {"properties.topic.metadata.refresh.interval.ms", "200"},
             {"properties.topic.metadata.propagation.max.ms", "100"}}) {
      made.options.set(name, value);
    }
    made.columns.push_back({.field = {"a", type_of(TypeKind::kText)},
                            .not_null = false,
                            .computed = nullptr,
                            .metadata = {}});
    return made;
  }

  static Batch row() {
    ColumnBuilder builder(type_of(TypeKind::kText));
    builder.append_text("a");
    Batch batch;
    batch.length = 1;
    batch.columns = {builder.finish()};
    return batch;
  }

  const Connector connector_ = kafka_connector();
  StandardInput input_{system_env()};
  World world_{system_env(), input_};
};

// The job ends a moment after the worker was told: the epoch may be decided in between.
TEST_F(FailedEpochTest, NoEpochCountsAfterAWorkerHasBeenToldOfARecordThatIsLost) {
  const std::string topic = new_topic();
  const Table written = table(topic);
  const auto sink = connector_.make_sink(world_, {.table = written, .key = {}}).take();
  ASSERT_TRUE(sink->open().ok());
  const auto writer = sink->make_writer();
  ASSERT_TRUE(writer->write(row()).ok());
  ASSERT_TRUE(sink->prepare(1).ok());

  ASSERT_FALSE(admin().delete_topic(topic));
  ASSERT_TRUE(writer->write(row()).ok());  // Nobody knows yet.
  Status told;
  while (told.ok()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    told = writer->flush();
  }
  EXPECT_THAT(told.message(), testing::HasSubstr(topic));
  EXPECT_EQ(sink->prepare(2).message(), told.message());
  EXPECT_EQ(sink->prepare(2).message(), told.message());
  EXPECT_FALSE(sink->close(/*completed=*/true).ok());
}

}  // namespace
}  // namespace thalweg::kafka
