#include "base/memory_admission.h"

#include <new>

namespace thalweg {
namespace {

thread_local MemoryAdmission* admission_of_thread = nullptr;

}  // namespace

AdmissionScope::AdmissionScope(MemoryAdmission* admission) : before_(admission_of_thread) {
  admission_of_thread = admission;
}

AdmissionScope::~AdmissionScope() { admission_of_thread = before_; }

void admit_memory(std::size_t bytes) {
  if (admission_of_thread != nullptr && !admission_of_thread->admits(bytes)) {
    throw std::bad_alloc();
  }
}

}  // namespace thalweg
