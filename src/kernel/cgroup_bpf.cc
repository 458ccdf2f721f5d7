#include "kernel/cgroup_bpf.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/fd.h"

namespace kernel::cgroup {

namespace {

constexpr const char* kName = "bulkhead_dev";
constexpr char kLicense[] = "Apache-2.0";  // the program calls no GPL-only helper

long bpf(int command, bpf_attr& attr) { return ::syscall(SYS_bpf, command, &attr, sizeof(attr)); }

std::uint64_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

}  // namespace

base::Result<void> attach_device_program(int dir, const std::vector<bpf_insn>& program) {
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = address(program.data());
  load.insn_cnt = static_cast<std::uint32_t>(program.size());
  load.license = address(kLicense);
  std::strncpy(load.prog_name, kName, sizeof(load.prog_name) - 1);
  // Since Linux 5.11 a program's memory is charged to the memory cgroup: RLIMIT_MEMLOCK needs no raising, which
  // would take CAP_SYS_RESOURCE.
  long fd = 0;
  // EAGAIN: the verifier was interrupted by a signal.
  do fd = bpf(BPF_PROG_LOAD, load);
  while (fd < 0 && errno == EAGAIN);
  if (fd < 0 && errno == E2BIG) {
    return base::Error::system(E2BIG, "load the device filter of the cgroup")
        .hint("several hundred device rules are more than one program can hold");
  }
  if (fd < 0) return base::Error::system(errno, "load the device filter of the cgroup");
  const base::UniqueFd owner(static_cast<int>(fd));

  bpf_attr attach{};
  attach.target_fd = static_cast<std::uint32_t>(dir);
  attach.attach_bpf_fd = static_cast<std::uint32_t>(owner.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  // MULTI: programs of the cgroups above stay in force, and the workload's manager can add stricter ones below.
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attach) < 0) {
    return base::Error::system(errno, "attach the device filter to the cgroup");
  }
  return base::ok();
}

}  // namespace kernel::cgroup
