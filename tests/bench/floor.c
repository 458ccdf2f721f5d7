// The bare-kernel floor: what the kernel itself costs for a container like the benchmark's, by the cheapest means.
//   floor ROOTFS CGROUP[:CGROUP...] PROGRAM [ARGUMENT]...
// Makes the cgroup directories (absolute paths, one in each hierarchy), a process in new pid, ipc, uts, mount, network
// and cgroup namespaces in them, the mounts, devices, masked and read-only paths of contrib/functions/bundle_config.py,
// runs the program and removes the cgroups. Nothing is parsed, checked, recorded or hardened; no filter is loaded.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROUP2_MAGIC 0x63677270
#define MAX_CGROUPS 32

static void die(const char* what) {
  perror(what);
  _exit(125);
}

static int write_file(const char* directory, const char* name, const char* text) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t size = write(fd, text, strlen(text));
  close(fd);
  return size < 0 ? -1 : 0;
}

// A new cpuset has no processors: it takes its parent's.
static void copy_from_parent(const char* directory, const char* name) {
  char path[4096];
  char text[4096];
  snprintf(path, sizeof path, "%s/../%s", directory, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return;
  text[size] = '\0';
  write_file(directory, name, text);
}

static void limit_devices(const char* directory) {
  static const char* const allowed[] = {"c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm",   "c 1:7 rwm",    "c 1:8 rwm",
                                        "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm", "c 10:200 rwm"};
  if (write_file(directory, "devices.deny", "a") != 0) return;
  for (size_t i = 0; i < sizeof allowed / sizeof *allowed; ++i) write_file(directory, "devices.allow", allowed[i]);
}

static void mount_one(const char* type, const char* target, unsigned long flags, const char* data) {
  mkdir(target, 0755);
  if (mount(type, target, type, flags, data) != 0) die(target);
}

static void make_dev(void) {
  static const struct {
    const char* path;
    unsigned major;
    unsigned minor;
  } nodes[] = {{"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
               {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; ++i) {
    if (mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) != 0) die(nodes[i].path);
  }
  if (symlink("/proc/self/fd", "dev/fd") || symlink("/proc/self/fd/0", "dev/stdin") ||
      symlink("/proc/self/fd/1", "dev/stdout") || symlink("/proc/self/fd/2", "dev/stderr") ||
      symlink("pts/ptmx", "dev/ptmx")) {
    die("dev");
  }
}

static void hide_paths(void) {
  static const char* const masked[] = {"proc/acpi",         "proc/asound",      "proc/kcore", "proc/keys",
                                       "proc/latency_stats", "proc/timer_list", "proc/scsi",  "proc/sched_debug",
                                       "sys/firmware"};
  static const char* const frozen[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
  for (size_t i = 0; i < sizeof masked / sizeof *masked; ++i) {
    struct stat info;
    if (stat(masked[i], &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      if (mount("none", masked[i], "tmpfs", MS_RDONLY, "size=0k") != 0) die(masked[i]);
    } else if (mount("dev/null", masked[i], NULL, MS_BIND, NULL) != 0) {
      die(masked[i]);
    }
  }
  for (size_t i = 0; i < sizeof frozen / sizeof *frozen; ++i) {
    if (mount(frozen[i], frozen[i], NULL, MS_BIND | MS_REC, NULL) != 0) continue;
    mount(NULL, frozen[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  }
}

static void loopback_up(void) {
  struct ifreq request;
  memset(&request, 0, sizeof request);
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) die("lo");
  close(fd);
}

static void become_container(const char* rootfs, char** program) {
  if (unshare(CLONE_NEWCGROUP) != 0) die("unshare");
  if (sethostname("bench", 5) != 0) die("sethostname");
  loopback_up();
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) die("/");
  if (mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) != 0 || chdir(rootfs) != 0) die(rootfs);
  mount_one("proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_one("tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
  make_dev();
  mount_one("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
  mount_one("tmpfs", "dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k");
  mount_one("mqueue", "dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_one("sysfs", "sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL);
  mount_one("tmpfs", "run", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
  mount_one("tmpfs", "tmp", MS_NOSUID | MS_NODEV, "mode=1777,size=65536k");
  hide_paths();
  if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) die("pivot_root");
  execve(program[0], program, (char*[]){"PATH=/bin", NULL});
  die(program[0]);
}

// The only hierarchy of v2 takes the child as it is born; in v1 a single-threaded child joins by itself, by "tasks",
// which spares it the lock that a write to "cgroup.procs" takes.
static int unified_cgroup(const char* directory) {
  struct statfs info;
  if (statfs(directory, &info) != 0 || info.f_type != CGROUP2_MAGIC) return -1;
  return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  char* cgroups[MAX_CGROUPS];
  int count = 0;
  int unified = -1;
  for (char *save = NULL, *path = strtok_r(argv[2], ":", &save); path != NULL && count < MAX_CGROUPS;
       path = strtok_r(NULL, ":", &save)) {
    cgroups[count++] = path;
    if (mkdir(path, 0755) != 0 && errno != EEXIST) die(path);
    int fd = unified_cgroup(path);
    if (fd >= 0) {
      unified = fd;
      continue;
    }
    if (strstr(path, "/cpuset/") != NULL) {
      copy_from_parent(path, "cpuset.cpus");
      copy_from_parent(path, "cpuset.mems");
    }
    if (strstr(path, "/devices/") != NULL) limit_devices(path);
  }
  struct clone_args arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.flags = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWNET;
  arguments.exit_signal = SIGCHLD;
  if (unified >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = (uint64_t)unified;
  }
  long child = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child < 0) die("clone3");
  if (child == 0) {
    for (int i = 0; i < count; ++i) write_file(cgroups[i], "tasks", "0");
    become_container(argv[1], argv + 3);
  }
  int status = 0;
  while (waitpid((pid_t)child, &status, 0) < 0 && errno == EINTR) {
  }
  for (int i = 0; i < count; ++i) {
    if (rmdir(cgroups[i]) != 0) die(cgroups[i]);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
