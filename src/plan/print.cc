#include "plan/print.h"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"
#include "oci/names.h"
#include "plan/text_table.h"

namespace plan {
namespace {

using base::cat;

std::string heading(std::string_view text, const PrintStyle& style) {
  return style.colour ? cat("\x1b[1;4m", text, "\x1b[0m\n") : cat(text, "\n");
}

std::string namespace_list(const LaunchPlan& plan) {
  std::vector<std::string> out;
  for (const auto& [name, type] : oci::namespace_types()) {
    const std::uint64_t made = plan.clone_flags | plan.unshare_flags | (plan.new_time_namespace ? CLONE_NEWTIME : 0U);
    if ((made & type) != 0) out.emplace_back(name);
  }
  for (const auto& join : plan.joins) out.push_back(cat(join.name, "=", join.path));
  return base::join(out, " ");
}

std::string map_list(const std::vector<oci::IdMapping>& maps) {
  std::vector<std::string> out;
  for (const auto& map : maps) out.push_back(cat(map.container_id, "->", map.host_id, "+", map.size));
  return base::join(out, " ");
}

std::string cgroup_write(const CgroupWrite& write) {
  std::string value = write.value;
  std::replace(value.begin(), value.end(), '\n', ' ');
  return cat(write.file, "=", value);
}

std::string decision_line(const harden::Decision& d, const PrintStyle& style) {
  const std::string change = base::escape(cat(d.requested, " -> ", d.effective));
  const std::string mark = d.degraded ? "(degraded)" : d.warning ? "(warning)" : d.audited ? "(audited only)" : "";
  if (mark.empty()) return change;
  return style.colour ? cat(change, " \x1b[33m", mark, "\x1b[0m") : cat(change, " ", mark);
}

std::string policy_lines(const policy::Effective& policy) {
  std::string out = cat("policy by ", base::escape(policy.selected_by));
  if (!policy.layers.empty()) out += cat("  with ", base::join(policy.layers, ", "));
  out += "\n";
  for (const auto& use : policy.exceptions) {
    out += cat("exception ", use.id, " until ", use.expires, " for ", base::escape(use.owner), ": ", base::escape(use.reason), "\n");
  }
  for (const auto& required : policy.policy.required) {
    out += cat("required ", required.control, " by ", base::escape(required.origin.text()), "\n");
  }
  return out;
}

}  // namespace

std::string print_decisions(const harden::Decisions& decisions, const PrintStyle& style) {
  TextTable changes(style);
  for (const auto& d : decisions) {
    changes.row({d.control, d.where, decision_line(d, style), d.why, d.source});
  }
  return heading(cat("decisions (", decisions.size(), ")"), style) + std::move(changes).print();
}

std::string print_text(const LaunchPlan& plan, const harden::Decisions& decisions, const PrintStyle& style,
                       const policy::Effective* policy) {
  std::string out = cat("container ", plan.id, "  bundle ", plan.bundle, "  policy ", plan.policy_name, "\n");
  if (policy != nullptr) out += policy_lines(*policy);
  out += "\n";
  out += print_decisions(decisions, style);
  out += "\n" + heading("plan", style);
  TextTable head(style);
  head.row({"namespaces", namespace_list(plan)});
  if (!plan.uid_maps.empty()) head.row({"uid map", map_list(plan.uid_maps)});
  if (!plan.gid_maps.empty()) head.row({"gid map", map_list(plan.gid_maps)});
  if (!plan.cgroup.path.empty()) head.row({"cgroup", plan.cgroup.path});
  for (const auto& write : plan.cgroup.writes) head.row({"", cgroup_write(write), write.because});
  if (!plan.cgroup.device_program.empty()) head.row({"", cat("device program, ", plan.cgroup.device_program.size(), " instructions")});
  if (plan.oom_score_adj) head.row({"oom score", cat(*plan.oom_score_adj), "/process/oomScoreAdj"});
  if (!plan.initial_cpus.empty()) head.row({"affinity", cat("CPUs ", plan.initial_cpus, " until it is in its cgroups"), "/process/execCPUAffinity/initial"});
  if (plan.wall_clock != 0) head.row({"wall clock", base::duration(plan.wall_clock)});
  for (const auto* hooks : {&plan.poststart, &plan.poststop}) {
    for (const auto& hook : *hooks) head.row({"hook", base::escape(describe_hook(hook)), hook.pointer});
  }
  out += std::move(head).print();
  TextTable steps(style);
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const StepText text = describe(plan.steps[i], plan);
    std::string number = std::to_string(i);
    if (number.size() < 2) number.insert(0, 1, '0');
    steps.row({number, text.name, text.detail, plan.steps[i].because});
  }
  return out + std::move(steps).print();
}

namespace {

using base::JsonWriter;

void print_decisions(JsonWriter& w, const harden::Decisions& decisions) {
  w.key("decisions");
  w.open('[');
  for (const auto& d : decisions) {
    w.open('{');
    w.member("control", d.control);
    w.member("where", d.where);
    w.member("requested", d.requested);
    w.member("effective", d.effective);
    w.member("why", d.why);
    w.member("source", d.source);
    w.list("also", d.also);
    w.flag("degraded", d.degraded);
    w.flag("warning", d.warning);
    w.flag("audited", d.audited);
    w.close('}');
  }
  w.close(']');
}

void print_policy(JsonWriter& w, const policy::Effective& policy) {
  w.member("selectedBy", policy.selected_by);
  w.list("layers", policy.layers);
  std::vector<std::string> required;
  for (const auto& entry : policy.policy.required) required.push_back(entry.control);
  w.list("required", required);
  w.key("exceptions");
  w.open('[');
  for (const auto& use : policy.exceptions) {
    w.open('{');
    w.member("id", use.id);
    w.member("owner", use.owner);
    w.member("reason", use.reason);
    w.member("expires", use.expires);
    w.close('}');
  }
  w.close(']');
}

void print_cgroup(JsonWriter& w, const CgroupPlan& cgroup) {
  w.key("cgroup");
  w.open('{');
  w.member("path", cgroup.path);
  w.key("writes");
  w.open('[');
  for (const auto& write : cgroup.writes) {
    w.open('{');
    w.member("controller", write.controller);
    w.member("file", write.file);
    w.member("value", write.value);
    w.member("because", write.because);
    w.close('}');
  }
  w.close(']');
  w.key("devicesInstructions");
  w.raw(std::to_string(cgroup.device_program.size()));
  w.close('}');
}

// Those that run when init has become the program.
void print_later_hooks(JsonWriter& w, const LaunchPlan& plan) {
  if (plan.poststart.empty() && plan.poststop.empty()) return;
  w.key("hooks");
  w.open('[');
  for (const auto* hooks : {&plan.poststart, &plan.poststop}) {
    for (const auto& hook : *hooks) {
      w.open('{');
      w.member("hook", base::escape(describe_hook(hook)));
      w.member("because", hook.pointer);
      w.close('}');
    }
  }
  w.close(']');
}

}  // namespace

std::string print_json(const LaunchPlan& plan, const harden::Decisions& decisions, const policy::Effective* policy) {
  JsonWriter w;
  w.open('{');
  w.member("id", plan.id);
  w.member("bundle", plan.bundle);
  w.member("policy", plan.policy_name);
  if (policy != nullptr) print_policy(w, *policy);
  print_decisions(w, decisions);
  w.key("plan");
  w.open('{');
  w.member("namespaces", namespace_list(plan));
  w.member("uidMap", map_list(plan.uid_maps));
  w.member("gidMap", map_list(plan.gid_maps));
  print_cgroup(w, plan.cgroup);
  if (plan.wall_clock != 0) w.member("wallClock", base::duration(plan.wall_clock));
  print_later_hooks(w, plan);
  w.key("steps");
  w.open('[');
  for (const auto& step : plan.steps) {
    const StepText text = describe(step, plan);
    w.open('{');
    w.member("op", text.name);
    w.member("detail", text.detail);
    w.member("because", step.because);
    w.close('}');
  }
  w.close(']');
  w.close('}');
  w.close('}');
  return w.take();
}

}  // namespace plan
