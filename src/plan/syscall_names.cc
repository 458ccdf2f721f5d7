#include "plan/syscall_names.h"

#include <linux/audit.h>
#include <seccomp.h>

#include <array>
#include <cstdlib>

#include "base/text.h"
#include "plan/syscall_table.h"

namespace plan {

namespace {

constexpr std::array kOnX8664{Abi::kX8664, Abi::kX32, Abi::kX86};
constexpr std::array kOnAarch64{Abi::kAarch64, Abi::kArm};

std::uint32_t libseccomp_token(Abi abi) {
  switch (abi) {
    case Abi::kX8664: return SCMP_ARCH_X86_64;
    case Abi::kX32: return SCMP_ARCH_X32;
    case Abi::kX86: return SCMP_ARCH_X86;
    case Abi::kAarch64: return SCMP_ARCH_AARCH64;
    case Abi::kArm: return SCMP_ARCH_ARM;
  }
  return 0;
}

// libseccomp's answer as it is: -1 for an unknown name, below that for a call that this ABI lacks or
// that goes through a multiplexer there.
int resolve(Abi abi, const std::string& name) {
  return seccomp_syscall_resolve_name_arch(libseccomp_token(abi), name.c_str());
}

std::string name_libseccomp(Abi abi, int number) {
  char* found = seccomp_syscall_resolve_num_arch(libseccomp_token(abi), number);
  if (found == nullptr) return {};
  std::string name = found;
  std::free(found);  // NOLINT: libseccomp's contract
  return name;
}

const NewSyscall* newer(std::string_view name) {
  for (const auto& entry : newer_syscalls())
    if (entry.name == name) return &entry;
  return nullptr;
}

std::optional<std::uint32_t> newer_number(Abi abi, std::string_view name) {
  const NewSyscall* entry = newer(name);
  if (entry == nullptr) return std::nullopt;
  const bool x86_64 = abi == Abi::kX8664 || abi == Abi::kX32;
  if (entry->only_x86_64 && !x86_64) return std::nullopt;
  if (abi != Abi::kX32) return entry->number;
  if (entry->not_x32) return std::nullopt;
  return entry->number | kX32Bit;
}

std::optional<std::uint32_t> i386_direct(std::string_view name) {
  for (const auto& entry : i386_multiplexed())
    if (entry.name == name && entry.direct != 0) return entry.direct;
  return std::nullopt;
}

}  // namespace

std::uint32_t audit_arch(Abi abi) {
  switch (abi) {
    case Abi::kX8664:
    case Abi::kX32: return AUDIT_ARCH_X86_64;
    case Abi::kX86: return AUDIT_ARCH_I386;
    case Abi::kAarch64: return AUDIT_ARCH_AARCH64;
    case Abi::kArm: return AUDIT_ARCH_ARM;
  }
  return 0;
}

std::span<const Abi> abis_of(Abi native) {
  if (native == Abi::kAarch64) return kOnAarch64;
  return kOnX8664;
}

std::optional<Abi> abi_by_name(std::string_view scmp_name) {
  if (scmp_name == "SCMP_ARCH_X86_64") return Abi::kX8664;
  if (scmp_name == "SCMP_ARCH_X32") return Abi::kX32;
  if (scmp_name == "SCMP_ARCH_X86") return Abi::kX86;
  if (scmp_name == "SCMP_ARCH_AARCH64") return Abi::kAarch64;
  if (scmp_name == "SCMP_ARCH_ARM") return Abi::kArm;
  return std::nullopt;
}

std::optional<std::uint32_t> syscall_number_libseccomp(Abi abi, const std::string& name) {
  const int number = resolve(abi, name);
  if (number < 0) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

std::optional<std::uint32_t> syscall_number(Abi abi, const std::string& name) {
  const int number = resolve(abi, name);
  if (number >= 0) return static_cast<std::uint32_t>(number);
  if (number == __NR_SCMP_ERROR) return newer_number(abi, name);
  if (abi == Abi::kX86) return i386_direct(name);
  return std::nullopt;
}

bool syscall_known(const std::string& name) {
  // Any one ABI will do: libseccomp knows the names of all machines on each.
  return resolve(Abi::kX8664, name) != __NR_SCMP_ERROR || newer(name) != nullptr;
}

bool syscall_supported(const std::string& name) {
  return syscall_number(Abi::kX8664, name) || syscall_number(Abi::kAarch64, name);
}

std::string syscall_name(Abi abi, std::uint32_t number) {
  for (const auto& entry : newer_syscalls())
    if (newer_number(abi, entry.name) == number) return std::string(entry.name);
  return name_libseccomp(abi, static_cast<int>(number));
}

std::string syscall_nearest(std::string_view name) {
  constexpr int kPastLastNumber = 600;
  std::vector<std::string> names;
  for (const auto& entry : newer_syscalls()) names.emplace_back(entry.name);
  for (const Abi abi : {Abi::kX8664, Abi::kAarch64}) {
    for (int number = 0; number < kPastLastNumber; ++number) {
      std::string found = name_libseccomp(abi, number);
      if (!found.empty()) names.push_back(std::move(found));
    }
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  return base::nearest(name, views);
}

std::optional<Multiplexed> multiplexed(Abi abi, std::string_view name) {
  if (abi != Abi::kX86) return std::nullopt;
  for (const auto& entry : i386_multiplexed())
    if (entry.name == name) return Multiplexed{entry.multiplexer, entry.call};
  return std::nullopt;
}

std::vector<Meant> meant_by(Abi abi, const std::string& name) {
  constexpr std::uint32_t kAllAlike = 6;
  std::vector<Meant> out;
  if (const auto own = syscall_number(abi, name)) out.push_back({*own, kAllAlike});
  if (abi != Abi::kX86) return out;
  for (const auto& call : i386_calls()) {
    if (call.means != name) continue;
    const auto number = syscall_number(abi, std::string(call.name));
    if (!number) continue;
    if (call.name == name) {
      out.front().alike = call.alike;
    } else {
      out.push_back({*number, call.alike});
    }
  }
  return out;
}

bool is_multiplexer(Abi abi, std::string_view name) {
  return abi == Abi::kX86 && (name == "socketcall" || name == "ipc");
}

}  // namespace plan
