// A Spec as config.json: what read_spec() reads from it is the same Spec.
#include "oci/names.h"
#include "oci/write.h"
#include "oci/write_members.h"

namespace oci {

namespace {

void write_root(JsonWriter& out, const Root& root) {
  out.member("path", root.path);
  out.member("readonly", root.readonly);
}

void write_mount(JsonWriter& out, const Mount& mount) {
  out.member("destination", mount.destination);
  write_optional(out, "type", mount.type);
  write_optional(out, "source", mount.source);
  write_optional(out, "options", mount.options);
  write_id_mappings(out, "uidMappings", mount.uid_mappings);
  write_id_mappings(out, "gidMappings", mount.gid_mappings);
}

void write_hook(JsonWriter& out, const Hook& hook) {
  out.member("path", hook.path);
  write_optional(out, "args", hook.args);
  write_optional(out, "env", hook.env);
  write_optional(out, "timeout", hook.timeout);
}

void write_hooks(JsonWriter& out, const Hooks& hooks) {
  write_objects(out, "prestart", hooks.prestart, write_hook);
  write_objects(out, "createRuntime", hooks.create_runtime, write_hook);
  write_objects(out, "createContainer", hooks.create_container, write_hook);
  write_objects(out, "startContainer", hooks.start_container, write_hook);
  write_objects(out, "poststart", hooks.poststart, write_hook);
  write_objects(out, "poststop", hooks.poststop, write_hook);
}

}  // namespace

void write_id_mappings(JsonWriter& out, std::string_view name, const std::vector<IdMapping>& mappings) {
  write_objects(out, name, mappings, [](JsonWriter& o, const IdMapping& mapping) {
    o.member("containerID", mapping.container_id);
    o.member("hostID", mapping.host_id);
    o.member("size", mapping.size);
  });
}

std::string write_spec(const Spec& spec) {
  JsonWriter out("  ");
  out.begin_object();
  out.member("ociVersion", spec.oci_version);
  write_object(out, "process", spec.process, write_process);
  write_object(out, "root", spec.root, write_root);
  write_optional(out, "hostname", spec.hostname);
  write_optional(out, "domainname", spec.domainname);
  write_objects(out, "mounts", spec.mounts, write_mount);
  if (!spec.hooks.empty()) write_object(out, "hooks", spec.hooks, write_hooks);
  write_optional(out, "annotations", spec.annotations);
  write_object(out, "linux", spec.linux, write_linux);
  out.end_object();
  return out.take() + "\n";
}

}  // namespace oci
