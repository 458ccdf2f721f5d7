// What the process was given: arguments, environment, directory, session, scheduling, names, keyring.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "probe/probe.h"

#define KEYCTL_GET_KEYRING_ID 0
#define KEYCTL_DESCRIBE 6
#define KEY_SPEC_SESSION_KEYRING (-3)

static void directory(void) {
  char path[PATH_MAX];
  // The raw call: glibc's hides "(unreachable)", which is how a directory outside the root shows.
  long size = syscall(SYS_getcwd, path, sizeof path);
  json_string("cwd", size > 0 ? path : errno_name(errno));
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length < 0) {
    json_string("exe", errno_name(errno));
  } else {
    json_bytes("exe", path, (size_t)length);
  }
  struct stat root;
  if (stat("/", &root) == 0) {
    json_open("root", '{');
    json_unsigned("device", root.st_dev);
    json_unsigned("inode", root.st_ino);
    json_unsigned("uid", root.st_uid);
    json_unsigned("gid", root.st_gid);
    json_close('}');
  }
}

static void session(void) {
  json_number("pid", getpid());
  json_number("ppid", getppid());
  json_number("sid", getsid(0));
  json_number("pgid", getpgid(0));
  int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  json_string("tty", tty < 0 ? errno_name(errno) : "ok");
  if (tty >= 0) close(tty);
  mode_t mask = umask(0);
  umask(mask);
  json_unsigned("umask", mask);
  json_number("dumpable", prctl(PR_GET_DUMPABLE));
  int death_signal = 0;
  prctl(PR_GET_PDEATHSIG, &death_signal);
  json_number("pdeathsig", death_signal);
}

static void scheduling(void) {
  json_open("scheduling", '{');
  struct sched_param parameters = {0};
  json_number("policy", sched_getscheduler(0));
  sched_getparam(0, &parameters);
  json_number("priority", parameters.sched_priority);
  errno = 0;
  json_number("nice", getpriority(PRIO_PROCESS, 0));
  long io = syscall(SYS_ioprio_get, 1, 0);
  json_number("io_class", io < 0 ? -1 : io >> 13);
  json_number("io_priority", io < 0 ? -1 : io & 0x1fff);
  unsigned long long cookie = 0;
  int found = prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, 0, PR_SCHED_CORE_SCOPE_THREAD, &cookie);
  json_string("cookie", found != 0 ? errno_name(errno) : cookie != 0 ? "one" : "none");
  int bypass = prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0, 0, 0);
  int branches = prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_INDIRECT_BRANCH, 0, 0, 0);
  json_number("store_bypass", bypass);
  json_number("indirect_branch", branches);
  cpu_set_t cpus;
  json_open("cpus", '[');
  if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &cpus)) json_number(NULL, i);
    }
  }
  json_close(']');
  json_close('}');
}

static void names(void) {
  struct utsname name;
  uname(&name);
  json_string("hostname", name.nodename);
  json_string("domainname", name.domainname);
  json_string("machine", name.machine);
  json_number("personality", personality(0xffffffff));
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  json_number("monotonic", now.tv_sec);
  clock_gettime(CLOCK_BOOTTIME, &now);
  json_number("boottime", now.tv_sec);
}

static long keyring_id(const void* unused) {
  (void)unused;
  return checked(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
}

static void keyring(void) {
  long id = 0;
  const char* word = attempt(keyring_id, NULL, &id);
  json_open("keyring", '{');
  json_string("result", word);
  if (strcmp(word, "ok") == 0) {
    char text[512];
    long size = syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, text, sizeof text);
    json_number("id", id);
    json_string("description", size > 0 && (size_t)size <= sizeof text ? text : errno_name(errno));
  }
  json_close('}');
}

void section_process(int argc, char** argv, char** environment) {
  json_open("argv", '[');
  for (int i = 0; i < argc; ++i) json_string(NULL, argv[i]);
  json_close(']');
  json_open("env", '[');
  for (char** entry = environment; *entry != NULL; ++entry) json_string(NULL, *entry);
  json_close(']');
  directory();
  session();
  scheduling();
  names();
  keyring();
}
