#include "runtime/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "columnar/kernels.h"

namespace thalweg {
namespace {

// Messages between two workers. Batches in flight have to outgrow a core's own cache before the
// receiver reads them fast, and stay few enough that memory is bounded.
constexpr std::size_t kQueueCapacity = 32;

}  // namespace

ExchangeQueues::ExchangeQueues(std::uint32_t senders, std::uint32_t receivers)
    : senders_(senders), receivers_(receivers) {
  queues_.reserve(std::size_t{senders} * receivers);
  for (std::uint32_t i = 0; i < senders * receivers; ++i) {
    queues_.push_back(std::make_unique<MessageQueue>(kQueueCapacity));
  }
}

ExchangeOutlet::ExchangeOutlet(WorkerContext& context, ExchangeQueues& queues,
                               std::vector<ExprPtr> keys)
    : context_(context), queues_(queues), overflow_(queues.receivers()) {
  for (ExprPtr& key : keys) {
    keys_.emplace_back(std::move(key));
  }
}

void ExchangeOutlet::send(Message message) {
  if (Batch* batch = std::get_if<Batch>(&message);
      batch != nullptr && queues_.receivers() > 1 && !keys_.empty()) {
    split(std::move(*batch));
    return;
  }
  for (std::uint32_t receiver = 0; receiver + 1 < queues_.receivers(); ++receiver) {
    push(receiver, message);
  }
  push(queues_.receivers() - 1, std::move(message));
}

void ExchangeOutlet::split(Batch batch) {
  EvalContext eval;
  std::vector<Column> keys;
  keys.reserve(keys_.size());
  for (Evaluator& key : keys_) {
    // A key that fails on a row places it anywhere: the operator behind computes it again and
    // rejects the row.
    keys.push_back(expand(key.evaluate(batch, eval), batch.length));
  }
  hashes_.resize(batch.length);
  hash_keys(keys, batch.length, hashes_);

  const std::uint32_t workers = queues_.receivers();
  std::array<std::uint8_t, kKeyGroups> owner;
  for (std::uint32_t group = 0; group < kKeyGroups; ++group) {
    owner[group] = static_cast<std::uint8_t>(worker_of_group(group, workers));
  }
  const std::uint32_t rows = batch.num_rows();
  std::vector<std::vector<RowIndex>> split(workers);
  std::vector<RowIndex*> ends(workers);
  for (std::uint32_t worker = 0; worker < workers; ++worker) {
    split[worker].resize(rows);
    ends[worker] = split[worker].data();
  }
  for (std::uint32_t i = 0; i < rows; ++i) {
    const RowIndex row = batch.row(i);
    *ends[owner[key_group(hashes_[row])]]++ = row;
  }
  for (std::uint32_t worker = 0; worker < workers; ++worker) {
    split[worker].resize(static_cast<std::size_t>(ends[worker] - split[worker].data()));
    if (!split[worker].empty()) {
      push(worker, Batch(batch).select(std::move(split[worker])));
    }
  }
}

void ExchangeOutlet::push(std::uint32_t receiver, Message message) {
  std::deque<Message>& overflow = overflow_[receiver];
  if (overflow.empty()) {
    std::optional<Message> slot(std::move(message));
    if (queues_.queue(context_.worker, receiver).push(slot)) {
      return;
    }
    message = std::move(*slot);
  }
  overflow.push_back(std::move(message));
}

bool ExchangeOutlet::has_room() { return drained(); }

bool ExchangeOutlet::drained() const {
  return std::all_of(overflow_.begin(), overflow_.end(),
                     [](const auto& messages) { return messages.empty(); });
}

bool ExchangeOutlet::drain() {
  bool moved = false;
  for (std::uint32_t receiver = 0; receiver < overflow_.size(); ++receiver) {
    std::deque<Message>& overflow = overflow_[receiver];
    while (!overflow.empty()) {
      std::optional<Message> slot(std::move(overflow.front()));
      if (!queues_.queue(context_.worker, receiver).push(slot)) {
        overflow.front() = std::move(*slot);
        break;
      }
      overflow.pop_front();
      moved = true;
    }
  }
  return moved;
}

}  // namespace thalweg
