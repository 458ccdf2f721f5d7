// Attempts that take more than one call, or arguments that are known only when they are made.
#define _GNU_SOURCE
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/probe.h"

static long zero_or(long result) { return result < 0 ? -errno : 0; }

static long try_setns(const void* unused) {
  (void)unused;
  return zero_or(syscall(SYS_setns, open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), 0));
}

static long try_pidfd_getfd(const void* unused) {
  (void)unused;
  return zero_or(syscall(__NR_pidfd_getfd, syscall(__NR_pidfd_open, getpid(), 0), 0, 0));
}

// A child that waits to be looked at, until this process is through.
static pid_t victim(void) {
  int ends[2];
  char byte = 0;
  if (pipe(ends) != 0) return -1;
  pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    while (read(ends[0], &byte, 1) < 0) {
    }
    _exit(0);
  }
  return child;
}

static long try_ptrace_child(const void* unused) {
  (void)unused;
  pid_t child = victim();
  return child < 0 ? -errno : zero_or(syscall(SYS_ptrace, 0x4206 /* PTRACE_SEIZE */, child, 0, 0));
}

static long try_read_child(const void* unused) {
  (void)unused;
  static char theirs = 'x';
  char ours = 0;
  struct iovec local = {&ours, 1};
  struct iovec remote = {&theirs, 1};
  pid_t child = victim();
  return child < 0 ? -errno : zero_or(syscall(SYS_process_vm_readv, child, &local, 1, &remote, 1, 0));
}

static long try_mmap_wx(const void* unused) {
  (void)unused;
  void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? -errno : 0;
}

static long try_mprotect_x(const void* unused) {
  (void)unused;
  char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return -errno;
  page[0] = 1;
  return zero_or(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static long try_mkdir_cgroup(const void* unused) {
  (void)unused;
  if (mkdir("/sys/fs/cgroup/probe", 0755) != 0) return -errno;
  return zero_or(rmdir("/sys/fs/cgroup/probe"));
}

static long try_sethostname(const void* unused) {
  (void)unused;
  struct utsname now;
  uname(&now);
  return zero_or(sethostname(now.nodename, strlen(now.nodename)));
}

static long try_clone_user(const void* unused) {
  (void)unused;
  long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
  if (pid == 0) _exit(0);
  if (pid < 0) return -errno;
  waitpid((pid_t)pid, NULL, 0);
  return 0;
}

static long try_perf_event_open(const void* unused) {
  (void)unused;
  struct perf_event_attr attribute;
  memset(&attribute, 0, sizeof attribute);
  attribute.size = sizeof attribute;
  attribute.type = PERF_TYPE_SOFTWARE;
  return zero_or(syscall(SYS_perf_event_open, &attribute, 0, -1, -1, 0));
}

static long try_name_to_handle_at(const void* unused) {
  (void)unused;
  struct {
    struct file_handle handle;
    unsigned char bytes[MAX_HANDLE_SZ];
  } file;
  int mount_id = 0;
  file.handle.handle_bytes = MAX_HANDLE_SZ;
  return zero_or(syscall(SYS_name_to_handle_at, AT_FDCWD, "/", &file.handle, &mount_id, 0));
}

static long try_open_by_handle_at(const void* unused) {
  (void)unused;
  struct {
    struct file_handle handle;
    unsigned char bytes[MAX_HANDLE_SZ];
  } file;
  int mount_id = 0;
  file.handle.handle_bytes = MAX_HANDLE_SZ;
  if (syscall(SYS_name_to_handle_at, AT_FDCWD, "/", &file.handle, &mount_id, 0) != 0) return -errno;
  return zero_or(syscall(SYS_open_by_handle_at, open("/", O_RDONLY | O_CLOEXEC), &file.handle, O_RDONLY));
}

static long try_realtime(const void* unused) {
  (void)unused;
  struct sched_param parameters = {.sched_priority = 1};
  return zero_or(sched_setscheduler(0, SCHED_FIFO, &parameters));
}

static long try_core_limit(const void* unused) {
  (void)unused;
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  return zero_or(setrlimit(RLIMIT_CORE, &limit));
}

#if defined(__x86_64__)
// The 32-bit entry: number 20 is getpid there. A kernel without it delivers SIGSEGV.
static long try_int80(const void* unused) {
  (void)unused;
  long result = 20;
  __asm__ volatile("int $0x80" : "+a"(result) : : "r8", "r9", "r10", "r11", "memory");
  return result;
}

static long try_x32(const void* unused) {
  (void)unused;
  return zero_or(syscall(0x40000000L + SYS_getpid));
}
#endif

static long try_exec_memfd(const void* unused) {
  (void)unused;
  int fd = memfd_create("probe", MFD_CLOEXEC);
  if (fd < 0) return -errno;
  long result = write_tiny(fd);
  return result == 0 ? run_tiny(fd) : result;
}

static long try_exec_tmp(const void* unused) {
  (void)unused;
  return exec_in("/tmp");
}

static const struct {
  const char* name;
  attempt_work work;
} attempts[] = {
    {"clone_user", try_clone_user},
    {"setns", try_setns},
    {"pidfd_getfd", try_pidfd_getfd},
    {"ptrace_child", try_ptrace_child},
    {"read_child", try_read_child},
    {"perf_event_open", try_perf_event_open},
    {"name_to_handle_at", try_name_to_handle_at},
    {"open_by_handle_at", try_open_by_handle_at},
    {"sethostname", try_sethostname},
    {"realtime", try_realtime},
    {"core_limit", try_core_limit},
    {"mmap_wx", try_mmap_wx},
    {"mprotect_x", try_mprotect_x},
    {"mkdir_cgroup", try_mkdir_cgroup},
    {"exec_memfd", try_exec_memfd},
    {"exec_tmp", try_exec_tmp},
#if defined(__x86_64__)
    {"int80", try_int80},
    {"x32", try_x32},
#endif
};

void attempts_of_several_calls(void) {
  for (size_t i = 0; i < sizeof attempts / sizeof *attempts; ++i) json_attempt(attempts[i].name, attempts[i].work, NULL);
}
