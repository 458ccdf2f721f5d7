// The end of the story: find the program, tell the parent, wait for the gate, close everything, load the
// filter, exec. After the filter is loaded nothing but execve is called (and, when that fails, the report).

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/stat.h>

#include "init/context.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

namespace {

// 0 if the effective user may execute `path`, a regular file.
long check_executable(const char* path) {
  struct statx stat {};
  long result = call(__NR_statx, AT_FDCWD, path, 0, STATX_TYPE, &stat);
  if (failed(result)) return result;
  if ((stat.stx_mode & kernel::raw::kTypeMask) == kernel::raw::kDirectory) return -EISDIR;
  if ((stat.stx_mode & kernel::raw::kTypeMask) != kernel::raw::kRegular) return -EACCES;
  result = call(__NR_faccessat2, AT_FDCWD, path, 1 /* X_OK */, AT_EACCESS);
  return result;
}

// Of the runtime's own program, which exec is given instead of a path.
std::int32_t program_slot(const Context& ctx) {
  const std::uint32_t count = ctx.image.header->op_count;
  if (count == 0 || ctx.image.ops[count - 1].kind != plan::image::OpKind::kExec) return plan::image::kNoSlot;
  return ctx.image.ops[count - 1].slot;
}

// While a container waits to be started, its init holds nothing of the host but the gate and that program.
void close_slots(Context& ctx, std::int32_t gate_slot) {
  const std::int32_t program = program_slot(ctx);
  std::int32_t first = 0, last = -1;  // neighbours, which most of them are, go at once
  for (std::int32_t slot = 0; slot < static_cast<std::int32_t>(ctx.image.header->slot_count); ++slot) {
    const std::int32_t fd = ctx.image.slots[slot];
    if (slot == gate_slot || slot == program || fd < 0) continue;
    ctx.image.slots[slot] = -1;
    if (fd != last + 1) {
      if (last >= 0) call(__NR_close_range, first, last, 0);
      first = fd;
    }
    last = fd;
  }
  if (last >= 0) call(__NR_close_range, first, last, 0);
}

// The filter may stop any system call, so what is to be said about its listener is said before it is loaded: the
// number that the descriptor will get, which is the lowest free one.
long announce_listener(Context& ctx) {
  const long number = call(__NR_fcntl, ctx.report, 0 /* F_DUPFD */, 0);
  if (failed(number)) return number;
  call(__NR_close, number);
  const auto address = reinterpret_cast<std::uint64_t>(&ctx.taken);
  const Message message{MessageKind::kListener, static_cast<std::uint32_t>(address), static_cast<std::int32_t>(number),
                        static_cast<std::uint32_t>(address >> 32)};
  const long n = kernel::raw::uninterrupted([&] {
    return call(__NR_sendto, ctx.report, &message, sizeof(message), 0x4000 /* MSG_NOSIGNAL */, 0, 0);
  });
  return failed(n) ? n : 0;
}

// exec would close the listener before it is taken. No system call may be made meanwhile: execve itself may be one that
// the agent has to answer. Bounded, for the parent may die: some ten seconds.
long await_taken(const Context& ctx) {
  for (std::uint64_t i = 0; i < 1ULL << 33; ++i) {
    if (ctx.taken != 0) return 0;
  }
  return -ETIMEDOUT;
}

}  // namespace

// As execvp(3): the first candidate that may be executed; a permission error beats "not there".
long find_executable(Context& ctx, const Op& op) {
  long verdict = -ENOENT;
  for (std::uint32_t i = 0; i < op.count; ++i) {
    const long result = check_executable(ctx.text(ctx.words(op)[i]));
    if (result == 0) {
      ctx.executable = ctx.words(op)[i];
      return 0;
    }
    const bool missing = result == -ENOENT || result == -ENOTDIR;
    if (!missing && verdict == -ENOENT) verdict = result;
  }
  return verdict;
}

// What was hashed outside is what is here now, by the same path that exec takes: no mount covers it, and its contents are
// those of then, for a write moves the time of the last change on (statx(2)).
long verify_program(Context& ctx, const Op& op) {
  const std::uint32_t path = op.text != 0 ? op.text : ctx.executable;
  struct statx stat {};
  const long result = call(__NR_statx, AT_FDCWD, ctx.text(path), 0, STATX_BASIC_STATS, &stat);
  if (failed(result)) return result;
  if (device_of(stat) == op.a && stat.stx_ino == op.b && changed_of(stat) == wide(ctx.words(op))) return 0;
  ctx.detail = kMismatch;
  return -EPERM;
}

// The parent may die at any time: end of file is then the order to go.
long ready(Context& ctx, const Op&) {
  close_slots(ctx, ctx.image.header->gate_slot);
  send(ctx, MessageKind::kReady, 0, ctx.executable);
  Message message{};
  const std::int32_t gate_slot = ctx.image.header->gate_slot;
  if (!receive(ctx.report, message)) return -EPIPE;
  call(__NR_prctl, 1 /* PR_SET_PDEATHSIG */, 0);
  if (gate_slot < 0) return message.kind == MessageKind::kStart ? 0 : -EPIPE;
  if (message.kind != MessageKind::kGo) return -EPIPE;
  // `create` is done and goes; `start` will connect. A client that goes away without a word is forgotten.
  call(__NR_close, ctx.report);
  ctx.report = -1;
  for (;;) {
    const long client = kernel::raw::uninterrupted(
        [&] { return call(__NR_accept4, ctx.fd(gate_slot), 0, 0, O_CLOEXEC); });
    if (failed(client)) return client;
    if (receive(static_cast<int>(client), message) && message.kind == MessageKind::kStart) {
      ctx.report = static_cast<int>(client);
      return 0;
    }
    call(__NR_close, client);
  }
}

// A true close, not just close-on-exec: "/proc/self/fd/N" as the program or the working directory must not
// resolve to anything of the host (CVE-2024-21626).
long close_fds(Context& ctx, const Op& op) {
  auto next = static_cast<unsigned>(op.a);
  const int program = ctx.fd(program_slot(ctx));
  if (program >= 0) call(__NR_fcntl, program, F_SETFD, 1 /* FD_CLOEXEC */);
  const bool program_first = program < ctx.report;
  const int all_spared[] = {program_first ? program : ctx.report, program_first ? ctx.report : program};
  for (const int spared : all_spared) {
    if (spared < 0 || static_cast<unsigned>(spared) < next) continue;
    const auto fd = static_cast<unsigned>(spared);
    const long result = fd > next ? call(__NR_close_range, next, fd - 1, 0) : 0;
    if (failed(result)) return result;
    next = fd + 1;
  }
  return call(__NR_close_range, next, ~0U, 0);
}

long seccomp(Context& ctx, const Op& op) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(ctx.image.header->filter_count);
  program.filter = static_cast<sock_filter*>(const_cast<void*>(ctx.image.filter));
  const bool listener = (op.a & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;
  if (listener) {
    const long announced = announce_listener(ctx);
    if (failed(announced)) return announced;
  }
  const long loaded = call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, op.a, &program);
  return failed(loaded) || !listener ? loaded : await_taken(ctx);
}

namespace {

// Unlike a path in the root, a descriptor needs nothing of the container's files.
long exec_program(Context& ctx, const Op& op) {
  const int fd = ctx.fd(op.slot);
  if ((op.flags & plan::image::kByPath) == 0) {
    return call(__NR_execveat, fd, "", ctx.image.argv, ctx.image.envp, AT_EMPTY_PATH);
  }
  char path[32] = "/proc/self/fd/";
  char digits[12];
  int count = 0;
  for (int rest = fd; count == 0 || rest > 0; rest /= 10) digits[count++] = static_cast<char>('0' + rest % 10);
  char* end = path + 14;
  while (count > 0) *end++ = digits[--count];
  return call(__NR_execve, path, ctx.image.argv, ctx.image.envp);
}

}  // namespace

long exec(Context& ctx, const Op& op) {
  const auto pointers = [&](std::uint64_t* table, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      table[i] = reinterpret_cast<std::uint64_t>(ctx.image.strings + table[i]);
    }
  };
  pointers(ctx.image.argv, ctx.image.header->argv_count);
  pointers(ctx.image.envp, ctx.image.header->envp_count);
  ctx.detail = kExecFailed;
  if (op.slot >= 0) return exec_program(ctx, op);
  return call(__NR_execve, ctx.text(ctx.executable), ctx.image.argv, ctx.image.envp);
}

}  // namespace init
