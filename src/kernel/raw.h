// System calls without libc: each returns the result or a negative errno, allocates nothing and touches no
// thread-local state. For init, which has no libc, and for code that runs between clone and exec.
// The entry sequence and the numbers are the only architecture-dependent lines of the project.
#pragma once

#include <asm/unistd.h>
#include <linux/types.h>

#include <cstddef>
#include <cstdint>

namespace kernel::raw {

#if defined(__x86_64__)
inline long syscall6(long nr, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long syscall6(long nr, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "bulkhead runs on x86-64 and aarch64"
#endif

// clone3(2) with a stack for the child, named in `args`: the child calls `run(argument)` there, which never returns, while
// the caller goes on. In the child there is no frame to return to; hence the entry by hand.
#if defined(__x86_64__)
inline long clone3_on_stack(const void* args, std::size_t size, void (*run)(void*), void* argument) {
  register void (*r8)(void*) __asm__("r8") = run;
  register void* r9 __asm__("r9") = argument;
  long result;
  __asm__ volatile(
      "syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tmov %%r9, %%rdi\n\tcall *%%r8\n\thlt\n1:"
      : "=a"(result)
      : "a"(__NR_clone3), "D"(args), "S"(size), "r"(r8), "r"(r9)
      : "rcx", "r11", "memory", "cc");
  return result;
}
#elif defined(__aarch64__)
inline long clone3_on_stack(const void* args, std::size_t size, void (*run)(void*), void* argument) {
  register long x8 __asm__("x8") = __NR_clone3;
  register const void* x0 __asm__("x0") = args;
  register std::size_t x1 __asm__("x1") = size;
  register void (*x9)(void*) __asm__("x9") = run;
  register void* x10 __asm__("x10") = argument;
  __asm__ volatile("svc 0\n\tcbnz x0, 1f\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, x10\n\tblr x9\n\tbrk #1\n1:"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x9), "r"(x10)
                   : "memory", "cc");
  return reinterpret_cast<long>(x0);
}
#endif

inline long arg(const void* p) { return reinterpret_cast<long>(p); }
inline long arg(long v) { return v; }
inline long arg(unsigned long v) { return static_cast<long>(v); }
inline long arg(unsigned long long v) { return static_cast<long>(v); }
inline long arg(int v) { return v; }
inline long arg(unsigned v) { return static_cast<long>(v); }

// call(__NR_x, args…): unused arguments are zero.
template <typename A = int, typename B = int, typename C = int, typename D = int, typename E = int, typename F = int>
inline long call(long nr, A a = 0, B b = 0, C c = 0, D d = 0, E e = 0, F f = 0) {
  return syscall6(nr, arg(a), arg(b), arg(c), arg(d), arg(e), arg(f));
}

// File types of st_mode, as in inode(7): <linux/stat.h> hides them wherever a libc header came first.
constexpr std::uint32_t kTypeMask = 0170000;
constexpr std::uint32_t kRegular = 0100000;
constexpr std::uint32_t kDirectory = 0040000;
constexpr std::uint32_t kSymlink = 0120000;
constexpr std::uint32_t kCharDevice = 0020000;
constexpr std::uint32_t kFifo = 0010000;

inline bool failed(long result) { return result < 0 && result >= -4095; }

// Retries while `attempt` is interrupted by a signal.
template <typename F>
inline long uninterrupted(F attempt) {
  long result;
  do {
    result = attempt();
  } while (result == -4 /* EINTR */);
  return result;
}

// Traps where a seccomp filter refuses both calls: a fault ends even the first process of a pid namespace.
[[noreturn]] inline void exit(int status) {
  call(__NR_exit_group, status);
  call(__NR_exit, status);
  __builtin_trap();
}

}  // namespace kernel::raw
