// A program that is started by descriptor, given a file to read, and waited for: for so long, keeping so much of what it
// says. What the runtime (launch/hooks) and init (init/hooks) have in common; where it runs is the caller's affair.
// Freestanding: no libc, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

enum class HookEnd { kExited, kSignalled, kTimedOut, kNotRun };

struct HookProcess {
  static constexpr std::size_t kOutput = 4096;
  static constexpr std::uint32_t kSameMask = ~0U;

  int program = -1;      // opened, a regular file; executed by execveat(2)
  bool script = false;   // is_script(): its interpreter opens it by way of this descriptor, which stays open then
  bool by_path = false;  // execve(2) of /proc/self/fd/N: for a filter that allows nothing else
  const char* const* argv = nullptr;
  const char* const* envp = nullptr;
  int input = -1;                   // its standard input
  const char* directory = nullptr;  // where it runs; nullptr: here
  std::uint32_t mask = kSameMask;   // its umask
  std::uint64_t timeout = 0;        // seconds; 0: none
  const void* filter = nullptr;     // struct sock_filter, loaded before it is executed
  std::uint32_t filter_count = 0;
  std::uint64_t filter_flags = 0;   // SECCOMP_FILTER_FLAG_*

  // How it ended.
  HookEnd end = HookEnd::kNotRun;
  int value = 0;         // exit status, signal, or errno
  std::size_t said = 0;  // the last of what it wrote to its standard output and error
  char output[kOutput];

  alignas(16) char stack[16384];  // of the child, until it has executed the program
};

bool is_script(int fd);  // begins with "#!"; what cannot be read is none

// Runs in: the caller's namespaces, with its rights and its environment's place in the tree. The child has a session of its
// own, no signal blocked or ignored, and no descriptor but 0 to 2 (and 3, if it is a script). Past its time its session's
// processes are killed. Children that it leaves behind are not waited for, though they may hold its output open.
void run_hook(HookProcess& hook);

}  // namespace kernel
