#include "cli/libexec.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

#include "base/text.h"
#include "cli/descriptors.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

constexpr std::string_view kBuilt = "/src/cli/";
constexpr std::array<std::string_view, 2> kInstalled = {BULKHEAD_SBINDIR "/bulkhead", BULKHEAD_LIBEXECDIR "/tools"};

std::string own_path() {
  std::array<char, PATH_MAX> own{};
  const ssize_t size = ::readlink("/proc/self/exe", own.data(), own.size() - 1);
  return {own.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

// Where it was built, if this one was not installed; else "".
std::string built_program(const std::string& own, std::string_view name) {
  const auto slash = own.rfind('/');
  if (slash == std::string::npos || !std::string_view(own).substr(0, slash + 1).ends_with(kBuilt)) return "";
  const std::string path = cat(own.substr(0, slash + 1 - kBuilt.size()), name == "probe" ? "/src/probe/" : kBuilt, name);
  return ::access(path.c_str(), F_OK) == 0 ? path : "";
}

// Below what stands before the place of this program when it was installed with DESTDIR; else "".
std::string staging_directory(const std::string& own) {
  for (const auto place : kInstalled) {
    if (own.ends_with(place)) return own.substr(0, own.size() - place.size());
  }
  return "";
}

}  // namespace

std::string libexec_program(std::string_view name) {
  const std::string own = own_path();
  const std::string built = built_program(own, name);
  return built.empty() ? cat(staging_directory(own), BULKHEAD_LIBEXECDIR "/", name) : built;
}

base::Result<void> check_program(const std::string& path, bool own) {
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  const std::string what = cat(own ? name : "probe", " program");
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return Error::system(errno, what, path);
  if (!S_ISREG(info.st_mode)) return Error::config(cat(what, " ", base::quote(path), " is not a regular file"));
  if ((info.st_mode & S_IWOTH) != 0) return Error::config(cat(what, " ", base::quote(path), " can be written by everybody"));
  if (!own || info.st_uid == 0) return base::ok();
  struct stat self {};
  if (::stat("/proc/self/exe", &self) == 0 && self.st_uid == info.st_uid) return base::ok();
  return Error::config(cat(what, " ", base::quote(path), " belongs to user ", info.st_uid));
}

Error become_tools(char** argv) {
  const std::string path = libexec_program("tools");
  if (auto checked = check_program(path, true); !checked) {
    return std::move(checked).error().hint("is bulkhead installed completely?");
  }
  share_descriptors();
  ::execv(path.c_str(), argv);
  return Error::system(errno, "tools program", path);
}

}  // namespace cli
