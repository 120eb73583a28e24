#include "process-group.h"

#if defined(CASSL_WITH_NCCL)
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

namespace cassl {

c10::intrusive_ptr<Transport> open_nccl(const Meeting& meeting) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = meeting.timeout;
  // Gloo has met in the same store: each keeps its keys apart.
  const auto store = c10::make_intrusive<c10d::PrefixStore>("nccl", meeting.store);
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, meeting.rank, meeting.size, options);
}

void close_nccl(Transport& transport) { static_cast<c10d::ProcessGroupNCCL&>(transport).shutdown(); }

}  // namespace cassl

#endif
