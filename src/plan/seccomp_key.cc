// The key of a compiled filter. Every number has eight bytes, every string and list its length in front,
// every optional a flag: reading it back would give the same inputs, so two inputs never share a key.
#include <seccomp.h>

#include "base/text.h"
#include "plan/seccomp_program.h"
#include "plan/syscall_names.h"

namespace plan {

namespace {

// Raised with every change to what is emitted, or proven, for the same inputs, or to how they are put.
constexpr std::uint64_t kFormat = 5;

class Key {
 public:
  void put(std::uint64_t value) { text_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void put(std::uint32_t value) { put(std::uint64_t{value}); }
  void put(const std::string& value) {
    put(std::uint64_t{value.size()});
    text_ += value;
  }
  template <typename T>
  requires std::is_enum_v<T>
  void put(T value) { put(static_cast<std::uint64_t>(value)); }
  template <typename T>
  void put(const std::optional<T>& value) {
    put(std::uint64_t{value.has_value()});
    if (value) put(*value);
  }
  template <typename T>
  void put(const std::vector<T>& values) {
    put(std::uint64_t{values.size()});
    for (const auto& value : values) put(value);
  }
  template <typename A, typename B>
  void put(const std::pair<A, B>& value) {
    put(value.first);
    put(value.second);
  }

  void put(const oci::SeccompArg& arg) {
    put(arg.index);
    put(arg.value);
    put(arg.value_two);
    put(arg.op);
  }
  void put(const oci::SeccompRule& rule) {
    put(rule.names);
    put(rule.action);
    put(rule.errno_ret);
    put(rule.args);
  }
  void put(const oci::Seccomp& request) {
    put(request.default_action);
    put(request.default_errno_ret);
    put(request.architectures);
    put(request.flags);
    put(request.listener_path);
    put(request.listener_metadata);
    put(request.syscalls);
  }

  void put(const policy::ArgCheck& check) {
    put(check.index);
    put(check.mask);
    put(check.values);
    put(std::uint64_t{check.equals});
  }
  void put(const policy::ConditionalSyscall& syscall) {
    put(syscall.name);
    put(syscall.any_of);
    put(syscall.errno_otherwise);
  }
  void put(const policy::SeccompPolicy& policy) {
    put(policy.allow.text());
    put(policy.conditional);
    put(policy.errnos);
    put(policy.default_errno);
    put(std::uint64_t{policy.others_allowed});
    put(std::uint64_t{policy.compat32});
  }

  Key() { text_.reserve(kUsualSize); }
  std::string take() && { return std::move(text_); }

 private:
  static constexpr std::size_t kUsualSize = 16384;  // of a list of some three hundred names
  std::string text_;
};

}  // namespace

std::string seccomp_cache_key(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies) {
  Key key;
  key.put(kFormat);
  const scmp_version* version = seccomp_version();  // whose table gave the numbers
  key.put(std::uint64_t{version->major});
  key.put(std::uint64_t{version->minor});
  key.put(std::uint64_t{version->micro});
  key.put(kNativeAbi);
  key.put(std::uint64_t{request != nullptr});
  if (request != nullptr) key.put(*request);
  key.put(std::uint64_t{policies.size()});
  for (const auto& policy : policies) key.put(policy);
  return std::move(key).take();
}

}  // namespace plan
