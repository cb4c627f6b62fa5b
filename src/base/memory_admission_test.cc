#include "base/memory_admission.h"

#include <gtest/gtest.h>

#include <new>

namespace thalweg {
namespace {

class UpTo final : public MemoryAdmission {
 public:
  explicit UpTo(std::size_t bytes) : bytes_(bytes) {}
  bool admits(std::size_t bytes) override { return bytes <= bytes_; }

 private:
  const std::size_t bytes_;
};

TEST(MemoryAdmissionTest, RefusesWhatTheThreadsAdmissionRefuses) {
  admit_memory(1000);
  UpTo ten(10);
  const AdmissionScope scope(&ten);
  admit_memory(10);
  EXPECT_THROW(admit_memory(11), std::bad_alloc);
}

TEST(MemoryAdmissionTest, ScopesStandInEachOther) {
  UpTo ten(10);
  UpTo one(1);
  const AdmissionScope outer(&ten);
  {
    const AdmissionScope inner(&one);
    EXPECT_THROW(admit_memory(2), std::bad_alloc);
  }
  admit_memory(2);
}

}  // namespace
}  // namespace thalweg
