// Every open file descriptor, found by asking for each number, so that /proc is not needed to see a leak.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "probe/probe.h"

#define LAST_DESCRIPTOR 4096

static const char* kind_of(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "directory";
  if (S_ISCHR(mode)) return "character";
  if (S_ISBLK(mode)) return "block";
  if (S_ISFIFO(mode)) return "pipe";
  if (S_ISSOCK(mode)) return "socket";
  return "other";
}

static void one(int fd, int fd_flags) {
  char path[64];
  char target[PATH_MAX];
  struct stat info;
  json_open(NULL, '{');
  json_number("fd", fd);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(path, target, sizeof target);
  if (size < 0) {
    json_string("link", errno_name(errno));
  } else {
    json_bytes("link", target, (size_t)size);
  }
  json_number("flags", fcntl(fd, F_GETFL));
  json_bool("cloexec", (fd_flags & FD_CLOEXEC) != 0);
  if (fstat(fd, &info) == 0) {
    json_string("kind", kind_of(info.st_mode));
    json_unsigned("device", info.st_dev);
    json_unsigned("major", major(info.st_rdev));
    json_unsigned("minor", minor(info.st_rdev));
    json_unsigned("uid", info.st_uid);
  }
  json_close('}');
}

void section_files(void) {
  json_open("fds", '[');
  for (int fd = 0; fd < LAST_DESCRIPTOR; ++fd) {
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0) one(fd, flags);
  }
  json_close(']');
}
