#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"
#include "base/guard.h"
#include "base/text.h"
#include "cli/verbs.h"
#include "kernel/file.h"
#include "oci/write.h"

namespace cli {

base::Result<int> cmd_spec(const GlobalArgs&, const SpecArgs& args, const base::Log&) {
  const std::string path = base::cat(args.bundle.empty() ? "." : args.bundle, "/config.json");
  base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd) {
    auto error = base::Error::system(errno, "write", path);
    return error.sys() == EEXIST ? std::move(error).hint("remove it first") : std::move(error);
  }
  base::ScopeGuard remove([&] { ::unlink(path.c_str()); });
  TRY_IN(path, kernel::write_all(fd.get(), oci::default_spec(args.rootless, ::geteuid(), ::getegid())));
  remove.commit();
  return 0;
}

}  // namespace cli
