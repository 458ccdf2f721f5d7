// The mount table as the process sees it, and which namespaces it is in.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/probe.h"

// proc_pid_mountinfo(5): id parent device root target options optional... - fstype source super
static void line_of_mountinfo(char* line) {
  char* fields[64];
  size_t count = 0;
  for (char* save = NULL, *word = strtok_r(line, " ", &save); word != NULL && count < 64;
       word = strtok_r(NULL, " ", &save)) {
    fields[count++] = word;
  }
  size_t dash = 6;
  while (dash < count && strcmp(fields[dash], "-") != 0) ++dash;
  if (dash + 3 >= count) return;
  json_open(NULL, '{');
  json_string("id", fields[0]);
  json_string("parent", fields[1]);
  json_string("device", fields[2]);
  json_string("root", fields[3]);
  json_string("target", fields[4]);
  json_string("options", fields[5]);
  json_open("propagation", '[');
  for (size_t i = 6; i < dash; ++i) json_string(NULL, fields[i]);
  json_close(']');
  json_string("fstype", fields[dash + 1]);
  json_string("source", fields[dash + 2]);
  json_string("super", fields[dash + 3]);
  json_close('}');
}

static void mount_table(void) {
  FILE* file = fopen("/proc/self/mountinfo", "re");
  json_open("mounts", '[');
  if (file != NULL) {
    char* line = NULL;
    size_t room = 0;
    ssize_t size;
    while ((size = getline(&line, &room, file)) > 0) {
      if (line[size - 1] == '\n') line[size - 1] = '\0';
      line_of_mountinfo(line);
    }
    free(line);
    fclose(file);
  }
  json_close(']');
}

static void namespaces(void) {
  static const char* const kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
  json_open("namespaces", '{');
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
    char path[64];
    char target[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
    ssize_t size = readlink(path, target, sizeof target);
    if (size < 0) {
      json_string(kinds[i], errno_name(errno));
    } else {
      json_bytes(kinds[i], target, (size_t)size);
    }
  }
  json_close('}');
}

void section_mounts(void) {
  mount_table();
  namespaces();
}
