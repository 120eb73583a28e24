#include "signals.h"

#include <ATen/Parallel.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace cassl {

namespace {

// A handler's frame holds the vector registers: 3 KiB with AVX-512, 11 with AMX. V8 walks the JavaScript stack on it.
constexpr size_t kSignalStackBytes = 256 * 1024;

class SignalStack {
 public:
  SignalStack() {
    stack_t present;
    if (sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;
    memory_.resize(kSignalStackBytes);
    stack_t ours = {};
    ours.ss_sp = memory_.data();
    ours.ss_size = memory_.size();
    sigaltstack(&ours, nullptr);
  }

  ~SignalStack() {
    stack_t present;
    if (memory_.empty() || sigaltstack(nullptr, &present) != 0 || present.ss_sp != memory_.data()) return;
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }

 private:
  std::vector<char> memory_;
};

}  // namespace

SignalsHeld::SignalsHeld() {
  sigset_t held;
  sigfillset(&held);
  sigdelset(&held, SIGPROF);
  pthread_sigmask(SIG_BLOCK, &held, &before_);
}

SignalsHeld::~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

void provide_signal_stack() {
  thread_local const SignalStack stack;
  (void)stack;
}

int most_compute_threads() { return std::max(64, 4 * static_cast<int>(sysconf(_SC_NPROCESSORS_CONF))); }

void start_compute_threads(int count) {
  const SignalsHeld held;
  at::set_num_threads(count);
  at::parallel_for(0, count, 1, [](int64_t, int64_t) {});
}

}  // namespace cassl
