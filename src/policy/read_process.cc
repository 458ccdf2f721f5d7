#include "base/text.h"
#include "oci/names.h"
#include "policy/secure_bits.h"
#include "policy/sections.h"

namespace policy {

namespace {

base::Result<oci::CapSet> get_capabilities(const oci::Cursor& value) {
  oci::CapSet out = 0;
  for (const auto& element : TRY(value.get_array())) {
    const auto name = TRY(element.get_string());
    const auto number = oci::capability_number(name);
    if (!number) {
      const auto known = oci::capability_names();
      return unknown(element, "capability", name, Names(known.begin(), known.end()));
    }
    out |= oci::CapSet{1} << *number;
  }
  return out;
}

base::Result<RootUser> get_root_user(const oci::Cursor& value) {
  const auto text = TRY(value.get_string());
  if (text == "remap") return RootUser::kRemap;
  if (text == "drop") return RootUser::kDrop;
  if (text == "refuse") return RootUser::kRefuse;
  return value.mismatch("\"remap\", \"drop\" or \"refuse\"");
}

// One amount for both limits, or {"soft": …, "hard": …}.
base::Result<RlimitCeiling> get_rlimit(std::string_view name, const oci::Cursor& value) {
  const auto resource = oci::rlimit_type(name);
  if (!resource) return unknown(value, "limit", name, oci::names_of(oci::rlimit_types()));
  RlimitCeiling out{.type = std::string(name), .resource = *resource};
  if (!value.is_object()) {
    out.soft = out.hard = TRY(get_amount(value));
    return out;
  }
  TRY(check_members(value, {"soft", "hard"}));
  const auto soft = value.find("soft");
  const auto hard = value.find("hard");
  if (!soft || !hard) return value.fault(base::cat(soft ? "\"hard\"" : "\"soft\"", " is missing"));
  out.soft = TRY(get_amount(*soft));
  out.hard = TRY(get_amount(*hard));
  if (out.soft > out.hard) return value.fault("\"soft\" is above \"hard\"");
  return out;
}

base::Result<std::vector<RlimitCeiling>> get_rlimits(const oci::Cursor& value) {
  std::vector<RlimitCeiling> out;
  for (const auto& member : TRY(value.object_members())) {
    if (member.name == "$comment") continue;
    auto limit = TRY(get_rlimit(member.name, member.value));
    out.push_back(std::move(limit));
  }
  return out;
}

// true, false or "auto".
base::Result<WriteExecute> get_write_execute(const oci::Cursor& value) {
  if (!value.is_string()) {
    const auto flag = value.get_bool();
    if (flag) return *flag ? WriteExecute::kDeny : WriteExecute::kAllow;
  } else if (TRY(value.get_string()) == "auto") {
    return WriteExecute::kByKind;
  }
  return value.mismatch("true, false or \"auto\"");
}

base::Result<Speculation> get_speculation(const oci::Cursor& value) {
  const auto text = TRY(value.get_string());
  if (text == "default") return Speculation::kDefault;
  if (text == "deny") return Speculation::kDeny;
  return value.mismatch("\"default\" or \"deny\"");
}

base::Result<std::vector<std::string>> get_secure_bits(const oci::Cursor& value) {
  std::vector<std::string> out;
  for (const auto& element : TRY(value.get_array())) {
    const auto name = TRY(element.get_string());
    if (find_secure_bit(name) == nullptr) {
      Names known;
      for (const auto& bit : kSecureBits) known.push_back(bit.name);
      return unknown(element, "secure bit", name, known);
    }
    out.emplace_back(name);
  }
  return out;
}

// In small letters, as sha256sum(1) prints it: one way to write each.
base::Result<std::vector<std::string>> get_digests(const oci::Cursor& value) {
  constexpr std::string_view kKind = "sha256:", kDigits = "0123456789abcdef";
  constexpr std::size_t kLength = 64;
  std::vector<std::string> out;
  for (const auto& element : TRY(value.get_array())) {
    const auto text = TRY(element.get_string());
    const auto digits = text.starts_with(kKind) ? text.substr(kKind.size()) : std::string_view();
    if (digits.size() != kLength || digits.find_first_not_of(kDigits) != std::string_view::npos) {
      return element.mismatch("\"sha256:\" and 64 digits of 0-9 and a-f");
    }
    out.emplace_back(text);
  }
  return out;
}

}  // namespace

base::Result<void> read_process(const oci::Cursor& value, Process& out) {
  const auto section = TRY(Section::open(
      value, {"capabilities", "unprivilegedPorts", "noNewPrivileges", "rootUser", "ownIds", "rlimits", "realtime", "umask", "oomScoreAdj",
              "lockedSecureBits", "memoryDenyWriteExecute", "memfdNoexec", "digests", "coreScheduling",
              "speculation"}));
  TRY(section.take("capabilities", out.capabilities, get_capabilities));
  TRY(section.take("unprivilegedPorts", out.unprivileged_ports, get_flag));
  TRY(section.take("noNewPrivileges", out.no_new_privileges, get_flag));
  TRY(section.take("rootUser", out.root_user, get_root_user));
  TRY(section.take("rlimits", out.rlimits, get_rlimits));
  TRY(section.take("realtime", out.realtime, get_flag));
  TRY(section.take("umask", out.umask, get_mode_bits));
  TRY(section.take("lockedSecureBits", out.locked_secure_bits, get_secure_bits));
  TRY(section.take("memoryDenyWriteExecute", out.memory_deny_write_execute, get_write_execute));
  TRY(section.take("memfdNoexec", out.memfd_noexec, get_flag));
  TRY(section.take("digests", out.digests, get_digests));
  TRY(section.take("coreScheduling", out.core_scheduling, get_flag));
  TRY(section.take("speculation", out.speculation, get_speculation));
  TRY(section.take("ownIds", out.own_ids, get_flag));
  return section.take("oomScoreAdj", out.oom_score_adj, [](const oci::Cursor& v) { return v.get_i64(-1000, 1000); });
}

}  // namespace policy
