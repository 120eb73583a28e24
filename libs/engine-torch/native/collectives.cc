#include "arguments.h"
#include "device.h"
#include "process-group.h"

#if defined(CASSL_WITH_GLOO)
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <map>
#endif

// Data-parallel training over c10d: tensors of a GPU go over NCCL without leaving it, the others over Gloo.
namespace cassl {

#if !defined(CASSL_WITH_GLOO)

void close_process_group() {}
Family collective_operations() { return {}; }

#else

namespace {

// Neighbours of one type and device.
struct Message {
  std::vector<at::Tensor> tensors;
  int64_t bytes = 0;
  std::vector<at::Tensor> data;  // their elements in a row: one tensor, in a list as c10d wants it
  c10::intrusive_ptr<c10d::Work> work;

  bool takes(const at::Tensor& tensor) const;
};

struct Group {
  Meeting meeting;
  c10::intrusive_ptr<Transport> gloo;
  c10::intrusive_ptr<Transport> nccl;  // opened for the first tensor on a GPU
  std::map<int64_t, std::vector<Message>> travelling;  // sums that were started, by JavaScript's number for them
};

thread_local std::unique_ptr<Group> group_here;

Group& group() {
  if (!group_here) throw std::invalid_argument("no process group is open");
  return *group_here;
}

// Rank 0 keeps the store at host:port; everyone meets there.
void open_group(Arguments& in, Results&) {
  const int64_t rank = in.integer(), size = in.integer();
  const auto host = in.text();
  const int64_t port = in.integer();
  const std::chrono::milliseconds timeout(in.integer()), meeting(in.integer());
  TORCH_CHECK(size >= 1 && rank >= 0 && rank < size, "rank must be in 0..", size - 1, ", got ", rank);
  TORCH_CHECK(port > 0 && port < 65536, "port must be in 1..65535, got ", port);
  TORCH_CHECK(timeout.count() > 0, "timeout must be positive, got ", timeout.count(), " ms");
  TORCH_CHECK(meeting.count() > 0, "meeting timeout must be positive, got ", meeting.count(), " ms");
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(port);
  options.isServer = rank == 0;
  options.numWorkers = static_cast<size_t>(size);
  options.timeout = meeting;
  close_process_group();
  auto opened = std::make_unique<Group>();
  opened->meeting = {static_cast<int>(rank), static_cast<int>(size), host, timeout, c10::make_intrusive<c10d::TCPStore>(host, options)};
  opened->gloo = open_gloo(opened->meeting);
  group_here = std::move(opened);
}

// In which memory tensors of a device travel.
at::Device route(at::Device device) {
#if defined(CASSL_WITH_NCCL)
  if (device.is_cuda()) return device;
#endif
  return at::kCPU;
}

Transport& transport(at::Device travelling) {
#if defined(CASSL_WITH_NCCL)
  if (travelling.is_cuda()) {
    if (!group().nccl) group().nccl = open_nccl(group().meeting);
    return *group().nccl;
  }
#endif
  return *group().gloo;
}

// Small tensors share a message, since each costs a round trip; a message ends here, so that it travels while the next one
// is put together.
constexpr int64_t kMessageBytes = int64_t{25} << 20;

bool Message::takes(const at::Tensor& tensor) const {
  if (tensors.empty()) return true;
  const auto& first = tensors[0];
  return tensor.device() == first.device() && tensor.scalar_type() == first.scalar_type() &&
         bytes + static_cast<int64_t>(tensor.nbytes()) <= kMessageBytes;
}

void pack(Message& message) {
  std::vector<at::Tensor> flat;
  for (const auto& tensor : message.tensors) flat.push_back(tensor.reshape({-1}));
  const auto type = message.tensors[0].scalar_type() == at::kBool ? at::kInt : message.tensors[0].scalar_type();
  message.data = {at::cat(flat).to(route(flat[0].device()), type)};
}

// Starts one message after the other.
template <typename Start>
std::vector<Message> start_messages(const std::vector<at::Tensor>& tensors, Start start) {
  std::vector<Message> messages;
  for (size_t i = 0; i < tensors.size();) {
    auto& message = messages.emplace_back();
    for (; i < tensors.size() && message.takes(tensors[i]); ++i) {
      message.tensors.push_back(tensors[i]);
      message.bytes += static_cast<int64_t>(tensors[i].nbytes());
    }
    pack(message);
    message.work = start(transport(message.data[0].device()), message.data);
  }
  return messages;
}

// Hands out the results in order. On a GPU nobody waits: c10d makes the stream wait.
template <typename Finish>
void finish_messages(std::vector<Message>& messages, Results& out, Finish finish) {
  for (auto& message : messages) {
    message.work->wait();
    finish(message.data[0]);
    int64_t offset = 0;
    for (const auto& like : message.tensors) {
      out.copy(message.data[0].narrow(0, offset, like.numel()).view(like.sizes()).to(like.device(), like.scalar_type()));
      offset += like.numel();
    }
  }
}

std::vector<Message> start_sums(const std::vector<at::Tensor>& tensors) {
  return start_messages(tensors, [](Transport& over, std::vector<at::Tensor>& data) { return over.allreduce(data); });
}

void all_reduce(Arguments& in, Results& out) {
  const bool mean = in.flag();
  const auto tensors = in.tensors();
  const int size = group().meeting.size;
  for (const auto& tensor : tensors)
    TORCH_CHECK(!mean || at::isFloatingType(tensor.scalar_type()), "a mean over processes needs float32 tensors, got ", tensor.scalar_type());
  auto messages = start_sums(tensors);
  finish_messages(messages, out, [mean, size](at::Tensor& sum) {
    if (mean) sum.div_(size);
  });
}

// startSum(number, tensors): they travel while this thread computes, over Gloo's threads or NCCL's stream.
void start_sum(Arguments& in, Results&) {
  const int64_t number = in.integer();
  group().travelling[number] = start_sums(in.tensors());
}

// finishSum(number): the sums, once they are here.
void finish_sum(Arguments& in, Results& out) {
  auto& travelling = group().travelling;
  const auto found = travelling.find(in.integer());
  TORCH_CHECK(found != travelling.end(), "no such sum was started, or it was finished before");
  auto messages = std::move(found->second);
  travelling.erase(found);
  finish_messages(messages, out, [](at::Tensor&) {});
}

void broadcast(Arguments& in, Results& out) {
  const int64_t root = in.integer();
  TORCH_CHECK(root >= 0 && root < group().meeting.size, "root must be in 0..", group().meeting.size - 1, ", got ", root);
  c10d::BroadcastOptions options;
  options.rootRank = root;
  auto messages = start_messages(
      in.tensors(), [&options](Transport& over, std::vector<at::Tensor>& data) { return over.broadcast(data, options); });
  finish_messages(messages, out, [](at::Tensor&) {});
}

void barrier(Arguments&, Results&) {
  auto& gloo = *group().gloo;
  synchronize_device();
  gloo.barrier()->wait();
}

}  // namespace

void close_process_group() {
  if (!group_here) return;
#if defined(CASSL_WITH_NCCL)
  if (group_here->nccl) {
    synchronize_device();
    close_nccl(*group_here->nccl);
  }
#endif
  group_here.reset();
}

Family collective_operations() {
  return {
      {"openGroup", open_group},
      {"closeGroup", [](Arguments&, Results&) { close_process_group(); }},
      {"barrier", barrier},
      {"allReduce", all_reduce},
      {"startSum", start_sum},
      {"finishSum", finish_sum},
      {"broadcast", broadcast},
  };
}

#endif

}  // namespace cassl
