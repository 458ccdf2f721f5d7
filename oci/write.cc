#include "oci/write.h"

#include "oci/json_writer.h"

namespace oci {

namespace {

void write_annotations(JsonWriter& out, const State& state) {
  if (state.annotations.empty()) return;
  out.name("annotations");
  out.begin_object();
  for (const auto& [name, value] : state.annotations) out.member(name, value);
  out.end_object();
}

void write_one(JsonWriter& out, const State& state) {
  out.begin_object();
  out.member("ociVersion", state.oci_version);
  out.member("id", state.id);
  out.member("pid", state.pid);
  out.member("status", state.status);
  out.member("bundle", state.bundle);
  out.member("rootfs", state.rootfs);
  out.member("created", state.created);
  write_annotations(out, state);
  out.member("owner", state.owner);
  out.end_object();
}

}  // namespace

std::string write_state(const State& state) {
  JsonWriter out("  ");
  write_one(out, state);
  return out.take();
}

std::string write_hook_state(const State& state) {
  JsonWriter out;
  out.begin_object();
  out.member("ociVersion", state.oci_version);
  out.member("id", state.id);
  out.member("status", state.status);
  if (state.pid != 0) out.member("pid", state.pid);
  out.member("bundle", state.bundle);
  write_annotations(out, state);
  out.end_object();
  return out.take();
}

HookStateParts write_hook_state_around_pid(State state) {
  constexpr std::string_view kPid = "\"pid\":1,";  // its quotes are nowhere within a string
  state.pid = 1;
  const std::string text = write_hook_state(state);
  const auto at = text.find(kPid) + kPid.size() - 2;
  return {text.substr(0, at), text.substr(at + 1)};
}

std::string write_state_list(const std::vector<State>& states) {
  if (states.empty()) return "null\n";
  JsonWriter out;
  out.begin_array();
  for (const State& state : states) write_one(out, state);
  out.end_array();
  return out.take() + "\n";
}

}  // namespace oci
