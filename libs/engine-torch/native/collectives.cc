#include "arguments.h"

// Data-parallel training over c10d. CASSL_WITH_GLOO is set by src/build.ts where libtorch comes with c10d and Gloo's headers.
#if defined(CASSL_WITH_GLOO)
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

namespace cassl {

namespace {

#if defined(CASSL_WITH_GLOO)

thread_local c10::intrusive_ptr<c10d::ProcessGroupGloo> group_here;

c10d::ProcessGroupGloo& group() {
  if (!group_here) throw std::invalid_argument("no process group is open");
  return *group_here;
}

// Rank 0 keeps the store at host:port; everyone meets there.
void open_group(Arguments& in, Results&) {
  const int64_t rank = in.integer(), size = in.integer();
  const auto host = in.text();
  const int64_t port = in.integer();
  const std::chrono::milliseconds timeout(in.integer());
  TORCH_CHECK(size >= 1 && rank >= 0 && rank < size, "rank must be in 0..", size - 1, ", got ", rank);
  TORCH_CHECK(port > 0 && port < 65536, "port must be in 1..65535, got ", port);
  TORCH_CHECK(timeout.count() > 0, "timeout must be positive, got ", timeout.count(), " ms");
  c10d::TCPStoreOptions store_options;
  store_options.port = static_cast<uint16_t>(port);
  store_options.isServer = rank == 0;
  store_options.numWorkers = static_cast<size_t>(size);
  store_options.timeout = timeout;
  const auto store = c10::make_intrusive<c10d::TCPStore>(host, store_options);
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  const bool local = host == "127.0.0.1" || host == "localhost";
  options->devices.push_back(local ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                   : c10d::ProcessGroupGloo::createDefaultDevice());
  group_here =
      c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(rank), static_cast<int>(size), options);
}

void close_group(Arguments&, Results&) { group_here.reset(); }

void barrier(Arguments&, Results&) { group().barrier()->wait(); }

// One message for all tensors: small ones cost a round trip each otherwise.
at::Tensor joined(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> flat;
  for (const auto& tensor : tensors) flat.push_back(tensor.to(at::kFloat).cpu().reshape({-1}));
  return at::cat(flat);
}

void write_parts(const at::Tensor& all, const std::vector<at::Tensor>& like, Results& out) {
  int64_t offset = 0;
  for (const auto& tensor : like) {
    out.copy(all.narrow(0, offset, tensor.numel()).view(tensor.sizes()).to(tensor.device(), tensor.scalar_type()));
    offset += tensor.numel();
  }
}

void all_reduce(Arguments& in, Results& out) {
  const bool mean = in.flag();
  const auto tensors = in.tensors();
  if (tensors.empty()) return;
  std::vector<at::Tensor> message{joined(tensors)};
  group().allreduce(message)->wait();
  if (mean) message[0].div_(group().getSize());
  write_parts(message[0], tensors, out);
}

void broadcast(Arguments& in, Results& out) {
  const int64_t root = in.integer();
  TORCH_CHECK(root >= 0 && root < group().getSize(), "root must be in 0..", group().getSize() - 1, ", got ", root);
  const auto tensors = in.tensors();
  if (tensors.empty()) return;
  std::vector<at::Tensor> message{joined(tensors)};
  c10d::BroadcastOptions options;
  options.rootRank = root;
  group().broadcast(message, options)->wait();
  write_parts(message[0], tensors, out);
}

#endif

}  // namespace

Family collective_operations() {
#if defined(CASSL_WITH_GLOO)
  return {
      {"openGroup", open_group},
      {"closeGroup", close_group},
      {"barrier", barrier},
      {"allReduce", all_reduce},
      {"broadcast", broadcast},
  };
#else
  return {};
#endif
}

}  // namespace cassl
