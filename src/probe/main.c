// Command line and order of sections.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/probe.h"

static const char usage[] =
    "usage: probe [--only SECTION[,SECTION...]] [--output FILE-DESCRIPTOR] [--lines] [--guest] [GIVEN...] | --exit N | --wait\n"
    "Prints one JSON document about the process and what it may do.\n"
    "sections: files process identity limits mounts given devices paths syscalls exhaust\n"
    "GIVEN: --masked PATH, --readonly PATH, --mount PATH, --try-in DIRECTORY, --pids LIMIT, --memory BYTES,\n"
    "  --bind PORT, --connect PORT, --abstract NAME, --signal PID, --descriptor NUMBER, --reach ADDRESS\n"
    "--lines prints a line for each outcome, section by section.\n"
    "--guest leaves out what would change a container that others are in.\n"
    "--exit N ends at once with status N; --wait stays until it is killed.\n";

static const char* only;

static int wanted(const char* section) {
  if (only == NULL) return 1;
  size_t size = strlen(section);
  for (const char* at = only; (at = strstr(at, section)) != NULL; at += size) {
    if ((at == only || at[-1] == ',') && (at[size] == '\0' || at[size] == ',')) return 1;
  }
  return 0;
}

int guest;
static int lines;
static int output = 1;

// The first process of a pid namespace gets no signal that it does not ask for.
static void end(int signal) { _exit(128 + signal); }

// What an attempt left behind ends with it. The container's first process may wait for no child of another's.
static void reap(void) {
  while (waitpid(-1, NULL, 0) > 0) {
  }
}

void flush_lines(void) {
  if (lines) json_flush(output);
}

static void run(const char* name, void (*section)(void)) {
  if (!wanted(name)) return;
  section();
  flush_lines();
}

int main(int argc, char** argv, char** environment) {
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "--help") == 0) {
      fputs(usage, stdout);
      return 0;
    }
    if (strcmp(argv[i], "--wait") == 0) {
      for (;;) pause();
    }
    if (i + 1 < argc && strcmp(argv[i], "--exit") == 0) return atoi(argv[i + 1]);
    if (strcmp(argv[i], "--lines") == 0) {
      lines = 1;
    } else if (strcmp(argv[i], "--guest") == 0) {
      guest = 1;
    } else if (i + 1 < argc && take_given(argv[i], argv[i + 1])) {
      ++i;
    } else if (i + 1 < argc && strcmp(argv[i], "--only") == 0) {
      only = argv[++i];
    } else if (i + 1 < argc && strcmp(argv[i], "--output") == 0) {
      output = atoi(argv[++i]);
    } else {
      fputs(usage, stderr);
      return 2;
    }
  }
  if (lines) {
    json_as_lines();
    signal(SIGINT, end);
    signal(SIGTERM, end);
  }
  if (guest) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  json_open(NULL, '{');
  json_number("probe", 1);
  run("files", section_files);  // first: before anything of the probe's own is open
  if (wanted("process")) section_process(argc, argv, environment);
  flush_lines();
  run("identity", section_identity);
  run("limits", section_limits);
  run("mounts", section_mounts);
  run("given", section_given);
  run("devices", section_devices);
  run("paths", section_paths);
  run("syscalls", section_syscalls);
  run("exhaust", section_exhaust);
  json_close('}');
  if (guest) reap();
  return json_flush(output) == 0 ? 0 : 1;
}
