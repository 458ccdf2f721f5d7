// A JSON writer over one growing buffer; stdio is not used, so nothing is printed twice by a forked child.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/probe.h"

static char* buffer;
static size_t used;
static size_t room;
static int need_comma;

// Of lines: the keys down to here, where each begins, and which number a list is at.
static int lines;
static char path[8192];
static size_t starts[32];
static int numbers[32];
static int depth;

static void put(const char* bytes, size_t size) {
  if (used + size > room) {
    room = (used + size) * 2 + 65536;
    buffer = realloc(buffer, room);
    if (buffer == NULL) _exit(120);
  }
  memcpy(buffer + used, bytes, size);
  used += size;
}

void json_as_lines(void) { lines = 1; }

static void put_escaped(const char* value, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    unsigned char byte = (unsigned char)value[i];
    char escape[8];
    if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
      put(value + i, 1);
    } else {
      put(escape, (size_t)snprintf(escape, sizeof escape, "\\x%02x", byte));
    }
  }
}

// Appends the key, or the number in a list, to the path.
static void enter(const char* key) {
  size_t end = strlen(path);
  starts[depth] = end;
  if (key == NULL && depth <= 1) return;
  if (key != NULL) {
    snprintf(path + end, sizeof path - end, "%s%s", end == 0 ? "" : ".", key);
  } else {
    snprintf(path + end, sizeof path - end, "%s%d", end == 0 ? "" : ".", numbers[depth]++);
  }
}

static void leave(void) { path[starts[depth]] = '\0'; }

static void put_line(const char* key, const char* value, size_t size) {
  enter(key);
  put_escaped(path, strlen(path));
  put("\t", 1);
  put_escaped(value, size);
  put("\n", 1);
  leave();
}

// A byte that is not ASCII is written as the character of that number, so any bytes make a valid document.
static void put_quoted(const char* value, size_t size) {
  put("\"", 1);
  for (size_t i = 0; i < size; ++i) {
    unsigned char byte = (unsigned char)value[i];
    if (byte == '"' || byte == '\\') put("\\", 1);
    if (byte >= 0x20 && byte < 0x7f) {
      put(value + i, 1);
    } else {
      char escape[8];
      put(escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", byte));
    }
  }
  put("\"", 1);
}

static void put_key(const char* key) {
  if (need_comma) put(",", 1);
  need_comma = 1;
  if (used != 0) put("\n", 1);
  if (key != NULL) {
    put_quoted(key, strlen(key));
    put(":", 1);
  }
}

void json_open(const char* key, char bracket) {
  if (lines) {
    if (bracket == '[') put_line(key, "", 0);
    enter(key);
    numbers[++depth] = 0;
    return;
  }
  put_key(key);
  put(&bracket, 1);
  need_comma = 0;
}

void json_close(char bracket) {
  if (lines) {
    --depth;
    leave();
    return;
  }
  put(&bracket, 1);
  need_comma = 1;
}

void json_bytes(const char* key, const char* value, size_t size) {
  if (lines) {
    put_line(key, value, size);
    return;
  }
  put_key(key);
  put_quoted(value, size);
}

void json_string(const char* key, const char* value) { json_bytes(key, value, strlen(value)); }

static void put_plain(const char* key, const char* value) {
  if (lines) {
    put_line(key, value, strlen(value));
    return;
  }
  put_key(key);
  put(value, strlen(value));
}

void json_number(const char* key, int64_t value) {
  char digits[32];
  snprintf(digits, sizeof digits, "%lld", (long long)value);
  put_plain(key, digits);
}

void json_unsigned(const char* key, uint64_t value) {
  char digits[32];
  snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
  put_plain(key, digits);
}

void json_bool(const char* key, int value) { put_plain(key, value ? "true" : "false"); }

void json_null(const char* key) { put_plain(key, "null"); }

int json_flush(int fd) {
  if (!lines) put("\n", 1);
  for (size_t done = 0; done < used;) {
    ssize_t written = write(fd, buffer + done, used - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return -1;
    done += (size_t)written;
  }
  used = 0;
  return 0;
}
