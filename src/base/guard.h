// ScopeGuard: undo, armed next to the act and disarmed by commit().
#pragma once

#include <utility>

namespace base {

template <typename F>
class [[nodiscard]] ScopeGuard {
 public:
  explicit ScopeGuard(F undo) : undo_(std::move(undo)) {}
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;
  ~ScopeGuard() {
    if (armed_) undo_();
  }
  void commit() { armed_ = false; }

 private:
  F undo_;
  bool armed_ = true;
};

}  // namespace base
