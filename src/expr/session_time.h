#pragma once

#include "expr/kernel.h"

// Private to this folder.
namespace thalweg {

// The last argument, a TIMESTAMPTZ, as the TIMESTAMP that clocks in the session's zone show; and
// such a TIMESTAMP as TIMESTAMPTZ again.
Vector to_session_clock(const Vector& instant, const KernelCall& call);
Vector from_session_clock(const Vector& local, const KernelCall& call);

// A kernel over a TIMESTAMP as its last argument, for TIMESTAMPTZ.
template <Kernel kKernel>
Vector in_session_zone(const KernelCall& call) {
  std::vector<Vector> args(call.args.begin(), call.args.end());
  args.back() = to_session_clock(args.back(), call);
  const bool back = call.result_type.kind == TypeKind::kTimestamptz;
  const Type local = back ? type_of(TypeKind::kTimestamp) : call.result_type;
  const Vector out = kKernel(KernelCall{.args = args,
                                        .result_type = local,
                                        .length = call.length,
                                        .valid = call.valid,
                                        .context = call.context,
                                        .state = call.state});
  return back ? from_session_clock(out, call) : out;
}

}  // namespace thalweg
