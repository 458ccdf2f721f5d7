#include "oci/write.h"

#include "oci/json_writer.h"

namespace oci {

namespace {

void write_one(JsonWriter& out, const State& state) {
  out.begin_object();
  out.member("ociVersion", state.oci_version);
  out.member("id", state.id);
  out.member("pid", state.pid);
  out.member("status", state.status);
  out.member("bundle", state.bundle);
  out.member("rootfs", state.rootfs);
  out.member("created", state.created);
  if (!state.annotations.empty()) {
    out.name("annotations");
    out.begin_object();
    for (const auto& [name, value] : state.annotations) out.member(name, value);
    out.end_object();
  }
  out.member("owner", state.owner);
  out.end_object();
}

}  // namespace

std::string write_state(const State& state) {
  JsonWriter out("  ");
  write_one(out, state);
  return out.take();
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
