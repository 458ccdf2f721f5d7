#include "policy/groups.h"

#include <algorithm>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/section.h"
#include "policy/syscalls.h"

namespace policy {

namespace {

constexpr int kMaxDepth = 8;

bool is_syscall_name(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

// Of those that are built in.
std::vector<std::string_view> known_groups(const GroupLookup& groups) {
  std::vector<std::string_view> out;
  for (const auto& group : builtin_groups()) {
    if (groups(group.name) != nullptr) out.push_back(group.name);
  }
  return out;
}

base::Result<void> expand_group(const oci::Cursor& at, std::string_view name, const GroupLookup& groups, int depth,
                                NameList& out) {
  const auto bare = name.substr(1);
  const auto version_at = bare.find('@');
  const SyscallGroup* group = groups(bare.substr(0, version_at));
  if (group == nullptr) {
    auto error = at.fault(base::cat("there is no system call group ", base::quote(name)));
    const auto near = base::nearest(bare.substr(0, version_at), known_groups(groups));
    if (near.empty()) return error;
    return std::move(error).hint(base::cat("did you mean ", base::quote(base::cat('@', near, '@', groups(near)->version)), "?"));
  }
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

base::Error unknown_call(const oci::Cursor& at, std::string_view name) {
  constexpr std::string_view kWhat = "system call";
  const auto meaning = meaning_of(name);
  if (!meaning.empty()) {
    return at.fault(base::cat("unknown ", kWhat, " ", base::quote(name)))
        .hint(base::cat("it is i386's, and what is said of ", base::quote(meaning), " holds for it"));
  }
  if (name == "socketcall" || name == "ipc") {
    return at.fault(base::cat("unknown ", kWhat, " ", base::quote(name)))
        .hint("it is i386's, and what is said of the calls that it makes holds for it");
  }
  return unknown(at, kWhat, name, syscall_list());
}

}  // namespace

base::Result<void> expand(const oci::Cursor& at, std::string_view name, const GroupLookup& groups, NameList& out) {
  if (name.starts_with('@')) return expand_group(at, name, groups, 0, out);
  if (!is_syscall_name(name))
    return at.fault(
        base::cat("want the name of a system call or of a group as in \"@faas\", have ", base::quote(name)));
  if (!is_syscall(name)) return unknown_call(at, name);
  out.push_back(name);
  return base::ok();
}

void normalize(NameList& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace policy
