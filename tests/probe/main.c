// Command line and order of sections.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static const char usage[] =
    "usage: probe [--only SECTION[,SECTION...]] [--output FILE-DESCRIPTOR] | --exit N | --wait\n"
    "Prints one JSON document about the process and what it may do.\n"
    "sections: files process identity limits mounts devices paths syscalls\n"
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

int main(int argc, char** argv, char** environment) {
  int output = 1;
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "--help") == 0) {
      fputs(usage, stdout);
      return 0;
    }
    if (strcmp(argv[i], "--wait") == 0) {
      for (;;) pause();
    }
    if (i + 1 < argc && strcmp(argv[i], "--exit") == 0) return atoi(argv[i + 1]);
    if (i + 1 < argc && strcmp(argv[i], "--only") == 0) {
      only = argv[++i];
    } else if (i + 1 < argc && strcmp(argv[i], "--output") == 0) {
      output = atoi(argv[++i]);
    } else {
      fputs(usage, stderr);
      return 2;
    }
  }
  json_open(NULL, '{');
  json_number("probe", 1);
  if (wanted("files")) section_files();  // first: before anything of the probe's own is open
  if (wanted("process")) section_process(argc, argv, environment);
  if (wanted("identity")) section_identity();
  if (wanted("limits")) section_limits();
  if (wanted("mounts")) section_mounts();
  if (wanted("devices")) section_devices();
  if (wanted("paths")) section_paths();
  if (wanted("syscalls")) section_syscalls();
  json_close('}');
  return json_flush(output) == 0 ? 0 : 1;
}
