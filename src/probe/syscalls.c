// System calls a function has no use for, each tried once in a child; the harmless form of each is used.
#define _GNU_SOURCE
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe/probe.h"

static const char nothing[64];
static unsigned allow_action[1] = {0x7fff0000U};
static int ends[2];

static long zero_or(long result) { return result < 0 ? -errno : 0; }

#define P(x) (x)
#define SELF getpid()
#define CALL(name, number, a, b, c, d, e, f)                                                               \
  static long call_##name(const void* unused) {                                                            \
    (void)unused;                                                                                          \
    (void)nothing, (void)allow_action, (void)ends;                                                         \
    return zero_or(syscall(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)));     \
  }
#include "probe/calls.inc"
#undef CALL

static const struct {
  const char* name;
  attempt_work work;
} calls[] = {
#define CALL(name, ...) {#name, call_##name},
#include "probe/calls.inc"
#undef CALL
};

struct socket_case {
  const char* name;
  unsigned long domain;
  unsigned long type;
  unsigned long protocol;
};

#define DIRTY (1UL << 32)
static const struct socket_case sockets[] = {
#define SOCKET(name, domain, type, protocol) {#name, domain, type, protocol},
#include "probe/sockets.inc"
#undef SOCKET
};

static long open_socket(const void* argument) {
  const struct socket_case* wanted = argument;
  return zero_or(syscall(SYS_socket, wanted->domain, wanted->type, wanted->protocol));
}

void section_syscalls(void) {
  json_open("attempts", '{');
  for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i) {
    if (guest && strcmp(calls[i].name, "remount_root") == 0) continue;  // it would stay writable
    json_attempt(calls[i].name, calls[i].work, NULL);
  }
  attempts_of_several_calls();
  landlock_layers();
  json_close('}');
  json_open("sockets", '{');
  for (size_t i = 0; i < sizeof sockets / sizeof *sockets; ++i) {
    json_attempt(sockets[i].name, open_socket, &sockets[i]);
  }
  json_close('}');
}
