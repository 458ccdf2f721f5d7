// System calls a function has no use for, each tried once in a child; the harmless form of each is used.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

// Numbers that Debian 12's headers may lack; they are the same on every architecture.
enum {
  nr_pidfd_open = 434,
  nr_clone3 = 435,
  nr_io_uring_setup = 425,
  nr_open_tree = 428,
  nr_move_mount = 429,
  nr_fsopen = 430,
  nr_pidfd_getfd = 438,
  nr_mount_setattr = 442,
  nr_landlock_create_ruleset = 444,
  nr_memfd_secret = 447,
};

static long zero_or(long result) { return result < 0 ? -errno : 0; }

#define ATTEMPT(name, expression)          \
  static long name(const void* unused) {   \
    (void)unused;                          \
    return zero_or((long)(expression));    \
  }

ATTEMPT(try_remount_root, mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV, NULL))
ATTEMPT(try_pivot_root, syscall(SYS_pivot_root, "/", "/"))
ATTEMPT(try_chroot, chroot("/"))
ATTEMPT(try_fsopen, syscall(nr_fsopen, "tmpfs", 0))
ATTEMPT(try_open_tree, syscall(nr_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */))
ATTEMPT(try_move_mount, syscall(nr_move_mount, AT_FDCWD, "/nonexistent-probe", AT_FDCWD, "/", 0))
ATTEMPT(try_mount_setattr, syscall(nr_mount_setattr, AT_FDCWD, "/", 0, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32))
ATTEMPT(try_unshare_user, unshare(CLONE_NEWUSER))
ATTEMPT(try_unshare_mount, unshare(CLONE_NEWNS))
ATTEMPT(try_unshare_net, unshare(CLONE_NEWNET))
ATTEMPT(try_unshare_uts, unshare(CLONE_NEWUTS))
ATTEMPT(try_clone3, syscall(nr_clone3, NULL, 0))
ATTEMPT(try_setuid_0, syscall(SYS_setuid, 0))
ATTEMPT(try_setgid_0, syscall(SYS_setgid, 0))
ATTEMPT(try_setgroups, syscall(SYS_setgroups, 0, NULL))
ATTEMPT(try_ptrace, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
ATTEMPT(try_process_vm_readv, syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0))
ATTEMPT(try_kcmp, syscall(SYS_kcmp, getpid(), getpid(), 1 /* KCMP_VM */, 0, 0))
ATTEMPT(try_pidfd_open, syscall(nr_pidfd_open, getpid(), 0))
ATTEMPT(try_pidfd_getfd, syscall(nr_pidfd_getfd, syscall(nr_pidfd_open, getpid(), 0), 0, 0))
ATTEMPT(try_add_key, syscall(SYS_add_key, "user", "bulkhead-probe", "x", 1, KEY_SPEC_THREAD_KEYRING))
ATTEMPT(try_request_key, syscall(SYS_request_key, "user", "bulkhead-probe-none", NULL, 0))
ATTEMPT(try_keyctl, syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0))
ATTEMPT(try_bpf, syscall(SYS_bpf, 0 /* BPF_MAP_CREATE */, NULL, 0))
ATTEMPT(try_userfaultfd, syscall(SYS_userfaultfd, O_CLOEXEC))
ATTEMPT(try_io_uring_setup, syscall(nr_io_uring_setup, 0, NULL))
ATTEMPT(try_landlock, syscall(nr_landlock_create_ruleset, NULL, 0, 1))
ATTEMPT(try_memfd_create, memfd_create("probe", MFD_CLOEXEC))
ATTEMPT(try_memfd_secret, syscall(nr_memfd_secret, 0))
ATTEMPT(try_syslog, syscall(SYS_syslog, 10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0))
ATTEMPT(try_init_module, syscall(SYS_init_module, NULL, 0, ""))
ATTEMPT(try_kexec_load, syscall(SYS_kexec_load, 0, 0, NULL, 0xffffffffUL))
ATTEMPT(try_reboot, syscall(SYS_reboot, 0, 0, 0, NULL))
ATTEMPT(try_swapon, syscall(SYS_swapon, "/nonexistent-probe", 0))
ATTEMPT(try_quotactl, syscall(SYS_quotactl, 0, NULL, 0, NULL))
ATTEMPT(try_fanotify_init, syscall(SYS_fanotify_init, 0x4 /* FAN_CLASS_CONTENT */, O_RDONLY))
ATTEMPT(try_personality, syscall(SYS_personality, 0x0040000 /* ADDR_NO_RANDOMIZE */))
ATTEMPT(try_setns, syscall(SYS_setns, open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), 0))
ATTEMPT(try_settimeofday, syscall(SYS_settimeofday, NULL, NULL))
ATTEMPT(try_mmap_wx, mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0)
ATTEMPT(try_mkdir_cgroup, mkdir("/sys/fs/cgroup/probe", 0755) == 0 ? rmdir("/sys/fs/cgroup/probe") : -1)
ATTEMPT(try_ioperm, syscall(SYS_ioperm, 0x80, 1, 1))
ATTEMPT(try_mbind, syscall(SYS_mbind, NULL, 0, 0, NULL, 0, 0))
// Calls every function needs: a filter that stops these is broken.
ATTEMPT(try_getpid, syscall(SYS_getpid))
ATTEMPT(try_pipe, pipe2((int[2]){0, 0}, O_CLOEXEC))

static long try_mount(const void* unused) {
  (void)unused;
  if (mount("none", "/", "tmpfs", 0, "size=4k") != 0) return -errno;
  umount2("/", MNT_DETACH);
  return 0;
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

static long try_seccomp(const void* unused) {
  (void)unused;
  return zero_or(syscall(SYS_seccomp, 2 /* SECCOMP_GET_ACTION_AVAIL */, 0, &(uint32_t){0x7fff0000U}));
}

struct socket_case {
  const char* name;
  unsigned long domain;
  unsigned long type;
  unsigned long protocol;
};

// The kernel looks at the low 32 bits only; a filter that compares all 64 lets the "dirty" ones through.
#define DIRTY (1UL << 32)

static const struct socket_case sockets[] = {
    {"unix", AF_UNIX, SOCK_STREAM, 0},
    {"inet_stream", AF_INET, SOCK_STREAM, 0},
    {"inet_datagram", AF_INET, SOCK_DGRAM, 0},
    {"inet6_stream", AF_INET6, SOCK_STREAM, 0},
    {"inet_raw", AF_INET, SOCK_RAW, 1},
    {"inet_raw_dirty", AF_INET, DIRTY | SOCK_RAW, 1},
    {"inet_icmp_datagram", AF_INET, SOCK_DGRAM, 1},
    {"mptcp", AF_INET, SOCK_STREAM, 262},
    {"sctp", AF_INET, SOCK_STREAM, 132},
    {"packet", 17, SOCK_DGRAM, 0},
    {"netlink_route", 16, SOCK_RAW, 0},
    {"netlink_audit", 16, SOCK_RAW, 9},
    {"netlink_netfilter", 16, SOCK_RAW, 12},
    {"alg", 38, SOCK_SEQPACKET, 0},
    {"alg_dirty", DIRTY | 38, SOCK_SEQPACKET, 0},
    {"vsock", 40, SOCK_STREAM, 0},
    {"vsock_dirty", DIRTY | 40, SOCK_STREAM, 0},
    {"can", 29, SOCK_RAW, 1},
    {"bluetooth", 31, SOCK_RAW, 1},
    {"tipc", 30, SOCK_SEQPACKET, 0},
    {"xdp", 44, SOCK_RAW, 0},
};

static long open_socket(const void* argument) {
  const struct socket_case* wanted = argument;
  return zero_or(syscall(SYS_socket, wanted->domain, wanted->type, wanted->protocol));
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

// Copies the probe's own file; for memfd and /tmp, from where it is then run.
static int copy_self(int to) {
  char bytes[65536];
  int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (from < 0) return -errno;
  ssize_t size;
  while ((size = read(from, bytes, sizeof bytes)) > 0) {
    if (write(to, bytes, (size_t)size) != size) return -errno;
  }
  close(from);
  return size < 0 ? -errno : 0;
}

static long status_of_run(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 42 ? 0 : -ECHILD; }

static long try_exec_memfd(const void* unused) {
  (void)unused;
  int fd = memfd_create("probe", MFD_CLOEXEC);
  if (fd < 0) return -errno;
  long result = copy_self(fd);
  if (result != 0) return result;
  pid_t child = fork();
  if (child == 0) {
    syscall(SYS_execveat, fd, "", (char*[]){"probe", "--exit", "42", NULL}, (char*[]){NULL}, AT_EMPTY_PATH);
    _exit(errno);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 42) return -WEXITSTATUS(status);
  return status_of_run(status);
}

static long try_exec_tmp(const void* unused) {
  (void)unused;
  char path[64];
  snprintf(path, sizeof path, "/tmp/probe-%d", getpid());
  int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700);
  if (fd < 0) return -errno;
  long result = copy_self(fd);
  close(fd);
  int status = 0;
  if (result == 0) {
    pid_t child = fork();
    if (child == 0) {
      execve(path, (char*[]){"probe", "--exit", "42", NULL}, (char*[]){NULL});
      _exit(errno);
    }
    waitpid(child, &status, 0);
    result = WIFEXITED(status) && WEXITSTATUS(status) != 42 ? -WEXITSTATUS(status) : status_of_run(status);
  }
  unlink(path);
  return result;
}

static const struct {
  const char* name;
  attempt_work work;
} calls[] = {
    {"mount", try_mount},
    {"remount_root", try_remount_root},
    {"pivot_root", try_pivot_root},
    {"chroot", try_chroot},
    {"fsopen", try_fsopen},
    {"open_tree", try_open_tree},
    {"move_mount", try_move_mount},
    {"mount_setattr", try_mount_setattr},
    {"unshare_user", try_unshare_user},
    {"unshare_mount", try_unshare_mount},
    {"unshare_net", try_unshare_net},
    {"unshare_uts", try_unshare_uts},
    {"clone_user", try_clone_user},
    {"clone3", try_clone3},
    {"setns", try_setns},
    {"setuid_0", try_setuid_0},
    {"setgid_0", try_setgid_0},
    {"setgroups", try_setgroups},
    {"ptrace", try_ptrace},
    {"process_vm_readv", try_process_vm_readv},
    {"kcmp", try_kcmp},
    {"pidfd_open", try_pidfd_open},
    {"pidfd_getfd", try_pidfd_getfd},
    {"add_key", try_add_key},
    {"request_key", try_request_key},
    {"keyctl", try_keyctl},
    {"bpf", try_bpf},
    {"perf_event_open", try_perf_event_open},
    {"userfaultfd", try_userfaultfd},
    {"io_uring_setup", try_io_uring_setup},
    {"landlock_create_ruleset", try_landlock},
    {"memfd_create", try_memfd_create},
    {"memfd_secret", try_memfd_secret},
    {"exec_memfd", try_exec_memfd},
    {"exec_tmp", try_exec_tmp},
    {"syslog", try_syslog},
    {"init_module", try_init_module},
    {"kexec_load", try_kexec_load},
    {"reboot", try_reboot},
    {"swapon", try_swapon},
    {"quotactl", try_quotactl},
    {"fanotify_init", try_fanotify_init},
    {"name_to_handle_at", try_name_to_handle_at},
    {"open_by_handle_at", try_open_by_handle_at},
    {"personality", try_personality},
    {"sethostname", try_sethostname},
    {"settimeofday", try_settimeofday},
    {"realtime", try_realtime},
    {"core_limit", try_core_limit},
    {"seccomp", try_seccomp},
    {"mmap_wx", try_mmap_wx},
    {"mkdir_cgroup", try_mkdir_cgroup},
    {"ioperm", try_ioperm},
    {"mbind", try_mbind},
#if defined(__x86_64__)
    {"int80", try_int80},
    {"x32", try_x32},
#endif
    {"getpid", try_getpid},
    {"pipe", try_pipe},
};

void section_syscalls(void) {
  json_open("attempts", '{');
  for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i) json_attempt(calls[i].name, calls[i].work, NULL);
  json_close('}');
  json_open("sockets", '{');
  for (size_t i = 0; i < sizeof sockets / sizeof *sockets; ++i) {
    json_attempt(sockets[i].name, open_socket, &sockets[i]);
  }
  json_close('}');
}
