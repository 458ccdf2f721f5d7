// The probe: a static program that a container runs as its only process. It prints one JSON document saying how
// it is confined: what it is (ids, capabilities, file descriptors, mounts) and what it may do (attempts).
// Every outcome is a word: "ok", the name of an errno ("EPERM"), or of the signal that ended the attempt ("SIGSYS").
#ifndef BULKHEAD_TESTS_PROBE_H
#define BULKHEAD_TESTS_PROBE_H

#include <stddef.h>
#include <stdint.h>

// json.c: the document, built in memory; nothing is printed before json_flush().
void json_open(const char* key, char bracket);  // key NULL inside an array; bracket '{' or '['
void json_close(char bracket);                  // '}' or ']'
void json_string(const char* key, const char* value);
void json_bytes(const char* key, const char* value, size_t size);
void json_number(const char* key, int64_t value);
void json_unsigned(const char* key, uint64_t value);
void json_bool(const char* key, int value);
void json_null(const char* key);
int json_flush(int fd);

// names.c
const char* errno_name(int error);
const char* signal_name(int signal);

// attempt.c: runs `work` in a forked child, so that neither its effects nor its death reach the probe.
// `work` returns 0 or more for success and -errno for failure; what it returned is in *value (may be NULL).
typedef long (*attempt_work)(const void* argument);
const char* attempt(attempt_work work, const void* argument, long* value);
void json_attempt(const char* key, attempt_work work, const void* argument);
long checked(long result);  // -1 becomes -errno

// The sections, each in the file of its name.
void section_process(int argc, char** argv, char** environment);
void section_identity(void);
void section_limits(void);
void section_files(void);
void section_mounts(void);
void section_devices(void);
void section_paths(void);
void section_syscalls(void);

#endif
