// process: who runs what, with which rights and limits.
#include "oci/cpu_list.h"
#include "oci/fields.h"

namespace oci {

namespace {

using base::Result;

constexpr auto kBox = fields<Box>(field<&Box::height>("height"), field<&Box::width>("width"));

Result<void> read_groups(Reader&, const Cursor& cursor, User& out) {
  for (const Cursor& element : TRY(cursor.get_array()))
    out.additional_gids.push_back(static_cast<std::uint32_t>(TRY(element.get_u64(0, kMaxId))));
  return base::ok();
}

constexpr auto kUser = fields<User>(ranged<&User::uid, 0U, kMaxId>("uid"), ranged<&User::gid, 0U, kMaxId>("gid"),
                                    ranged<&User::umask, 0U, 0777U>("umask"), with<User, read_groups>("additionalGids"),
                                    ignored<User>("username"));

// A name that this runtime does not know is skipped with a warning: engines list capabilities of newer kernels,
// and to lack one is never a loss of confinement.
template <CapSet Capabilities::*M>
Result<void> read_cap_set(Reader& reader, const Cursor& cursor, Capabilities& out) {
  for (const Cursor& element : TRY(cursor.get_array())) {
    const std::string_view name = TRY(element.get_string());
    if (const auto number = capability_number(name)) {
      out.*M |= CapSet{1} << *number;
    } else {
      reader.warn(element, base::cat("unknown capability ", base::quote(name), ", ignored"));
    }
  }
  return base::ok();
}

constexpr auto kCapabilities =
    fields<Capabilities>(with<Capabilities, read_cap_set<&Capabilities::bounding>>("bounding"),
                         with<Capabilities, read_cap_set<&Capabilities::effective>>("effective"),
                         with<Capabilities, read_cap_set<&Capabilities::inheritable>>("inheritable"),
                         with<Capabilities, read_cap_set<&Capabilities::permitted>>("permitted"),
                         with<Capabilities, read_cap_set<&Capabilities::ambient>>("ambient"));

Result<void> read_rlimit_type(Reader&, const Cursor& cursor, Rlimit& out) {
  out.resource = TRY(read_name(cursor, rlimit_types()));
  out.type = rlimit_name(out.resource);
  return base::ok();
}

constexpr auto kRlimit =
    fields<Rlimit>(with<Rlimit, read_rlimit_type>("type", "a string"), field<&Rlimit::soft>("soft", "an integer"),
                   field<&Rlimit::hard>("hard", "an integer"));

Result<void> read_rlimits(Reader& reader, const Cursor& cursor, Process& out) {
  for (const Cursor& element : TRY(cursor.get_array())) {
    Rlimit limit;
    TRY(read_object(reader, element, kRlimit, limit));
    for (const Rlimit& other : out.rlimits)
      if (other.resource == limit.resource) return element.find("type")->fault(base::cat(limit.type, " given twice"));
    // setrlimit(2): EINVAL
    if (limit.soft > limit.hard)
      return element.find("soft")->mismatch(base::cat("at most the hard limit ", limit.hard));
    out.rlimits.push_back(std::move(limit));
  }
  return base::ok();
}

Result<void> read_policy(Reader&, const Cursor& cursor, Scheduler& out) {
  out.policy = TRY(read_name(cursor, scheduler_policies()));
  return base::ok();
}

Result<void> read_scheduler_flags(Reader&, const Cursor& cursor, Scheduler& out) {
  for (const Cursor& element : TRY(cursor.get_array())) out.flags |= TRY(read_name(element, scheduler_flags()));
  return base::ok();
}

constexpr auto kScheduler =
    fields<Scheduler>(with<Scheduler, read_policy>("policy", "a string"), ranged<&Scheduler::nice, -20, 19>("nice"),
                      ranged<&Scheduler::priority, 0, 99>("priority"), with<Scheduler, read_scheduler_flags>("flags"),
                      field<&Scheduler::runtime>("runtime"), field<&Scheduler::deadline>("deadline"),
                      field<&Scheduler::period>("period"));

// sched_setattr(2): a parameter of another policy is ignored or EINVAL, depending on which.
Result<void> read_scheduler(Reader& reader, const Cursor& cursor, Process& out) {
  constexpr std::uint32_t kFifo = 1;
  constexpr std::uint32_t kRoundRobin = 2;
  constexpr std::uint32_t kDeadline = 6;
  Scheduler& scheduler = out.scheduler.emplace();
  TRY(read_object(reader, cursor, kScheduler, scheduler));
  if (scheduler.priority != 0 && scheduler.policy != kFifo && scheduler.policy != kRoundRobin)
    return cursor.find("priority")->mismatch("0 unless the policy is SCHED_FIFO or SCHED_RR");
  if (scheduler.policy == kDeadline) return base::ok();
  for (const auto* name : {"runtime", "deadline", "period"}) {
    const auto member = cursor.find(name);
    if (member && !member->is_null() && TRY(member->get_u64()) != 0)
      return member->mismatch("0 unless the policy is SCHED_DEADLINE");
  }
  return base::ok();
}

Result<void> read_io_class(Reader&, const Cursor& cursor, IoPriority& out) {
  out.io_class = TRY(read_name(cursor, io_priority_classes()));
  return base::ok();
}

constexpr auto kIoPriority = fields<IoPriority>(with<IoPriority, read_io_class>("class", "a string"),
                                                ranged<&IoPriority::priority, 0U, 7U>("priority"));

// Empty is allowed.
template <std::string ExecCpuAffinity::*M>
Result<void> read_cpu_list(Reader&, const Cursor& cursor, ExecCpuAffinity& out) {
  const std::string_view list = TRY(cursor.get_string());
  if (!list.empty() && !cpu_mask(list)) return cursor.mismatch(base::cat("a cpu list such as 0-3,5, with cpus below ", kMaxCpus));
  out.*M = list;
  return base::ok();
}

constexpr auto kAffinity =
    fields<ExecCpuAffinity>(with<ExecCpuAffinity, read_cpu_list<&ExecCpuAffinity::initial>>("initial"),
                            with<ExecCpuAffinity, read_cpu_list<&ExecCpuAffinity::final>>("final"));

Result<void> read_args(Reader&, const Cursor& cursor, Process& out) {
  out.args = TRY(cursor.get_strings());
  if (out.args.empty()) return cursor.fault("want at least one argument, have none");
  return base::ok();
}

Result<void> read_env(Reader&, const Cursor& cursor, Process& out) {
  out.env = TRY(cursor.get_strings());
  for (std::size_t i = 0; i < out.env.size(); ++i) {
    const std::size_t equals = out.env[i].find('=');
    if (equals != std::string::npos && equals != 0) continue;
    // Without what is there: it may be a secret whose name was forgotten.
    const bool nameless = equals == 0;
    return TRY(cursor.get_array())[i].fault(nameless ? "want NAME=value, have no name" : "want NAME=value, have no \"=\"");
  }
  return base::ok();
}

Result<void> read_cwd(Reader&, const Cursor& cursor, Process& out) {
  out.cwd = TRY(read_absolute_path(cursor));
  return base::ok();
}

template <auto M, const auto& Table>
Result<void> read_part(Reader& reader, const Cursor& cursor, Process& out) {
  auto& part = out.*M;
  if constexpr (requires { part.emplace(); }) {
    return read_object(reader, cursor, Table, part.emplace());
  } else {
    return read_object(reader, cursor, Table, part);
  }
}

constexpr auto kProcess = fields<Process>(
    field<&Process::terminal>("terminal"), with<Process, read_part<&Process::console_size, kBox>>("consoleSize"),
    with<Process, read_part<&Process::user, kUser>>("user"), with<Process, read_args>("args", "an array of strings"),
    with<Process, read_env>("env"), with<Process, read_cwd>("cwd", "an absolute path"),
    with<Process, read_part<&Process::capabilities, kCapabilities>>("capabilities"),
    with<Process, read_rlimits>("rlimits"), field<&Process::no_new_privileges>("noNewPrivileges"),
    field<&Process::apparmor_profile>("apparmorProfile"), field<&Process::selinux_label>("selinuxLabel"),
    ranged<&Process::oom_score_adj, -1000, 1000>("oomScoreAdj"), with<Process, read_scheduler>("scheduler"),
    with<Process, read_part<&Process::io_priority, kIoPriority>>("ioPriority"),
    with<Process, read_part<&Process::exec_cpu_affinity, kAffinity>>("execCPUAffinity"),
    ignored<Process>("commandLine"));

}  // namespace

Result<void> read_value(Reader& reader, const Cursor& cursor, Process& out) {
  return read_object(reader, cursor, kProcess, out);
}

}  // namespace oci
