#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "answer.h"
#include "base/result.h"

namespace thalweg::bench {

// Records of the Kafka benchmarks: no key, a value of 200 bytes that begins with the record's
// number.
constexpr std::size_t kRecordBytes = 200;

class NumberedValue {
 public:
  std::string& of(std::int64_t number);

 private:
  std::string value_ = std::string(kRecordBytes, 'x');
};

std::int64_t number_of(const void* value);

// Loops on librdkafka alone, with the settings that our clients have unless told.
Status produce_by_loop(const std::string& brokers, const std::string& topic, std::uint64_t rows);
// Each line of a file is a value.
Status produce_lines(const std::string& brokers, const std::string& topic, const std::string& path);
// Of partition 0, from its beginning; answers with the numbers.
Status consume_by_loop(const std::string& brokers, const std::string& topic, std::uint64_t rows,
                       Answer& answer);
// The same; gives the values as blocks of whole lines, behind which 64 bytes may be read.
using SeeLines = std::function<Status(const char* bytes, std::size_t size, std::size_t capacity)>;
Status consume_lines_by_loop(const std::string& brokers, const std::string& topic,
                             std::uint64_t rows, const SeeLines& see);

}  // namespace thalweg::bench
