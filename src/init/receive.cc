// The image, and the descriptors of what the parent has opened, for its slots: unix(7), SCM_RIGHTS.

#include <asm/errno.h>

#include "init/context.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

namespace {

constexpr int kSolSocket = 1, kScmRights = 1;
constexpr unsigned kMsgCtrunc = 0x8, kMsgCmsgCloexec = 0x40000000;

// struct msghdr, iovec and cmsghdr: as the kernel has them, without libc's headers.
struct Vector {
  void* base;
  std::size_t size;
};
struct Envelope {
  void* name;
  std::uint32_t name_size;
  Vector* vectors;
  std::size_t vector_count;
  void* control;
  std::size_t control_size;
  unsigned flags;
};
struct Control {
  std::size_t size;
  int level, type;
  std::int32_t fds[kMaxDescriptors];
};
constexpr std::size_t kControlHead = 16;
static_assert(__builtin_offsetof(Control, fds) == kControlHead);

// One message; nothing of it is trusted before it is known to be whole.
long receive_part(const Context& ctx, MessageKind kind, Descriptors& part, Control& control) {
  Vector vector{&part, sizeof(part)};
  Envelope envelope{nullptr, 0, &vector, 1, &control, sizeof(control), 0};
  const long n =
      kernel::raw::uninterrupted([&] { return call(__NR_recvmsg, ctx.report, &envelope, kMsgCmsgCloexec); });
  if (failed(n)) return n;
  if (n < static_cast<long>(sizeof(Message)) || part.message.kind != kind) return -EPIPE;
  const std::uint32_t count = part.message.op;
  if (count > kMaxDescriptors || n != static_cast<long>(sizeof(Message) + count * sizeof(std::int32_t))) return -EBADMSG;
  if ((envelope.flags & kMsgCtrunc) != 0) return -EMFILE;  // more than this process may have open
  if (count == 0) return 0;
  const bool whole = envelope.control_size >= kControlHead && control.level == kSolSocket && control.type == kScmRights &&
                     control.size == kControlHead + count * sizeof(std::int32_t);
  return whole ? 0 : -EBADMSG;
}

}  // namespace

// A descriptor of the image, or a negative errno. The id maps are written by then.
long take_plan(const Context& ctx) {
  Descriptors part;
  Control control;
  const long received = receive_part(ctx, MessageKind::kPlan, part, control);
  if (failed(received)) return received;
  return part.message.op == 1 ? control.fds[0] : -EBADMSG;
}

// Returns once the parent has made the cgroups and opened the sources.
long take_descriptors(Context& ctx, const Op&) {
  for (;;) {
    Descriptors part;
    Control control;
    const long received = receive_part(ctx, MessageKind::kDescriptors, part, control);
    if (failed(received)) return received;
    for (std::uint32_t i = 0; i < part.message.op; ++i) {
      const std::int32_t slot = part.slots[i];
      if (slot < 0 || slot >= static_cast<std::int32_t>(ctx.image.header->slot_count)) return -EBADMSG;
      ctx.image.slots[slot] = control.fds[i];
    }
    if (part.message.detail == 0) return 0;
  }
}

}  // namespace init
