// Hooks, and the root in its place for those that run before the pivot.

#include "kernel/hook_process.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/context.h"
#include "kernel/inroot.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

namespace {

// What a hook needs of memory, mapped for it alone: init's stack may be limited to very little by now.
struct Work {
  kernel::HookProcess process;
  char told[kMaxHookText];
};
static_assert(sizeof(Work) % alignof(const char*) == 0);  // behind it: arguments, nullptr, environment, nullptr

std::size_t length(const char* s) {
  std::size_t n = 0;
  while (s[n] != '\0') ++n;
  return n;
}

// Digits of a number above or equal to 0, into `out`, which has room for 20.
std::size_t decimal(std::uint64_t value, char* out) {
  char digits[20];
  std::size_t count = 0;
  for (; count == 0 || value != 0; value /= 10) digits[count++] = static_cast<char>('0' + value % 10);
  for (std::size_t i = 0; i < count; ++i) out[i] = digits[count - 1 - i];
  return count;
}

long write_all(long fd, const char* text, std::size_t size) {
  while (size != 0) {
    const long n = kernel::raw::uninterrupted([&] { return call(__NR_write, fd, text, size); });
    if (failed(n)) return n;
    text += n;
    size -= static_cast<std::size_t>(n);
  }
  return 0;
}

// A sealed memory file with the state, at its beginning.
long make_state(const Context& ctx, const Op& op) {
  constexpr unsigned kCloexec = 1, kAllowSealing = 2, kNoexecSeal = 8;
  long fd = call(__NR_memfd_create, "state", kCloexec | kAllowSealing | kNoexecSeal);
  if (fd == -EINVAL) fd = call(__NR_memfd_create, "state", kCloexec | kAllowSealing);  // before Linux 6.3
  if (failed(fd)) return fd;
  char pid[20];
  const std::size_t digits = decimal(static_cast<std::uint64_t>(call(__NR_getpid)), pid);
  const char* before = ctx.text(ctx.words(op)[0]);
  const char* after = ctx.text(ctx.words(op)[1]);
  long result = write_all(fd, before, length(before));
  if (!failed(result)) result = write_all(fd, pid, digits);
  if (!failed(result)) result = write_all(fd, after, length(after));
  if (!failed(result)) result = call(__NR_lseek, fd, 0, 0);
  if (!failed(result)) result = call(__NR_fcntl, fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  if (!failed(result)) return fd;
  call(__NR_close, fd);
  return result;
}

// In the root, as the user that the program will be, who may be allowed to execute the file but not to read it.
long open_in_container(Context& ctx, const Op& op) {
  kernel::InRoot how;
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  long fd = kernel::open_in_root(ctx.root, ctx.text(op.text), how);
  if (fd == -EACCES) {
    how.flags = O_PATH;
    fd = kernel::open_in_root(ctx.root, ctx.text(op.text), how);
  }
  if (failed(fd)) return fd;
  struct statx stat {};
  long result = call(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stat);
  if (!failed(result) && (stat.stx_mode & kernel::raw::kTypeMask) != kernel::raw::kRegular) result = -EACCES;
  if (!failed(result) && (op.flags & plan::image::kVerified) != 0) {
    const std::uint32_t* w = ctx.words(op);
    if (device_of(stat) != wide(w + 5) || stat.stx_ino != wide(w + 7) || changed_of(stat) != wide(w + 9)) {
      ctx.detail = kHookChanged;
      result = -EPERM;
    }
  }
  if (!failed(result)) return fd;
  call(__NR_close, fd);
  return result;
}

std::size_t append(char* out, std::size_t at, const char* text, std::size_t size) {
  for (std::size_t i = 0; i < size && at < kMaxHookText; ++i) out[at++] = text[i];
  return at;
}

long fail_hook(Context& ctx, const Op& op, Work& work, std::uint32_t detail, long error) {
  char seconds[21] = {};
  decimal(work.process.timeout, seconds);
  std::size_t size = 0;
  const char* const parts[] = {ctx.text(op.text2), ctx.text(op.text), seconds};
  for (const char* part : parts) {
    size = append(work.told, size, part, length(part) + 1);
  }
  size = append(work.told, size, work.process.output, work.process.said);
  ctx.told = work.told;
  ctx.told_size = size;
  ctx.detail = detail;
  return error;
}

long judge(Context& ctx, const Op& op, Work& work) {
  const int value = work.process.value;
  switch (work.process.end) {
    case kernel::HookEnd::kExited: return value == 0 ? 0 : fail_hook(ctx, op, work, kHookExited, -value);
    case kernel::HookEnd::kSignalled: return fail_hook(ctx, op, work, kHookSignalled, -value);
    case kernel::HookEnd::kTimedOut: return fail_hook(ctx, op, work, kHookTimedOut, -ETIMEDOUT);
    case kernel::HookEnd::kNotRun: break;
  }
  return fail_hook(ctx, op, work, kHookNotRun, -value);
}

// What a hook left behind before the pivot still has the host's root, and the container's root user could enter it by way
// of its /proc/PID/root. The first process of a pid namespace can end all others, of which there are no more than these.
void end_leftovers() {
  if (call(__NR_getpid) != 1) return;
  call(__NR_kill, -1, 9 /* SIGKILL */);
  while (!failed(kernel::raw::uninterrupted([] { return call(__NR_wait4, -1, 0, 0x40000000 /* __WALL */, 0); }))) {
  }
}

void fill(Context& ctx, const Op& op, Work& work) {
  const std::uint32_t* w = ctx.words(op);
  const std::uint32_t arguments = w[4];
  std::uint32_t at = 0;
  auto** pointers = reinterpret_cast<const char**>(&work + 1);
  kernel::HookProcess& process = work.process;
  process.argv = pointers;
  process.envp = pointers + arguments + 1;
  for (std::uint32_t i = plan::image::kHookWords; i < op.count; ++i) {
    if (at == arguments) pointers[at++] = nullptr;
    pointers[at++] = ctx.text(w[i]);
  }
  if (at == arguments) pointers[at++] = nullptr;
  pointers[at] = nullptr;
  process.directory = "/";
  process.timeout = wide(w + 2);
  process.mask = op.slot >= 0 ? 022 : kernel::HookProcess::kSameMask;  // init's own is 0 until it is the program's
  process.by_path = (op.flags & plan::image::kByPath) != 0;
  const bool confined = (op.flags & plan::image::kConfined) != 0;
  process.filter = ctx.image.filter;
  process.filter_count = confined ? ctx.image.header->filter_count : 0;
  process.filter_flags = op.a;
}

}  // namespace

// Until the pivot the root is where the host has it, in this mount namespace alone: hooks find it, and all that is mounted
// in it, by the path that they know.
long place_root(Context& ctx, const Op& op) {
  const int place = ctx.fd(static_cast<std::int32_t>(op.a));
  const long moved = call(__NR_move_mount, ctx.fd(op.slot), "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  if (failed(moved)) return moved;
  call(__NR_close, place);
  ctx.image.slots[op.a] = -1;
  ctx.root = ctx.fd(op.slot);
  return 0;
}

long runtime_hook(Context& ctx, const Op&) {
  send(ctx, MessageKind::kHook, 0, 0);
  Message message{};
  return receive(ctx.report, message) && message.kind == MessageKind::kHookDone ? 0 : -EPIPE;
}

// A child of init's, in its namespaces: before the pivot with its rights and the host's program, after it as the user, with
// the capabilities, and under the filter, that the container's program will have.
long run_hook(Context& ctx, const Op& op) {
  const std::size_t size = sizeof(Work) + (op.count - plan::image::kHookWords + 2) * sizeof(char*);
  const long memory = call(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (failed(memory)) return memory;
  Work& work = *reinterpret_cast<Work*>(memory);
  fill(ctx, op, work);
  const long program = op.slot >= 0 ? ctx.fd(op.slot) : open_in_container(ctx, op);
  if (failed(program)) return fail_hook(ctx, op, work, ctx.detail == kHookChanged ? ctx.detail : kHookNotRun, program);
  const long state = make_state(ctx, op);
  if (failed(state)) return fail_hook(ctx, op, work, kHookNotRun, state);
  work.process.program = static_cast<int>(program);
  work.process.script = kernel::is_script(work.process.program);
  work.process.input = static_cast<int>(state);
  kernel::run_hook(work.process);
  call(__NR_close, state);
  call(__NR_close, program);
  if (op.slot >= 0) {
    ctx.image.slots[op.slot] = -1;
    end_leftovers();
  }
  const long result = judge(ctx, op, work);
  if (!failed(result)) call(__NR_munmap, memory, size);
  return result;
}

}  // namespace init
