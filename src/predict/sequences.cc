// Attempts of several system calls, or by another way into the kernel.

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/resource.h>

#include "predict/sandbox.h"

namespace predict {
namespace {

using plan::Abi;
using plan::CallArgs;

constexpr int kSigchld = 17;

Call native(std::uint32_t number, CallArgs args) { return {plan::kNativeAbi, number, args}; }

struct Writer {
  const Sandbox& box;
  Expectations& out;

  // The first refusal of `calls`, or else what the kernel says.
  void add(const char* control, const char* attempt, const char* key, std::initializer_list<Call> calls,
           const std::string& by_kernel, const char* because) {
    for (const auto& call : calls) {
      if (const auto word = box.refusal(call)) {
        out.push_back({control, attempt, key, *word, kFilter});
        return;
      }
    }
    out.push_back({control, attempt, key, by_kernel, because});
  }
  void by_cap(const char* control, const char* attempt, const char* key, std::initializer_list<Call> calls, bool may,
              const char* with, const char* without, const char* capability) {
    const std::string because = (may ? "not filtered, and has " : "no ") + std::string(capability);
    add(control, attempt, key, calls, may ? with : without, because.c_str());
  }
};

std::string exec_memory_file(const Sandbox& box) {
  const std::string knob = box.sysctl("vm/memfd_noexec");
  return knob == "1" || knob == "2" ? "EACCES" : "ok";
}

void expect_processes(Writer& w) {
  const Sandbox& box = w.box;
  w.add("namespaces", "make a user namespace (clone)", "attempts.clone_user",
        {native(__NR_clone, {{CLONE_NEWUSER | kSigchld}})}, new_user_namespace(box), "not filtered");
  const bool uts = box.cap(CAP_SYS_ADMIN) && (!box.user_namespace || box.has_namespace(CLONE_NEWUTS));
  w.by_cap("namespaces", "join a namespace (setns)", "attempts.setns", {native(__NR_setns, {{3, 0}})},
           uts && box.procfs, "ok", box.procfs ? "EPERM" : "EBADF", "CAP_SYS_ADMIN");
  w.by_cap("namespaces", "set the host name (sethostname)", "attempts.sethostname",
           {native(__NR_sethostname, {{kPointer, 1}})}, uts, "ok", "EPERM", "CAP_SYS_ADMIN");
  const auto open = native(__NR_pidfd_open, {{1}});
  const auto get = native(__NR_pidfd_getfd, {{3}});
  const bool opened = !box.refusal(open);
  if (box.refusal(open) == "SIGSYS") {
    w.add("tracing", "take a descriptor of a process (pidfd_getfd)", "attempts.pidfd_getfd", {open}, "", "");
  } else {
    w.add("tracing", "take a descriptor of a process (pidfd_getfd)", "attempts.pidfd_getfd", {get},
          opened ? "ok" : "EBADF", opened ? "not filtered" : kFilter);
  }
  const std::string yama = box.sysctl("kernel/yama/ptrace_scope");
  const std::string traced = yama == "3" || (yama == "2" && !box.host_cap(CAP_SYS_PTRACE)) ? "EPERM" : "ok";
  w.add("tracing", "trace a child (ptrace)", "attempts.ptrace_child", {native(__NR_ptrace, {{0x4206, 2}})}, traced,
        "not filtered");
  w.add("tracing", "read a child's memory (process_vm_readv)", "attempts.read_child",
        {native(__NR_process_vm_readv, {{2, kPointer, 1, kPointer, 1, 0}})}, traced, "not filtered");
  const bool nice = box.host_cap(CAP_SYS_NICE);
  w.by_cap("limits", "real-time scheduling (sched_setscheduler)", "attempts.realtime",
           {native(__NR_sched_setscheduler, {{0, 1, kPointer}})}, nice, "ok|EPERM", "EPERM", "CAP_SYS_NICE");
  w.by_cap("limits", "raise the size of core dumps (prlimit64)", "attempts.core_limit",
           {native(__NR_prlimit64, {{0, RLIMIT_CORE, kPointer}})}, box.host_cap(CAP_SYS_RESOURCE), "ok", "EPERM",
           "CAP_SYS_RESOURCE");
}

void expect_kernel(Writer& w) {
  const Sandbox& box = w.box;
  const std::string paranoid = box.sysctl("kernel/perf_event_paranoid");
  const bool perf = box.host_cap(CAP_PERFMON) || box.host_cap(CAP_SYS_ADMIN) || paranoid == "-1" || paranoid == "0" ||
                    paranoid == "1";
  w.by_cap("kernel", "count events of the kernel (perf_event_open)", "attempts.perf_event_open",
           {native(__NR_perf_event_open, {{kPointer, 0, ~0ULL, ~0ULL, 0}})}, perf, "ok|ENOSYS|ENOENT",
           "EACCES|EPERM|ENOSYS", "CAP_PERFMON");
  const auto name =
      native(__NR_name_to_handle_at, {{static_cast<std::uint64_t>(AT_FDCWD), kPointer, kPointer, kPointer, 0}});
  w.add("kernel", "name a file by handle (name_to_handle_at)", "attempts.name_to_handle_at", {name}, "ok|EOPNOTSUPP",
        "not filtered");
  w.by_cap("kernel", "open a file by handle (open_by_handle_at)", "attempts.open_by_handle_at",
           {name, native(__NR_open_by_handle_at, {{3, kPointer, 0}})}, box.host_cap(CAP_DAC_READ_SEARCH),
           "ok|ESTALE|EOPNOTSUPP", "EPERM|EOPNOTSUPP", "CAP_DAC_READ_SEARCH");
  w.add("kernel", "memory to write to and execute (mmap)", "attempts.mmap_wx",
        {native(__NR_mmap, {{0, 4096, 7, 0x22, ~0ULL, 0}})}, box.hardened.locks().deny_write_execute ? "EACCES" : "ok",
        box.hardened.locks().deny_write_execute ? "policy" : "not filtered");
  w.add("kernel", "memory that was written to, made executable (mprotect)", "attempts.mprotect_x",
        {native(__NR_mmap, {{0, 4096, 3, 0x22, ~0ULL, 0}}), native(__NR_mprotect, {{kPointer, 4096, 5}})},
        box.hardened.locks().deny_write_execute ? "EACCES" : "ok",
        box.hardened.locks().deny_write_execute ? "policy" : "not filtered");
  w.add("exec", "execute a memory file (execveat)", "attempts.exec_memfd",
        {native(__NR_memfd_create, {{kPointer, 1}}),
         native(__NR_execveat, {{3, kPointer, kPointer, kPointer, AT_EMPTY_PATH}})},
        exec_memory_file(box), "not filtered");
#if defined(__x86_64__)
  w.add("entry", "call the kernel as a 32-bit program (int 0x80)", "attempts.int80", {Call{Abi::kX86, 20, {}}},
        "ok|SIGSEGV", "not filtered");
  w.add("entry", "call the kernel as an x32 program", "attempts.x32",
        {Call{Abi::kX8664, plan::kX32Bit + __NR_getpid, {}}}, "ok|ENOSYS", "not filtered");
#endif
}

}  // namespace

void expect_sequences(const Sandbox& box, Expectations& out) {
  Writer writer{box, out};
  expect_processes(writer);
  expect_kernel(writer);
}

}  // namespace predict
