// What the caller names on the command line: paths that should be masked or read-only, mounts, places that may be
// written to, limits. The runtime names what is in its plan; the probe looks whether it is so.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <asm/unistd.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/probe.h"

enum { most = 1024 };
static struct {
  const char* option;
  const char* value;
} given[most];
static int count;

int take_given(const char* option, const char* value) {
  static const char* const known[] = {"--masked", "--readonly", "--mount", "--try-in", "--pids", "--memory",
                                      "--bind", "--connect", "--abstract", "--signal", "--descriptor", "--reach"};
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i) {
    if (strcmp(option, known[i]) != 0) continue;
    if (count < most) {
      given[count].option = option;
      given[count++].value = value;
    }
    return 1;
  }
  return 0;
}

// How much there is: entries of a directory, bytes of a file's beginning.
static long look_at(const void* argument) {
  char bytes[4096];
  struct stat info;
  int fd = open(argument, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (fstat(fd, &info) != 0) return -errno;
  if (!S_ISDIR(info.st_mode)) return checked(read(fd, bytes, sizeof bytes));
  DIR* directory = fdopendir(fd);
  if (directory == NULL) return -errno;
  long entries = -2;  // . and ..
  while (readdir(directory) != NULL) ++entries;
  return entries < 0 ? 0 : entries;
}

static void masked(const char* path) {
  long value = 0;
  const char* word = attempt(look_at, path, &value);
  json_string(path, strcmp(word, "ok") != 0 ? word : value == 0 ? "empty" : "shown");
}

static void flags_of(const char* path, int only_ro) {
  struct statvfs info;
  char words[64] = "";
  if (statvfs(path, &info) != 0) {
    json_string(path, errno_name(errno));
    return;
  }
  strcat(words, (info.f_flag & ST_RDONLY) != 0 ? "ro" : "rw");
  if (!only_ro && (info.f_flag & ST_NOSUID) != 0) strcat(words, ",nosuid");
  if (!only_ro && (info.f_flag & ST_NODEV) != 0) strcat(words, ",nodev");
  if (!only_ro && (info.f_flag & ST_NOEXEC) != 0) strcat(words, ",noexec");
  json_string(path, words);
}

// A block device of a number that is the first loop device's: whether it can be made; whether it can be opened.
static long block(const char* directory, int open_it) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/.bulkhead-probe-%d", strcmp(directory, "/") == 0 ? "" : directory, getpid());
  if (syscall(__NR_mknodat, AT_FDCWD, path, S_IFBLK | 0600, makedev(7, 0)) != 0) return -errno;
  long result = open_it ? checked(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) : 0;
  unlink(path);
  return result;
}

static long make_block(const void* directory) { return block(directory, 0); }
static long open_block(const void* directory) { return block(directory, 1); }

static void try_in(const char* directory) {
  long value = 0;
  json_open(directory, '{');
  json_attempt("write", write_in, directory);
  json_attempt("exec", exec_in, directory);
  json_attempt("chown", chown_in, directory);
  const char* word = attempt(suid_in, directory, &value);
  json_string("suid", strcmp(word, "ok") != 0 ? word : value == 1 ? "honoured" : "ignored");
  json_attempt("mknod", make_block, directory);
  json_attempt("device", open_block, directory);
  json_close('}');
}

// Processes that have ended and are not waited for count too, and cost little else.
static long fork_until(const void* limit) {
  long most_forks = strtol(limit, NULL, 10);
  int error = 0;
  for (long i = 0; i <= most_forks && error == 0; ++i) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child < 0) error = errno;
  }
  while (waitpid(-1, NULL, 0) > 0) {
  }
  return -error;
}

// Past the limit by a quarter and 16 MiB. The child makes itself the one to be killed; where it may not, it is the
// largest one all the same.
static long fill_memory(const void* limit) {
  size_t size = strtoul(limit, NULL, 10);
  size += size / 4 + (16UL << 20);
  int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0 && write(score, "1000", 4) != 4) close(score);
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return -errno;
  for (size_t at = 0; at < size; at += 4096) memory[at] = 1;
  return 0;
}

// Nothing is sent: the kernel only looks for a route.
static long route_to(const void* address) {
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(80)};
  int is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
  if (!is_six && inet_pton(AF_INET, address, &four.sin_addr) != 1) return -EDESTADDRREQ;
  int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int result = is_six ? connect(fd, (const struct sockaddr*)&six, sizeof six) : connect(fd, (const struct sockaddr*)&four, sizeof four);
  return result == 0 ? 0 : -errno;
}

static int by_name(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

// The names in /dev, sorted, with spaces between them.
static void device_directory(void) {
  char* names[512];
  char text[8192] = "";
  size_t entries = 0;
  DIR* directory = opendir("/dev");
  if (directory == NULL) {
    json_string("dev", errno_name(errno));
    return;
  }
  for (struct dirent* entry; entries < 512 && (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) names[entries++] = strdup(entry->d_name);
  }
  closedir(directory);
  qsort(names, entries, sizeof *names, by_name);
  for (size_t i = 0; i < entries; ++i) {
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : " ", names[i]);
  }
  json_string("dev", text);
}

// Whether /proc shows a process that is not this one, which has no children now.
static void other_processes(void) {
  DIR* directory = opendir("/proc");
  int own = 0;
  int others = 0;
  char* end = NULL;
  for (struct dirent* entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
    long pid = strtol(entry->d_name, &end, 10);
    if (*end != '\0') continue;
    if (pid == getpid()) own = 1; else others = 1;
  }
  if (directory != NULL) closedir(directory);
  json_string("others", !own && !others ? "no procfs" : others ? "some" : "none");
}

static void each(const char* section, const char* option, void (*what)(const char*)) {
  json_open(section, '{');
  for (int i = 0; i < count; ++i) {
    if (strcmp(given[i].option, option) == 0) what(given[i].value);
  }
  json_close('}');
}

static void read_only(const char* path) { flags_of(path, 1); }
static void mount_flags(const char* path) { flags_of(path, 0); }
static void binds(const char* port) { json_attempt(port, bind_port, port); }
static void connects(const char* port) { json_attempt(port, connect_port, port); }
static void connects_abstract(const char* name) { json_attempt(name, connect_abstract, name); }
static void signals(const char* pid) { json_attempt(pid, send_signal, pid); }
static void reaches(const char* address) { json_attempt(address, route_to, address); }
static void opens(const char* descriptor) { json_attempt(descriptor, open_again, descriptor); }

void section_given(void) {
  other_processes();
  device_directory();
  each("masked", "--masked", masked);
  each("readonly", "--readonly", read_only);
  each("mount", "--mount", mount_flags);
  each("in", "--try-in", try_in);
  each("bind", "--bind", binds);
  each("connect", "--connect", connects);
  each("abstract", "--abstract", connects_abstract);
  each("signal", "--signal", signals);
  each("descriptor", "--descriptor", opens);
  each("reach", "--reach", reaches);
}

void section_exhaust(void) {
  for (int i = 0; i < count; ++i) {
    if (strcmp(given[i].option, "--pids") == 0) json_attempt("fork", fork_until, given[i].value);
  }
  for (int i = 0; i < count; ++i) {
    if (strcmp(given[i].option, "--memory") != 0) continue;
    json_string("memory_begun", given[i].value);  // the kernel may kill all of the container
    flush_lines();
    json_attempt("memory", fill_memory, given[i].value);
  }
}
