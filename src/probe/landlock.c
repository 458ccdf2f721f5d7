// What Landlock leaves, where nothing else would take it: landlock(7).
#define _GNU_SOURCE
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe/probe.h"

// A process can be in 16 domains, one in the other: how many it can still add tells whether it is in one.
static long add_layers(const void* unused) {
  (void)unused;
  const uint64_t handles_execution = 1;
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  for (long layers = 0; layers < 64; ++layers) {
    long ruleset = syscall(__NR_landlock_create_ruleset, &handles_execution, sizeof handles_execution, 0);
    if (ruleset < 0) return -errno;
    if (syscall(__NR_landlock_restrict_self, ruleset, 0) != 0) return errno == E2BIG ? layers : -errno;
    close((int)ruleset);
  }
  return -ELOOP;
}

void landlock_layers(void) {
  char number[24];
  long layers = 0;
  const char* word = attempt(add_layers, NULL, &layers);
  snprintf(number, sizeof number, "%ld", layers);
  json_string("landlock_layers", strcmp(word, "ok") == 0 ? number : word);
}

enum side { to_bind, to_connect };

static long on_port(const char* port, enum side side) {
  struct sockaddr_in place;
  memset(&place, 0, sizeof place);
  place.sin_family = AF_INET;
  place.sin_port = htons((uint16_t)atoi(port));
  place.sin_addr.s_addr = htonl(side == to_bind ? INADDR_ANY : INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (side == to_connect ? SOCK_NONBLOCK : 0), 0);
  if (fd < 0) return -errno;
  const struct sockaddr* address = (const struct sockaddr*)&place;
  int result = side == to_bind ? bind(fd, address, sizeof place) : connect(fd, address, sizeof place);
  return result == 0 || errno == EINPROGRESS ? 0 : -errno;
}

long bind_port(const void* port) { return on_port(port, to_bind); }
long connect_port(const void* port) { return on_port(port, to_connect); }

// A socket that somebody outside listens on, in a network that is shared.
long connect_abstract(const void* name) {
  struct sockaddr_un place = {.sun_family = AF_UNIX};
  size_t size = strlen(name);
  if (size >= sizeof place.sun_path) return -ENAMETOOLONG;
  memcpy(place.sun_path + 1, name, size);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size);
  return connect(fd, (const struct sockaddr*)&place, length) == 0 ? 0 : -errno;
}

// No signal at all: only whether one may be sent.
long send_signal(const void* pid) { return kill(atoi(pid), 0) == 0 ? 0 : -errno; }

// By a descriptor: what is in a directory, or the file itself again.
long open_again(const void* descriptor) {
  char path[64];
  struct stat info;
  int fd = atoi(descriptor);
  if (fstat(fd, &info) != 0) return -errno;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  long result = S_ISDIR(info.st_mode) ? openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  return result < 0 ? -errno : 0;
}
