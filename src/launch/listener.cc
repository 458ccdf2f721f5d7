#include "launch/listener.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/text.h"
#include "kernel/raw.h"

namespace launch {
namespace {

using base::Error;
using base::UniqueFd;

constexpr std::int64_t kPatienceSeconds = 10;

std::int64_t seconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

// init cannot say that the filter is loaded, since the filter may stop whatever it would say it with. So the
// descriptor is asked for until it is there, which takes as long as one system call of init's.
base::Result<UniqueFd> take_descriptor(const kernel::PidFd& init, int number) {
  const std::int64_t deadline = seconds_now() + kPatienceSeconds;
  for (;;) {
    const long fd = kernel::raw::call(__NR_pidfd_getfd, init.fd(), number, 0);
    if (!kernel::raw::failed(fd)) return UniqueFd(static_cast<int>(fd));
    if (fd != -EBADF || seconds_now() > deadline) return Error::system(static_cast<int>(-fd), "take seccomp listener");
    ::sched_yield();
  }
}

base::Result<UniqueFd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return Error::system(ENAMETOOLONG, "seccomp agent", path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error::system(errno, "socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Error::system(errno, "config.json: /linux/seccomp/listenerPath: connect to seccomp agent", path);
  }
  return socket;
}

// One message: the state, and the descriptor that it calls "seccompFd".
base::Result<void> send_descriptor(int socket, const std::string& text, int fd) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  const ssize_t n = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  if (n != static_cast<ssize_t>(text.size())) return Error::system(n < 0 ? errno : EIO, "pass seccomp listener to its agent");
  return base::ok();
}

// init watches a word of its memory, for it may make no system call until somebody can answer for it.
base::Result<void> let_go(const kernel::PidFd& init, std::uint64_t address) {
  std::uint32_t taken = 1;
  const iovec local{&taken, sizeof(taken)};
  const iovec remote{reinterpret_cast<void*>(address), sizeof(taken)};
  if (::process_vm_writev(init.pid(), &local, 1, &remote, 1, 0) != static_cast<ssize_t>(sizeof(taken))) {
    return Error::system(errno, "let init go on");
  }
  return base::ok();
}

}  // namespace

base::Result<void> pass_listener(const kernel::PidFd& init, const init::Message& announced, const Agent& agent) {
  // Connected first: without an agent nothing is to be taken.
  const UniqueFd socket = TRY(connect_to(agent.path));
  const UniqueFd listener = TRY(take_descriptor(init, announced.err));
  TRY(send_descriptor(socket.get(), agent.state, listener.get()));
  return let_go(init, static_cast<std::uint64_t>(announced.detail) << 32 | announced.op);
}

}  // namespace launch
