#include "process-group.h"

// Gloo is inside libtorch; of its headers, which wheels do not carry, gloo-names/ declares what c10d's own header names.
#if defined(CASSL_WITH_GLOO)
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

namespace cassl {

c10::intrusive_ptr<Transport> open_gloo(const Meeting& meeting) {
  using Gloo = c10d::ProcessGroupGloo;
  auto options = Gloo::Options::create(meeting.timeout);
  // Processes on one machine need no name for it that others can resolve.
  const bool local = meeting.host == "127.0.0.1" || meeting.host == "localhost";
  options->devices.push_back(local ? Gloo::createDeviceForHostname("127.0.0.1") : Gloo::createDefaultDevice());
  return c10::make_intrusive<Gloo>(meeting.store, meeting.rank, meeting.size, options);
}

}  // namespace cassl

#endif
