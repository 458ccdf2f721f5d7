#include "cli/abstract_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace cli {

base::Result<base::UniqueFd> listen_abstract(const std::string& name) {
  constexpr int kBacklog = 4;
  sockaddr_un place{};
  if (name.size() + 1 > sizeof place.sun_path) return base::Error::system(ENAMETOOLONG, "bind of an abstract socket");
  place.sun_family = AF_UNIX;
  std::memcpy(place.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return base::Error::system(errno, "socket");
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&place), size) != 0) return base::Error::system(errno, "bind of an abstract socket");
  if (::listen(socket.get(), kBacklog) != 0) return base::Error::system(errno, "listen");
  return socket;
}

}  // namespace cli
