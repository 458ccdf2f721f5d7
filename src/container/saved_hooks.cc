#include "container/saved_hooks.h"

#include "base/text.h"
#include "oci/json_writer.h"

namespace container {
namespace {

base::Result<std::vector<std::string>> get_list(const oci::Cursor& hook, std::string_view name) {
  const auto member = hook.find(name);
  if (!member) return hook.fault(base::cat("want a member ", base::quote(name)));
  return member->get_strings();
}

base::Result<std::string> get_text(const oci::Cursor& hook, std::string_view name) {
  const auto member = hook.find(name);
  if (!member) return hook.fault(base::cat("want a member ", base::quote(name)));
  return std::string(TRY(member->get_string()));
}

base::Result<oci::CheckedHook> read_hook(const oci::Cursor& cursor) {
  oci::CheckedHook out;
  out.pointer = TRY(get_text(cursor, "pointer"));
  for (const auto& kind : oci::kHookKinds) {
    if (out.pointer.starts_with(base::cat("/hooks/", kind.name, "/"))) out.kind = kind.name;
  }
  if (out.kind.empty()) return cursor.fault("want the place of a hook in \"pointer\"");
  out.hook.path = TRY(get_text(cursor, "path"));
  if (!out.hook.path.starts_with('/')) return cursor.fault("want an absolute path in \"path\"");
  out.hook.args = TRY(get_list(cursor, "args"));
  out.hook.env = TRY(get_list(cursor, "env"));
  if (const auto timeout = cursor.find("timeout")) out.hook.timeout = TRY(timeout->get_i64(1));
  out.digests = TRY(get_list(cursor, "digests"));
  if (cursor.find("program")) out.program = TRY(get_text(cursor, "program"));
  return out;
}

}  // namespace

std::string encode_hooks(const std::vector<oci::CheckedHook>& hooks) {
  oci::JsonWriter out;
  out.begin_array();
  for (const auto& hook : hooks) {
    out.begin_object();
    out.member("pointer", hook.pointer);
    out.member("path", hook.hook.path);
    out.strings("args", hook.hook.args);
    out.strings("env", hook.hook.env);
    if (hook.hook.timeout) out.member("timeout", *hook.hook.timeout);
    out.strings("digests", hook.digests);
    if (!hook.program.empty()) out.member("program", hook.program);
    out.end_object();
  }
  out.end_array();
  return out.take();
}

base::Result<std::vector<oci::CheckedHook>> read_hooks(const oci::Cursor& list) {
  std::vector<oci::CheckedHook> out;
  for (const auto& element : TRY(list.get_array())) {
    auto hook = TRY(read_hook(element));
    out.push_back(std::move(hook));
  }
  return out;
}

}  // namespace container
