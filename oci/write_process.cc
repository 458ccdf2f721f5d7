// process of config.json.
#include "oci/names.h"
#include "oci/write_members.h"

namespace oci {

namespace {

void write_box(JsonWriter& out, const Box& box) {
  out.member("height", box.height);
  out.member("width", box.width);
}

void write_user(JsonWriter& out, const User& user) {
  out.member("uid", user.uid);
  out.member("gid", user.gid);
  write_optional(out, "umask", user.umask);
  if (user.additional_gids.empty()) return;
  out.name("additionalGids");
  out.begin_array();
  for (const auto gid : user.additional_gids) out.value(gid);
  out.end_array();
}

// Empty sets too: they say that there is none, where an absent section says nothing.
void write_capabilities(JsonWriter& out, const Capabilities& caps) {
  out.strings("bounding", capability_list(caps.bounding));
  out.strings("effective", capability_list(caps.effective));
  out.strings("inheritable", capability_list(caps.inheritable));
  out.strings("permitted", capability_list(caps.permitted));
  out.strings("ambient", capability_list(caps.ambient));
}

void write_rlimit(JsonWriter& out, const Rlimit& limit) {
  out.member("type", limit.type);
  out.member("soft", limit.soft);
  out.member("hard", limit.hard);
}

// Those of another policy must be absent or 0.
void write_scheduler(JsonWriter& out, const Scheduler& scheduler) {
  out.member("policy", name_of(scheduler_policies(), scheduler.policy));
  out.member("nice", scheduler.nice);
  if (scheduler.priority != 0) out.member("priority", scheduler.priority);
  if (scheduler.flags != 0) {
    out.name("flags");
    out.begin_array();
    for (const auto& flag : scheduler_flags())
      if ((scheduler.flags & flag.value) != 0) out.value(flag.name);
    out.end_array();
  }
  if (scheduler.runtime != 0) out.member("runtime", scheduler.runtime);
  if (scheduler.deadline != 0) out.member("deadline", scheduler.deadline);
  if (scheduler.period != 0) out.member("period", scheduler.period);
}

void write_io_priority(JsonWriter& out, const IoPriority& priority) {
  out.member("class", name_of(io_priority_classes(), priority.io_class));
  out.member("priority", priority.priority);
}

void write_affinity(JsonWriter& out, const ExecCpuAffinity& affinity) {
  write_optional(out, "initial", affinity.initial);
  write_optional(out, "final", affinity.final);
}

}  // namespace

void write_process(JsonWriter& out, const Process& process) {
  out.member("terminal", process.terminal);
  write_object(out, "consoleSize", process.console_size, write_box);
  write_object(out, "user", process.user, write_user);
  out.strings("args", process.args);
  write_optional(out, "env", process.env);
  out.member("cwd", process.cwd);
  write_object(out, "capabilities", process.capabilities, write_capabilities);
  write_objects(out, "rlimits", process.rlimits, write_rlimit);
  out.member("noNewPrivileges", process.no_new_privileges);
  write_optional(out, "apparmorProfile", process.apparmor_profile);
  write_optional(out, "selinuxLabel", process.selinux_label);
  write_optional(out, "oomScoreAdj", process.oom_score_adj);
  write_object(out, "scheduler", process.scheduler, write_scheduler);
  write_object(out, "ioPriority", process.io_priority, write_io_priority);
  write_object(out, "execCPUAffinity", process.exec_cpu_affinity, write_affinity);
}

}  // namespace oci
