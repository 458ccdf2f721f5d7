// Who the process is: ids, groups, capabilities, securebits, the no-new-privileges bit, the seccomp state.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe/probe.h"

#define LAST_CAPABILITY 63

// A number that only /proc/self/status has, one of several after the name; -1 without it.
static long from_status(const char* name, int column) {
  char text[8192];
  int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return -1;
  text[size] = '\0';
  const char* line = strstr(text, name);
  if (line == NULL) return -1;
  char* at = text + (line - text) + strlen(name);
  long value = -1;
  for (int i = 0; i <= column; ++i) value = strtol(at, &at, 10);
  return value;
}

// An id that is never valid: the call returns the one in force, if the filter lets it.
static void file_system_id(long in_force, const char* name) {
  json_unsigned(NULL, in_force != -1 ? (unsigned)in_force : (unsigned)from_status(name, 3));
}

static void ids(void) {
  uid_t uid[3] = {0, 0, 0};
  gid_t gid[3] = {0, 0, 0};
  if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 || getresgid(&gid[0], &gid[1], &gid[2]) != 0) return;
  json_open("uid", '[');
  for (int i = 0; i < 3; ++i) json_unsigned(NULL, uid[i]);
  file_system_id(setfsuid((uid_t)-1), "\nUid:\t");
  json_close(']');
  json_open("gid", '[');
  for (int i = 0; i < 3; ++i) json_unsigned(NULL, gid[i]);
  file_system_id(setfsgid((gid_t)-1), "\nGid:\t");
  json_close(']');
  static gid_t groups[65536];
  int count = getgroups((int)(sizeof groups / sizeof *groups), groups);
  json_open("groups", '[');
  for (int i = 0; i < count; ++i) json_unsigned(NULL, groups[i]);
  json_close(']');
}

static void capability_set(const char* key, uint64_t set) {
  char digits[20];
  snprintf(digits, sizeof digits, "%016llx", (unsigned long long)set);
  json_string(key, digits);
}

static void capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  memset(data, 0, sizeof data);
  long result = syscall(SYS_capget, &header, data);
  json_open("capabilities", '{');
  json_string("result", result == 0 ? "ok" : errno_name(errno));
  capability_set("effective", data[0].effective | (uint64_t)data[1].effective << 32);
  capability_set("permitted", data[0].permitted | (uint64_t)data[1].permitted << 32);
  capability_set("inheritable", data[0].inheritable | (uint64_t)data[1].inheritable << 32);
  uint64_t bounding = 0;
  uint64_t ambient = 0;
  for (int i = 0; i <= LAST_CAPABILITY; ++i) {
    if (prctl(PR_CAPBSET_READ, i) == 1) bounding |= UINT64_C(1) << i;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) ambient |= UINT64_C(1) << i;
  }
  capability_set("bounding", bounding);
  capability_set("ambient", ambient);
  json_number("securebits", prctl(PR_GET_SECUREBITS));
  json_close('}');
}

void section_identity(void) {
  ids();
  capabilities();
  json_number("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  json_open("seccomp", '{');
  json_number("mode", from_status("\nSeccomp:\t", 0));
  json_number("filters", from_status("\nSeccomp_filters:\t", 0));
  json_close('}');
}
