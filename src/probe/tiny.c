// A program of some 150 bytes, to be written somewhere and executed from there: it needs no library, no /proc, and no
// copy of this one. Ends with status 42, or with 43 when it runs as TINY_OWNER.
#define _GNU_SOURCE
#include <asm/unistd.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/probe.h"

#define ADDRESS 0x400000UL
enum { ran = 42, ran_as_owner = 43 };

#if defined(__x86_64__)
// geteuid(); exit_group(eax == 4242 ? 43 : 42)
static const unsigned char code[] = {
    0xb8, 107, 0, 0, 0,           // mov eax, 107
    0x0f, 0x05,                   // syscall
    0xbf, ran, 0, 0, 0,           // mov edi, 42
    0x3d, 0x92, 0x10, 0, 0,       // cmp eax, 4242
    0x75, 0x02,                   // jne +2
    0xff, 0xc7,                   // inc edi
    0xb8, 231, 0, 0, 0,           // mov eax, 231
    0x0f, 0x05,                   // syscall
    0xf4,                         // hlt
};
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
static const unsigned code[] = {
    0xd28015e8,  // mov x8, 175 (geteuid)
    0xd4000001,  // svc 0
    0xd2821241,  // mov x1, 4242
    0xeb01001f,  // cmp x0, x1
    0x52800540,  // mov w0, 42
    0x1a801400,  // cinc w0, w0, eq
    0xd2800bc8,  // mov x8, 94 (exit_group)
    0xd4000001,  // svc 0
};
#define MACHINE EM_AARCH64
#endif

long write_tiny(int fd) {
  struct {
    Elf64_Ehdr file;
    Elf64_Phdr segment;
    unsigned char text[sizeof code];
  } image;
  memset(&image, 0, sizeof image);
  memcpy(image.file.e_ident, ELFMAG, SELFMAG);
  image.file.e_ident[EI_CLASS] = ELFCLASS64;
  image.file.e_ident[EI_DATA] = ELFDATA2LSB;
  image.file.e_ident[EI_VERSION] = EV_CURRENT;
  image.file.e_type = ET_EXEC;
  image.file.e_machine = MACHINE;
  image.file.e_version = EV_CURRENT;
  image.file.e_entry = ADDRESS + sizeof image.file + sizeof image.segment;
  image.file.e_phoff = sizeof image.file;
  image.file.e_ehsize = sizeof image.file;
  image.file.e_phentsize = sizeof image.segment;
  image.file.e_phnum = 1;
  image.segment.p_type = PT_LOAD;
  image.segment.p_flags = PF_R | PF_X;
  image.segment.p_vaddr = ADDRESS;
  image.segment.p_filesz = image.segment.p_memsz = sizeof image;
  image.segment.p_align = 0x1000;
  memcpy(image.text, code, sizeof code);
  ssize_t size = write(fd, &image, sizeof image);
  return size == (ssize_t)sizeof image ? 0 : size < 0 ? -errno : -ENOSPC;
}

// 0: it ran; 1: it ran as TINY_OWNER. Dies of the signal that the program died of.
long run_tiny(int fd) {
  pid_t child = fork();
  if (child < 0) return -errno;
  if (child == 0) {
    syscall(__NR_execveat, fd, "", (char*[]){"tiny", NULL}, (char*[]){NULL}, AT_EMPTY_PATH);
    _exit(errno);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return -ECHILD;
  }
  int code_of_exit = WEXITSTATUS(status);
  return code_of_exit == ran || code_of_exit == ran_as_owner ? code_of_exit - ran : -code_of_exit;
}

// A new file in `directory` that has no name any more: two descriptors of it, for writing and for reading.
static long nameless(const char* directory, int* writer, int* reader) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/.bulkhead-probe-%d", strcmp(directory, "/") == 0 ? "" : directory, getpid());
  *writer = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0700);
  if (*writer < 0) return -errno;
  *reader = open(path, O_RDONLY | O_CLOEXEC);
  int error = *reader < 0 ? errno : 0;
  unlink(path);
  return -error;
}

long write_in(const void* directory) {
  int writer = -1;
  int reader = -1;
  long result = nameless(directory, &writer, &reader);
  return result != 0 ? result : write_tiny(writer);
}

long chown_in(const void* directory) {
  int writer = -1;
  int reader = -1;
  long result = nameless(directory, &writer, &reader);
  return result != 0 ? result : checked(fchown(writer, TINY_OWNER, (gid_t)-1));
}

long exec_in(const void* directory) {
  int writer = -1;
  int reader = -1;
  long result = nameless(directory, &writer, &reader);
  if (result == 0) result = write_tiny(writer);
  if (result != 0) return result;
  close(writer);  // or it would be "text file busy"
  return run_tiny(reader);
}

// Somebody else's program with the setuid bit. The bit is set last: a change of owner takes it away.
long suid_in(const void* directory) {
  int writer = -1;
  int reader = -1;
  long result = nameless(directory, &writer, &reader);
  if (result == 0) result = write_tiny(writer);
  if (result == 0) result = checked(fchown(writer, TINY_OWNER, (gid_t)-1));
  if (result == 0) result = checked(fchmod(writer, 04755));
  if (result != 0) return result;
  close(writer);
  return run_tiny(reader);
}
