// Routes of a new network namespace. Runs in it, with CAP_NET_ADMIN in the user namespace that it belongs to.

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/netlink.h>

#include "init/context.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

// The kernel has worked through the requests when sendto(2) returns, and its first answer is there: that one of them
// failed, or that the last of them succeeded (netlink(7)).
long blackhole(Context& ctx, const Op& op) {
  const long fd = call(__NR_socket, 16 /* AF_NETLINK */, 3 /* SOCK_RAW */ | O_CLOEXEC, NETLINK_ROUTE);
  if (failed(fd)) return fd;
  struct { nlmsghdr header; nlmsgerr result; } answer{};
  long n = call(__NR_sendto, fd, ctx.words(op), op.count * sizeof(std::uint32_t), 0, 0, 0);
  if (!failed(n)) n = call(__NR_recvfrom, fd, &answer, sizeof(answer), 0x40 /* MSG_DONTWAIT */, 0, 0);
  call(__NR_close, fd);
  if (failed(n)) return n;
  if (n < static_cast<long>(sizeof(answer.header) + sizeof(answer.result.error)) || answer.header.nlmsg_type != NLMSG_ERROR) return -EPROTO;
  return answer.result.error;
}

}  // namespace init
