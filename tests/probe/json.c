// A JSON writer over one growing buffer; stdio is not used, so nothing is printed twice by a forked child.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static char* buffer;
static size_t used;
static size_t room;
static int need_comma;

static void put(const char* bytes, size_t size) {
  if (used + size > room) {
    room = (used + size) * 2 + 65536;
    buffer = realloc(buffer, room);
    if (buffer == NULL) _exit(120);
  }
  memcpy(buffer + used, bytes, size);
  used += size;
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
  put_key(key);
  put(&bracket, 1);
  need_comma = 0;
}

void json_close(char bracket) {
  put(&bracket, 1);
  need_comma = 1;
}

void json_bytes(const char* key, const char* value, size_t size) {
  put_key(key);
  put_quoted(value, size);
}

void json_string(const char* key, const char* value) { json_bytes(key, value, strlen(value)); }

void json_number(const char* key, int64_t value) {
  char digits[32];
  put_key(key);
  put(digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)value));
}

void json_unsigned(const char* key, uint64_t value) {
  char digits[32];
  put_key(key);
  put(digits, (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)value));
}

void json_bool(const char* key, int value) {
  put_key(key);
  if (value) {
    put("true", 4);
  } else {
    put("false", 5);
  }
}

void json_null(const char* key) {
  put_key(key);
  put("null", 4);
}

int json_flush(int fd) {
  put("\n", 1);
  for (size_t done = 0; done < used;) {
    ssize_t written = write(fd, buffer + done, used - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return -1;
    done += (size_t)written;
  }
  return 0;
}
