// Which device nodes exist and open, and whether new ones can be made and opened.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "probe/probe.h"

static const char* const nodes[] = {
    "/dev/null", "/dev/zero",    "/dev/full",   "/dev/random", "/dev/urandom",        "/dev/tty",
    "/dev/ptmx", "/dev/console", "/dev/mem",    "/dev/kmsg",   "/dev/kvm",            "/dev/fuse",
    "/dev/sda",  "/dev/vda",     "/dev/loop0",  "/dev/port",   "/dev/loop-control",   "/dev/net/tun",
    "/dev/rtc0", "/dev/hwrng",   "/dev/cpu/0/msr",
};

static const struct {
  const char* name;
  mode_t type;
  unsigned major;
  unsigned minor;
} made[] = {
    {"c 1:3 null", S_IFCHR, 1, 3},  {"c 1:1 mem", S_IFCHR, 1, 1},   {"c 1:11 kmsg", S_IFCHR, 1, 11},
    {"b 254:0 vda", S_IFBLK, 254, 0}, {"b 8:0 sda", S_IFBLK, 8, 0}, {"b 7:0 loop0", S_IFBLK, 7, 0},
    {"c 10:200 tun", S_IFCHR, 10, 200}, {"c 10:229 fuse", S_IFCHR, 10, 229},
};

static long open_read(const void* path) { return checked(open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)); }
static long open_write(const void* path) { return checked(open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)); }

static long make_node(const void* index) {
  size_t i = *(const size_t*)index;
  char path[64];
  // /dev is the one place that may be writable and allows devices; /tmp where /dev is not writable.
  static const char* const places[] = {"/dev", "/tmp", ""};
  long result = -ENOENT;
  for (size_t place = 0; place < sizeof places / sizeof *places; ++place) {
    snprintf(path, sizeof path, "%s/probe-node-%d", places[place], getpid());
    result = checked(mknod(path, made[i].type | 0600, makedev(made[i].major, made[i].minor)));
    if (result == 0) break;
  }
  if (result != 0) return result;
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  result = fd < 0 ? 1000 + errno : 0;  // made, but not opened: a value above 1000 names the errno of open
  if (fd >= 0) close(fd);
  unlink(path);
  return result;
}

void section_devices(void) {
  json_open("devices", '{');
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; ++i) {
    struct stat info;
    if (stat(nodes[i], &info) != 0) {
      json_string(nodes[i], errno_name(errno));
      continue;
    }
    json_open(nodes[i], '{');
    json_string("type", S_ISCHR(info.st_mode) ? "c" : S_ISBLK(info.st_mode) ? "b" : "other");
    json_unsigned("major", major(info.st_rdev));
    json_unsigned("minor", minor(info.st_rdev));
    json_unsigned("mode", info.st_mode & 07777);
    json_unsigned("uid", info.st_uid);
    json_unsigned("gid", info.st_gid);
    json_attempt("read", open_read, nodes[i]);
    json_attempt("write", open_write, nodes[i]);
    json_close('}');
  }
  json_close('}');
  json_open("mknod", '{');
  for (size_t i = 0; i < sizeof made / sizeof *made; ++i) {
    long value = 0;
    const char* word = attempt(make_node, &i, &value);
    json_open(made[i].name, '{');
    json_string("made", word);
    json_string("opened", value > 1000 ? errno_name((int)value - 1000) : word);
    json_close('}');
  }
  json_close('}');
}
