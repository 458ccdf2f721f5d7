// init: the program that becomes the container. It maps the plan's image and walks it, op by op; it has no
// libc, no heap and no parser, and the main program's binary is nowhere in reach (CVE-2019-5736).
// argv: "bulkhead-init", the report socket's fd, and the namespaces to make (CLONE_NEW*) until the image has come.

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "init/context.h"
#include "kernel/raw.h"

namespace init {
namespace {

using kernel::raw::call;
using plan::image::Op;
using plan::image::OpKind;

constexpr OpFunction kFunctions[] = {
    take_descriptors, join_cgroup, affinity, setup_identity, keyring, session, unshare, join_mount_ns, enter_root,
    memfd_noexec, entered,
    hostname, domainname, loopback, blackhole,
    propagation, new_mount, place_root, pivot, pivot, attach, runtime_hook, run_hook, set_attr, node, symlink, write_file, sysctl, readonly_path, mask,
    rlimit, scheduler, io_priority, personality, make_dir, own_stdio, label, own_label, bounding, identity, capabilities, set_umask,
    change_dir, find_executable, no_new_privs, deny_write_execute, core_scheduling, speculation, not_dumpable, verify_identity, verify_caps, verify_no_new_privs,
    verify_locks, verify_mount, verify_mask, verify_program, verify_cwd, landlock_ruleset, landlock_path, landlock_port, landlock_open,
    landlock_restrict, verify_landlock, ready, close_fds, seccomp, exec,
};
static_assert(sizeof(kFunctions) / sizeof(kFunctions[0]) == static_cast<std::size_t>(OpKind::kCount));

std::uint64_t parse_number(const char* text) {
  std::uint64_t number = 0;
  for (; *text >= '0' && *text <= '9'; ++text) number = number * 10 + static_cast<std::uint64_t>(*text - '0');
  return number;
}

// A private, writable mapping: argv and envp are turned into pointers in place.
bool map_image(long fd, Context& ctx) {
  struct statx stat {};
  if (call(__NR_statx, fd, "", 0x1000 /* AT_EMPTY_PATH */, STATX_SIZE, &stat) < 0) return false;
  if (stat.stx_size > plan::image::kMaxSize) return false;
  const long address = call(__NR_mmap, 0, stat.stx_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (kernel::raw::failed(address)) return false;
  call(__NR_close, fd);
  return plan::image::check_image(reinterpret_cast<void*>(address), static_cast<std::size_t>(stat.stx_size), ctx.image);
}

[[noreturn]] void fail(const Context& ctx, long error, std::uint32_t detail) {
  send(ctx, MessageKind::kFailure, static_cast<std::int32_t>(-error), detail);
  if (ctx.told_size != 0) call(__NR_sendto, ctx.report, ctx.told, ctx.told_size, 0x4000 /* MSG_NOSIGNAL */, 0, 0);
  // Privileged descriptors are closed before the exit, while no one can yet take them from a dying process.
  call(__NR_close_range, 3, ~0U, 0);
  kernel::raw::exit(1);
}

[[noreturn]] void walk(Context& ctx) {
  for (std::uint32_t i = 0; i < ctx.image.header->op_count; ++i) {
    const Op& op = ctx.image.ops[i];
    ctx.op = i;
    ctx.detail = kNoDetail;
    const long result = kFunctions[static_cast<std::size_t>(op.kind)](ctx, op);
    if (!kernel::raw::failed(result)) continue;
    if ((op.flags & plan::image::kIgnoreErrors) == 0) fail(ctx, result, ctx.detail);
    send(ctx, MessageKind::kWarning, static_cast<std::int32_t>(-result), ctx.detail);
  }
  fail(ctx, -EINVAL, kBadImage);  // the last op is kExec, which does not return
}

// Whatever the caller blocked or ignored (an engine may ignore SIGPIPE), the container starts with the defaults.
void reset_signals() {
  struct { std::uint64_t handler, flags, restorer, mask; } standard{};
  for (int signal = 1; signal <= 64; ++signal) call(__NR_rt_sigaction, signal, &standard, 0, 8);
  const std::uint64_t none = 0;
  call(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, 0, 8);
}

}  // namespace

[[noreturn]] void run(long argc, char** argv) {
  Context ctx;
  if (argc != 3) kernel::raw::exit(1);
  ctx.report = static_cast<int>(parse_number(argv[1]));
  call(__NR_fcntl, ctx.report, F_SETFD, 1 /* FD_CLOEXEC */);
  call(__NR_prctl, 4 /* PR_SET_DUMPABLE */, 0);
  // Until the container is recorded, nobody but the parent knows of this process: it ends with the parent.
  call(__NR_prctl, 1 /* PR_SET_PDEATHSIG */, 9 /* SIGKILL */);
  call(__NR_umask, 0);
  reset_signals();
  ctx.begun = parse_number(argv[2]);
  if (ctx.begun != 0) ctx.begun_result = call(__NR_unshare, ctx.begun);
  const long image = take_plan(ctx);
  if (image == -EPIPE) kernel::raw::exit(1);  // the parent has given up, and knows why
  if (kernel::raw::failed(image)) fail(ctx, image, kNoDescriptors);
  if (!map_image(image, ctx)) fail(ctx, -EINVAL, kBadImage);
  walk(ctx);
}

void send(const Context& ctx, MessageKind kind, std::int32_t err, std::uint32_t detail) {
  const Message message{kind, ctx.op, err, detail};
  const long sent = kernel::raw::uninterrupted([&] {
    return call(__NR_sendto, ctx.report, &message, sizeof(message), 0x4000 /* MSG_NOSIGNAL */, 0, 0);
  });
  // After the filter is loaded: one without network calls must not hide why the program could not be executed.
  if (kernel::raw::failed(sent) && sent != -EPIPE) call(__NR_write, ctx.report, &message, sizeof(message));
}

bool receive(int fd, Message& message) {
  const long n = kernel::raw::uninterrupted([&] { return call(__NR_recvfrom, fd, &message, sizeof(message), 0, 0, 0); });
  return n == static_cast<long>(sizeof(message));
}

}  // namespace init

#ifdef BULKHEAD_FREESTANDING
extern "C" [[noreturn, gnu::used]] void bulkhead_init_start(long* stack) {
  init::run(stack[0], reinterpret_cast<char**>(stack + 1));
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call bulkhead_init_start\n  hlt\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x30, #0\n  mov x0, sp\n  b bulkhead_init_start\n");
#endif

// The compiler may call these for initialisations and copies, libc or not.
extern "C" void* memset(void* to, int value, std::size_t n) {
  auto* p = static_cast<volatile unsigned char*>(to);
  while (n-- != 0) *p++ = static_cast<unsigned char>(value);
  return to;
}
extern "C" void* memcpy(void* __restrict to, const void* __restrict from, std::size_t n) {
  auto* p = static_cast<volatile unsigned char*>(to);
  const auto* q = static_cast<const unsigned char*>(from);
  while (n-- != 0) *p++ = *q++;
  return to;
}
#endif
