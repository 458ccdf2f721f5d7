#include "policy/groups.h"

#include <algorithm>

#include "base/text.h"

namespace policy {

namespace {

constexpr int kMaxDepth = 8;

bool is_syscall_name(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

base::Result<void> expand_group(const oci::Cursor& at, std::string_view name, const GroupLookup& groups, int depth,
                                NameList& out) {
  const auto bare = name.substr(1);
  const auto version_at = bare.find('@');
  const SyscallGroup* group = groups(bare.substr(0, version_at));
  if (group == nullptr) return at.fault(base::cat("there is no system call group ", base::quote(name)));
  if (version_at != std::string_view::npos && group->version != bare.substr(version_at + 1)) {
    return at.fault(
        base::cat("group ", base::quote(name), " is there in version ", base::quote(group->version), " only"));
  }
  if (depth >= kMaxDepth)
    return at.fault(base::cat("groups within groups, ", kMaxDepth, " deep at ", base::quote(name)));
  for (const auto member : group->syscalls) {
    if (member.starts_with('@')) {
      TRY(expand_group(at, member, groups, depth + 1, out));
    } else {
      out.push_back(member);
    }
  }
  return base::ok();
}

}  // namespace

base::Result<void> expand(const oci::Cursor& at, std::string_view name, const GroupLookup& groups, NameList& out) {
  if (name.starts_with('@')) return expand_group(at, name, groups, 0, out);
  if (!is_syscall_name(name))
    return at.fault(
        base::cat("want the name of a system call or of a group as in \"@faas\", have ", base::quote(name)));
  out.push_back(name);
  return base::ok();
}

void normalize(NameList& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace policy
