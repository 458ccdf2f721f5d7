// One attempt at something that may be forbidden, in a child of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/probe.h"

struct outcome {
  int done;
  long value;
};

long checked(long result) { return result == -1 ? -errno : result; }

static struct outcome* shared_outcome(void) {
  static struct outcome* shared;
  if (shared == NULL) {
    void* page = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) _exit(121);
    shared = page;
  }
  return shared;
}

const char* attempt(attempt_work work, const void* argument, long* value) {
  struct outcome* outcome = shared_outcome();
  memset(outcome, 0, sizeof *outcome);
  pid_t child = fork();
  if (child < 0) return errno_name(errno);
  if (child == 0) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    alarm(10);
    outcome->value = work(argument);
    outcome->done = 1;
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (value != NULL) *value = outcome->value;
  if (WIFSIGNALED(status)) return signal_name(WTERMSIG(status));
  if (!outcome->done) return "no outcome";
  return outcome->value < 0 ? errno_name((int)-outcome->value) : "ok";
}

void json_attempt(const char* key, attempt_work work, const void* argument) {
  json_string(key, attempt(work, argument, NULL));
}
