#include "cli/decisions.h"

#include <ctime>

#include "base/json_writer.h"
#include "base/sha256.h"
#include "base/text.h"
#include "kernel/file.h"
#include "monitor/log_rate.h"
#include "policy/pack.h"

namespace cli {
namespace {

using base::JsonWriter;

enum class Reasons { kWithout, kWith };

void write_decision(JsonWriter& w, const harden::Decision& d, Reasons reasons) {
  w.open('{');
  w.member("control", d.control);
  w.member("where", d.where);
  w.member("requested", d.requested);
  w.member("effective", d.effective);
  if (reasons == Reasons::kWith) w.member("why", d.why);
  w.member("source", d.source);
  // A line for each container: what is not so is left out.
  if (d.degraded) w.flag("degraded", true);
  if (d.warning) w.flag("warning", true);
  if (d.audited) w.flag("audited", true);
  w.close('}');
}

void write_decided(JsonWriter& w, const Prepared& prepared, Reasons reasons) {
  const auto& policy = prepared.selected.policy;
  w.member("policy", policy.profile);
  w.member("policyId", policy_id(policy));
  w.member("selectedBy", policy.selected_by);
  w.list("layers", policy.layers);
  std::vector<std::string> exceptions;
  for (const auto& use : policy.exceptions) exceptions.push_back(use.id);
  w.list("exceptions", exceptions);
  w.key("decisions");
  w.open('[');
  for (const auto& decision : prepared.outcome.decisions) write_decision(w, decision, reasons);
  w.close(']');
}

std::string one_line(JsonWriter& w) {
  std::string line = w.take();
  line.pop_back();
  return line;
}

constexpr const char* kTurns = "/run/bulkhead-log";

std::uint64_t minute_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) / 60;
}

// False: the log has had its lines for this minute. Where that cannot be counted, it has not.
bool has_turn(const monitor::DecisionSink& sink, std::uint64_t per_minute) {
  if (per_minute == 0) return true;
  const auto directory = kernel::open_private_directory(kTurns, "directory of the decision log's count");
  if (!directory) return true;
  const auto turn = monitor::take_turn(directory->get(), per_minute, minute_now());
  if (!turn) return true;
  if (turn->granted && turn->dropped != 0) {
    JsonWriter w;
    w.open('{');
    w.member("time", base::now_rfc3339());
    w.member("event", "dropped");
    w.key("lines");
    w.raw(std::to_string(turn->dropped));
    w.close('}');
    if (!sink.write(one_line(w), "")) (void)monitor::count_dropped(directory->get(), turn->dropped);
  }
  return turn->granted;
}

}  // namespace

std::string policy_id(const policy::Policy& policy) { return "sha256:" + base::hex(base::sha256(policy::pack(policy))); }

std::string policy_id(const policy::Effective& policy) { return policy_id(policy.policy); }

std::string decided_text(const Prepared& prepared, const std::string& policy_option) {
  JsonWriter w;
  w.open('{');
  w.member("policyOption", policy_option);
  write_decided(w, prepared, Reasons::kWith);
  w.close('}');
  return one_line(w);
}

std::string decision_line(const Prepared& prepared, const std::string& time) {
  JsonWriter w;
  w.open('{');
  w.member("time", time);
  w.member("event", "create");
  w.member("id", prepared.plan.id);
  w.member("bundle", prepared.plan.bundle);
  write_decided(w, prepared, Reasons::kWithout);
  w.close('}');
  return one_line(w);
}

base::Result<DecisionLog> DecisionLog::open(const std::optional<policy::DecisionLog>& wanted, const base::Log& log) {
  DecisionLog out;
  if (!wanted) return out;
  out.required_ = wanted->required;
  out.per_minute_ = wanted->per_minute;
  auto sink = monitor::DecisionSink::open(wanted->sink, wanted->max_size);
  if (sink) {
    out.sink_.emplace(*std::move(sink));
  } else if (wanted->required) {
    return std::move(sink).error().hint(base::cat("it is required by ", wanted->origin.text()));
  } else {
    log.warning(sink.error().message());
  }
  return out;
}

base::Result<void> DecisionLog::created(const Prepared& prepared, const base::Log& log) const {
  if (!sink_) return base::ok();
  return tell(decision_line(prepared, base::now_rfc3339()), prepared.plan.id, log);
}

base::Result<void> DecisionLog::tell(const std::string& line, const std::string& id, const base::Log& log) const {
  if (!sink_ || !has_turn(*sink_, per_minute_)) return base::ok();
  auto written = sink_->write(line, id);
  if (written || required_) return written;
  log.warning(written.error().message());
  return base::ok();
}

std::string exec_line(const Executed& executed, const std::string& time) {
  JsonWriter w;
  w.open('{');
  w.member("time", time);
  w.member("event", "exec");
  w.member("id", executed.id);
  w.member("program", executed.process.args.empty() ? "" : executed.process.args.front());
  w.member("user", base::cat(executed.process.user.uid, ':', executed.process.user.gid));
  w.member("policy", executed.policy);
  w.member("policyId", executed.policy_id);
  w.key("decisions");
  w.open('[');
  for (const auto& decision : executed.decisions) write_decision(w, decision, Reasons::kWithout);
  w.close(']');
  w.close('}');
  return one_line(w);
}

void log_refusal(const std::optional<policy::DecisionLog>& wanted, const std::string& id, const base::Error& error) {
  if (!wanted) return;
  const auto sink = monitor::DecisionSink::open(wanted->sink, wanted->max_size);
  if (!sink || !has_turn(*sink, wanted->per_minute)) return;
  JsonWriter w;
  w.open('{');
  w.member("time", base::now_rfc3339());
  w.member("event", "refused");
  w.member("id", id);
  w.member("error", error.message());
  w.close('}');
  (void)sink->write(one_line(w), id);
}

}  // namespace cli
