// Transactions of somebody else, as standard input tells: BROKERS ID TOPIC. A line `send PARTITION
// VALUE` sends a record, in a transaction, and `commit` and `abort` end that. Answers each line
// with one, once brokers have done it.
#include <cstdio>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>

#include "thalweg/kafka/transaction.h"

namespace thalweg::kafka {
namespace {

Error send(TransactionalProducer& producer, std::optional<Transaction>& transaction,
           const std::string& topic, std::istringstream& words) {
  if (!transaction) {
    Expected<Transaction> begun = producer.begin();
    if (!begun) {
      return begun.error();
    }
    transaction.emplace(std::move(*begun));
  }
  std::int32_t partition = 0;
  std::string value;
  words >> partition >> value;
  // It is in the log before the transaction ends: an abort gives up what waits.
  return transaction->send({.topic = topic, .key = value, .value = value, .partition = partition})
      .get()
      .error;
}

Error run(const std::string& brokers, const std::string& id, const std::string& topic) {
  Expected<TransactionalProducer> producer = TransactionalProducer::open(
      {.producer = {.connection = {.brokers = brokers}}, .transactional_id = id});
  if (!producer) {
    return producer.error();
  }
  std::optional<Transaction> transaction;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    Error error;
    if (verb == "send") {
      error = send(*producer, transaction, topic, words);
    } else {
      error = verb == "commit" ? transaction->commit() : transaction->abort();
      transaction.reset();
    }
    if (error) {
      return error;
    }
    std::puts(verb.c_str());
    std::fflush(stdout);
  }
  return {};
}

}  // namespace
}  // namespace thalweg::kafka

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("told_transactions BROKERS ID TOPIC\n", stderr);
    return 2;
  }
  const thalweg::kafka::Error error = thalweg::kafka::run(argv[1], argv[2], argv[3]);
  std::fputs(error.message().c_str(), stderr);
  return error ? 1 : 0;
}
