// What a rule says, for people: one line each.
#include "base/text.h"
#include "oci/names.h"
#include "policy/lattice.h"

namespace policy::lattice {

namespace {

std::string amount(std::uint64_t value) {
  if (value == ~std::uint64_t{0}) return "unlimited";
  constexpr std::string_view kUnits = "KMGT";
  std::size_t unit = 0;
  while (value != 0 && value % 1024 == 0 && unit < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? std::to_string(value) : base::cat(value, kUnits[unit - 1]);
}

template <typename T>
std::string joined(const std::vector<T>& list, auto&& each) {
  std::vector<std::string> texts;
  for (const auto& entry : list) texts.push_back(each(entry));
  return texts.empty() ? "none" : base::join(texts, ", ");
}

}  // namespace

std::string text(bool value) { return value ? "true" : "false"; }
std::string text(oci::CapSet value) { return joined(oci::capability_list(value), [](const auto& name) { return name; }); }

std::string text(std::uint32_t value) {
  std::string out;
  for (const int shift : {9, 6, 3, 0}) out += static_cast<char>('0' + ((value >> shift) & 7U));
  return out;
}

std::string text(std::int64_t value) { return base::cat(value); }

std::string text(ProcView value) {
  if (!value.own_only && !value.pids_only) return "all";
  if (value.own_only && value.pids_only) return "hidepid, subset=pid";
  return value.own_only ? "hidepid" : "subset=pid";
}

std::string text(RootUser value) {
  switch (value) {
    case RootUser::kRemap: return "remap";
    case RootUser::kDrop: return "drop";
    case RootUser::kRefuse: break;
  }
  return "refuse";
}

std::string text(WriteExecute value) {
  switch (value) {
    case WriteExecute::kDeny: return "true";
    case WriteExecute::kAllow: return "false";
    case WriteExecute::kByKind: break;
  }
  return "auto";
}

std::string text(Speculation value) { return value == Speculation::kDeny ? "deny" : "default"; }

std::string text(Secrets value) {
  switch (value) {
    case Secrets::kRedirect: return "redirect";
    case Secrets::kWarn: return "warn";
    case Secrets::kRefuse: break;
  }
  return "refuse";
}

std::string text(const Limit& value) {
  std::vector<std::string> out;
  if (value.standard) out.push_back("default " + amount(*value.standard));
  if (value.max) out.push_back("max " + amount(*value.max));
  return out.empty() ? "none" : base::join(out, ", ");
}

std::string text(WallClock value) { return base::duration(value.seconds); }

std::string text(const SeccompPolicy& value) {
  if (value.others_allowed) {
    return base::cat("all but ", value.errnos.size(), " system calls, ", value.conditional.size(), " by argument",
                     value.compat32 ? "" : ", none of 32-bit programs");
  }
  return base::cat(value.allow.size(), " system calls, ", value.conditional.size(), " by argument",
                   value.compat32 ? ", also of 32-bit programs" : "");
}

std::string text(const std::vector<std::string>& value) {
  return joined(value, [](const auto& entry) { return base::escape(entry); });
}

std::string text(const Ports& value) {
  return joined(value, [](std::uint16_t port) { return std::to_string(port); });
}

std::string text(const std::vector<RlimitCeiling>& value) {
  return joined(value, [](const auto& limit) { return base::cat(limit.type, " ", amount(limit.soft), ":", amount(limit.hard)); });
}

std::string text(const std::vector<oci::Namespace>& value) {
  return joined(value, [](const auto& ns) { return ns.name; });
}

std::string text(const std::vector<Tmpfs>& value) {
  return joined(value, [](const auto& entry) {
    return base::cat(base::escape(entry.path), " ", amount(entry.size), entry.exec ? "" : " noexec");
  });
}

std::string text(const std::vector<DeviceCeiling>& value) {
  return joined(value, [](const auto& d) { return base::cat(d.type, " ", d.major, ":", d.minor, " ", d.access); });
}

std::string text(const std::vector<HookProgram>& value) {
  return joined(value, [](const auto& hook) { return base::cat(base::escape(hook.path), hook.digest.empty() ? "" : " ", hook.digest); });
}

}  // namespace policy::lattice
