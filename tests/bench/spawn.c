// Times one command: vfork(2), execve(2), wait4(2), between two reads of the monotonic clock, and tells what it used.
//   spawn [-n COUNT] [-p MILLISECONDS] [-q] -- COMMAND [ARGUMENT]...
// -n runs it again and again, -p waits before each run, -q sends its output to /dev/null.
// "{n}" in an argument becomes the run's number. Prints a line a run: nanoseconds, exit status, peak RSS in KiB.
// With -r the peak is VmHWM of the command itself, read by ptrace(2) as it exits; tracing costs time, so it is apart.
// wait4(2) would not do: its ru_maxrss is the larger of the command's and its children's.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int quiet;

static pid_t start(char** command, int traced) {
  int null = quiet ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
  pid_t child = traced ? fork() : vfork();
  if (child == 0) {
    if (null >= 0) {
      dup2(null, 0);
      dup2(null, 1);
      dup2(null, 2);
    }
    if (traced) {
      ptrace(PTRACE_TRACEME, 0, NULL, NULL);
      raise(SIGSTOP);
    }
    execve(command[0], command, environ);
    _exit(127);
  }
  if (null >= 0) close(null);
  return child;
}

static int finish(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Peak resident set in KiB of a stopped process.
static long peak_of(pid_t child) {
  char path[64];
  char line[256];
  long peak = -1;
  snprintf(path, sizeof path, "/proc/%d/status", child);
  FILE* file = fopen(path, "re");
  if (file == NULL) return -1;
  while (fgets(line, sizeof line, file) != NULL) {
    if (sscanf(line, "VmHWM: %ld", &peak) == 1) break;
  }
  fclose(file);
  return peak;
}

// Runs it under ptrace as far as needed to be told of its exit; *peak is the highest of its executions.
static int traced_run(char** command, long* peak) {
  pid_t child = start(command, 1);
  int status = 0;
  waitpid(child, &status, 0);
  ptrace(PTRACE_SETOPTIONS, child, NULL, (void*)(PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL));
  long signal = 0;
  *peak = -1;
  for (;;) {
    ptrace(PTRACE_CONT, child, NULL, (void*)signal);
    signal = 0;
    if (waitpid(child, &status, 0) < 0 || WIFEXITED(status) || WIFSIGNALED(status)) break;
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
      long now_peak = peak_of(child);
      if (now_peak > *peak) *peak = now_peak;
    } else if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP) {
      signal = WSTOPSIG(status);
    }
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A copy of the command with "{n}" replaced.
static char** numbered(char** command, int number) {
  static char* copy[256];
  static char room[256][4096];
  int i = 0;
  for (; command[i] != NULL && i < 255; ++i) {
    const char* mark = strstr(command[i], "{n}");
    copy[i] = command[i];
    if (mark == NULL) continue;
    snprintf(room[i], sizeof room[i], "%.*s%d%s", (int)(mark - command[i]), command[i], number, mark + 3);
    copy[i] = room[i];
  }
  copy[i] = NULL;
  return copy;
}

int main(int argc, char** argv) {
  int count = 1;
  int pause = 0;
  int traced = 0;
  int option;
  while ((option = getopt(argc, argv, "+n:p:qr")) != -1) {
    if (option == 'n') {
      count = atoi(optarg);
    } else if (option == 'p') {
      pause = atoi(optarg);
    } else if (option == 'q') {
      quiet = 1;
    } else if (option == 'r') {
      traced = 1;
    } else {
      return 2;
    }
  }
  if (optind >= argc) return 2;
  for (int i = 0; i < count; ++i) {
    if (pause > 0) {
      struct timespec time = {pause / 1000, pause % 1000 * 1000000L};
      nanosleep(&time, NULL);
    }
    char** command = numbered(argv + optind, i);
    long peak = -1;
    long long began = now();
    int status = traced ? traced_run(command, &peak) : finish(start(command, 0));
    printf("%lld %d %ld\n", now() - began, status, peak);
  }
  return 0;
}
