// Names of errnos and signals. glibc's strerrorname_np() has no name for what it does not know, this always has one.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "probe/probe.h"

const char* errno_name(int error) {
  static char unknown[24];
  const char* name = strerrorname_np(error);
  if (name != NULL) return name;
  snprintf(unknown, sizeof unknown, "E%d", error);
  return unknown;
}

const char* signal_name(int signal) {
  static char name[24];
  const char* abbreviation = sigabbrev_np(signal);
  if (abbreviation != NULL) {
    snprintf(name, sizeof name, "SIG%s", abbreviation);
  } else {
    snprintf(name, sizeof name, "SIG%d", signal);
  }
  return name;
}
