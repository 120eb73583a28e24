#pragma once

#include <csignal>

namespace cassl {

// While oneDNN's float32 matrix product works on a deep matrix, its generated code keeps the stack register inside a heap
// buffer (oneDNN issue 4845; in 2.6 and every release before the fix of 2026). A signal handler that runs then writes its frame
// over whatever lies below that buffer, and the process dies of a corrupt heap some time later. So signals wait until
// the operation is over, and the one that must not wait gets a stack of its own.

// Blocks every signal but SIGPROF on this thread, for its scope: around every operation that can end in oneDNN.
class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_;
};

// Gives this thread an alternate signal stack where it has none. V8's profiler asks for one (SA_ONSTACK), so it can look
// into a running operation.
void provide_signal_stack();

// Four for each processor, 64 at least: OpenMP ends the process where the system refuses it a thread.
int most_compute_threads();

// Sets how many threads compute for this one, and starts them with their signals blocked: what this thread blocks, the
// kernel would hand to one of them.
void start_compute_threads(int count);

}  // namespace cassl
