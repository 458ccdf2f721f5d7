// Limits on what the process may use: rlimits, OOM score, cgroup membership.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "probe/probe.h"

static const struct {
  const char* name;
  int resource;
} limits[] = {
    {"RLIMIT_AS", RLIMIT_AS},           {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},         {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},     {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},       {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},     {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},   {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_STACK", RLIMIT_STACK},     {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
};

// A small file's text as a string, or the name of the error in place of the text.
static void text_of(const char* key, const char* path) {
  char text[16384];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    json_string(key, errno_name(errno));
    return;
  }
  size_t used = 0;
  ssize_t size;
  while (used < sizeof text && (size = read(fd, text + used, sizeof text - used)) > 0) used += (size_t)size;
  close(fd);
  json_bytes(key, text, used);
}

void section_limits(void) {
  json_open("rlimits", '{');
  for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)limits[i].resource, &limit) != 0) continue;
    json_open(limits[i].name, '[');
    json_unsigned(NULL, limit.rlim_cur);
    json_unsigned(NULL, limit.rlim_max);
    json_close(']');
  }
  json_close('}');
  text_of("oom_score_adj", "/proc/self/oom_score_adj");
  text_of("cgroup", "/proc/self/cgroup");
  text_of("uid_map", "/proc/self/uid_map");
  text_of("gid_map", "/proc/self/gid_map");
  text_of("setgroups", "/proc/self/setgroups");
  text_of("timens_offsets", "/proc/self/timens_offsets");
}
