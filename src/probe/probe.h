// The probe: a static program that a container runs as its only process, for `bulkhead probe` and for the end-to-end
// tests. C, and static: it needs nothing of an image. It prints one JSON document, or lines, saying how
// it is confined: what it is (ids, capabilities, file descriptors, mounts) and what it may do (attempts).
// Every outcome is a word: "ok", the name of an errno ("EPERM"), or of the signal that ended the attempt ("SIGSYS").
#ifndef BULKHEAD_PROBE_PROBE_H
#define BULKHEAD_PROBE_PROBE_H

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
// From here on lines instead of a document: "key.key<TAB>value", of a list the numbers from 0 as keys.
void json_as_lines(void);

// names.c
const char* errno_name(int error);
const char* signal_name(int signal);

// attempt.c: runs `work` in a forked child, so that neither its effects nor its death reach the probe.
// `work` returns 0 or more for success and -errno for failure; what it returned is in *value (may be NULL).
typedef long (*attempt_work)(const void* argument);
const char* attempt(attempt_work work, const void* argument, long* value);
void json_attempt(const char* key, attempt_work work, const void* argument);
long checked(long result);  // -1 becomes -errno

// attempts.c
void attempts_of_several_calls(void);

// tiny.c: a small program that is written and executed. write_in() and so on try in a directory; suid_in() and
// run_tiny() return 1 when it ran as TINY_OWNER.
enum { TINY_OWNER = 4242 };
long write_tiny(int fd);
long run_tiny(int fd);
long write_in(const void* directory);
long exec_in(const void* directory);
long chown_in(const void* directory);
long suid_in(const void* directory);

// landlock.c: the arguments are decimal numbers, and a name.
void landlock_layers(void);
long bind_port(const void* port);
long connect_port(const void* port);
long connect_abstract(const void* name);
long send_signal(const void* pid);
long open_again(const void* descriptor);

// main.c: in a container that runs for others, what would change it for them is left out.
extern int guest;

// main.c: prints what there is so far, where lines are printed: what comes next may be the end.
void flush_lines(void);

// given.c: whether it is one of its options.
int take_given(const char* option, const char* value);

// The sections, each in the file of its name.
void section_process(int argc, char** argv, char** environment);
void section_identity(void);
void section_limits(void);
void section_files(void);
void section_mounts(void);
void section_devices(void);
void section_paths(void);
void section_syscalls(void);
void section_given(void);
void section_exhaust(void);  // last: it ends in the limits

#endif
