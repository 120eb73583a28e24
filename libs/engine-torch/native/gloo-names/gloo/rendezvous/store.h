#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace gloo::rendezvous {

// c10d derives its own store from this; only libtorch makes one.
class Store {
 public:
  static const std::chrono::milliseconds kDefaultTimeout;
  virtual ~Store();
  virtual void set(const std::string& key, const std::vector<char>& value) = 0;
  virtual std::vector<char> get(const std::string& key) = 0;
  virtual void wait(const std::vector<std::string>& keys) = 0;
  virtual void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) = 0;
};

}  // namespace gloo::rendezvous
