#pragma once

// Processes that meet through c10d. CASSL_WITH_GLOO and CASSL_WITH_NCCL are set by src/build.ts where libtorch has them;
// there is no NCCL without Gloo, which carries what is on the host.
#if defined(CASSL_WITH_GLOO)
#include <torch/csrc/api/include/torch/version.h>
#include <torch/csrc/distributed/c10d/Store.hpp>
#if TORCH_VERSION_MAJOR >= 2
#include <torch/csrc/distributed/c10d/Backend.hpp>
#else
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#endif

#include <chrono>
#include <string>
#endif

namespace cassl {

// Leaves this thread's group, if it is in one: after what is queued on the device has run.
void close_process_group();

#if defined(CASSL_WITH_GLOO)

// What carries tensors between processes: c10d's interface over Gloo, NCCL and others.
#if TORCH_VERSION_MAJOR >= 2
using Transport = c10d::Backend;
#else
using Transport = c10d::ProcessGroup;
#endif

struct Meeting {
  int rank = 0;
  int size = 0;
  std::string host;  // of rank 0
  std::chrono::milliseconds timeout{};
  c10::intrusive_ptr<c10d::Store> store;
};

c10::intrusive_ptr<Transport> open_gloo(const Meeting& meeting);

#if defined(CASSL_WITH_NCCL)
// Connects at the first collective. A peer that does not answer in time ends this process: its GPU cannot go on.
c10::intrusive_ptr<Transport> open_nccl(const Meeting& meeting);
void close_nccl(Transport& transport);
#endif

#endif

}  // namespace cassl
