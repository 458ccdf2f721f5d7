// Which paths can be read, and where something can be written. Kernel files are only opened for writing, never written.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/probe.h"

static const char* const readable[] = {
    "/proc/kcore",       "/proc/keys",         "/proc/key-users",    "/proc/latency_stats", "/proc/timer_list",
    "/proc/sched_debug", "/proc/kallsyms",     "/proc/kmsg",         "/proc/modules",       "/proc/slabinfo",
    "/proc/vmallocinfo", "/proc/pagetypeinfo", "/proc/interrupts",   "/proc/scsi",          "/proc/acpi",
    "/proc/asound",      "/proc/config.gz",    "/proc/meminfo",      "/proc/cpuinfo",       "/proc/stat",
    "/proc/self/maps",   "/proc/1/environ",    "/proc/kpagecount",   "/proc/kpageflags",    "/proc/sysrq-trigger",
    "/sys/firmware",     "/sys/kernel",        "/sys/kernel/debug",  "/sys/kernel/tracing", "/sys/kernel/security",
    "/sys/fs/bpf",       "/sys/fs/cgroup",     "/sys/devices/virtual/powercap", "/sys/class/net", "/sys/module",
    "/etc/shadow",       "/etc/hostname",      "/sys/kernel/vmcoreinfo", "/sys/kernel/notes",
};

static const char* const opened_for_writing[] = {
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/shm_rmid_forced",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/vm/drop_caches",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/irq/default_smp_affinity",
    "/proc/bus/pci/devices",
    "/proc/self/oom_score_adj",
    "/proc/self/coredump_filter",
    "/proc/1/mem",
    "/sys/kernel/uevent_helper",
    "/sys/power/state",
    "/sys/fs/cgroup/cgroup.procs",
};

static const char* const directories[] = {
    "/",    "/bin", "/usr", "/etc", "/tmp",        "/var", "/run",     "/home",
    "/dev", "/dev/shm", "/dev/mqueue", "/proc", "/sys", "/sys/fs/cgroup",
};


static long read_it(const void* argument) {
  const char* path = argument;
  struct stat info;
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (fstat(fd, &info) != 0) return -errno;
  if (S_ISDIR(info.st_mode)) {  // the value is the number of entries
    DIR* directory = fdopendir(fd);
    if (directory == NULL) return -errno;
    long entries = -2;  // . and ..
    errno = 0;
    while (readdir(directory) != NULL) ++entries;
    return errno != 0 ? -errno : entries;
  }
  char bytes[4096];
  return checked(read(fd, bytes, sizeof bytes));
}

static long open_for_writing(const void* path) { return checked(open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)); }

static long create_in(const void* directory) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/probe-%d", strcmp(directory, "/") == 0 ? "" : (const char*)directory, getpid());
  int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return -errno;
  ssize_t written = write(fd, "x", 1);
  int error = written == 1 ? 0 : errno;
  unlink(path);
  return -error;
}

static long create_in_mqueue(const void* directory) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/probe-%d", (const char*)directory, getpid());
  int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return -errno;
  unlink(path);
  return 0;
}

void section_paths(void) {
  json_open("read", '{');
  for (size_t i = 0; i < sizeof readable / sizeof *readable; ++i) {
    long value = 0;
    const char* word = attempt(read_it, readable[i], &value);
    json_open(readable[i], '{');
    json_string("result", word);
    json_number("count", value < 0 ? 0 : value);
    json_close('}');
  }
  json_close('}');
  json_open("open_for_writing", '{');
  for (size_t i = 0; i < sizeof opened_for_writing / sizeof *opened_for_writing; ++i) {
    json_attempt(opened_for_writing[i], open_for_writing, opened_for_writing[i]);
  }
  json_close('}');
  json_open("create_in", '{');
  for (size_t i = 0; i < sizeof directories / sizeof *directories; ++i) {
    int mqueue = strcmp(directories[i], "/dev/mqueue") == 0;
    json_attempt(directories[i], mqueue ? create_in_mqueue : create_in, directories[i]);
  }
  json_close('}');
}
