// root, mounts and hooks, and the id maps that mounts and linux share.
#include <algorithm>

#include "oci/fields.h"

namespace oci {

namespace {

using base::Result;

Result<void> read_root_path(Reader&, const Cursor& cursor, Root& out) {
  out.path = TRY(cursor.get_string());
  if (out.path.empty()) return cursor.mismatch("a path");
  return base::ok();
}

constexpr auto kRoot = fields<Root>(with<Root, read_root_path>("path", "a path"), field<&Root::readonly>("readonly"));

// A relative destination counts from the container's root, as for every other runtime.
Result<void> read_destination(Reader& reader, const Cursor& cursor, Mount& out) {
  out.destination = TRY(cursor.get_string());
  if (out.destination.empty()) return cursor.mismatch("an absolute path");
  if (out.destination.front() != '/') {
    out.destination.insert(out.destination.begin(), '/');
    reader.warn(cursor,
                base::cat("want an absolute path, have ", cursor.have(), "; taken as ", base::quote(out.destination)));
  }
  return base::ok();
}

template <std::vector<IdMapping> Mount::*M>
Result<void> read_mount_mappings(Reader& reader, const Cursor& cursor, Mount& out) {
  return read_id_mappings(reader, cursor, out.*M);
}

constexpr auto kMount =
    fields<Mount>(with<Mount, read_destination>("destination", "an absolute path"), field<&Mount::type>("type"),
                  field<&Mount::source>("source"), field<&Mount::options>("options"),
                  with<Mount, read_mount_mappings<&Mount::uid_mappings>>("uidMappings"),
                  with<Mount, read_mount_mappings<&Mount::gid_mappings>>("gidMappings"));

constexpr auto kIdMapping =
    fields<IdMapping>(ranged<&IdMapping::container_id, 0U, kMaxId>("containerID"),
                      ranged<&IdMapping::host_id, 0U, kMaxId>("hostID"), field<&IdMapping::size>("size", "an integer"));

bool overlap(std::uint32_t a, std::uint32_t a_size, std::uint32_t b, std::uint32_t b_size) {
  return a < std::uint64_t{b} + b_size && b < std::uint64_t{a} + a_size;
}

Result<void> read_hook_path(Reader&, const Cursor& cursor, Hook& out) {
  out.path = TRY(read_absolute_path(cursor));
  return base::ok();
}

constexpr auto kHook = fields<Hook>(
    with<Hook, read_hook_path>("path", "an absolute path"), field<&Hook::args>("args"), field<&Hook::env>("env"),
    ranged<&Hook::timeout, std::int64_t{1}, std::numeric_limits<std::int64_t>::max()>("timeout"));

template <std::vector<Hook> Hooks::*M>
Result<void> read_hooks(Reader& reader, const Cursor& cursor, Hooks& out) {
  for (const Cursor& element : TRY(cursor.get_array()))
    TRY(read_object(reader, element, kHook, (out.*M).emplace_back()));
  return base::ok();
}

constexpr auto kHooks = fields<Hooks>(with<Hooks, read_hooks<&Hooks::prestart>>("prestart"),
                                      with<Hooks, read_hooks<&Hooks::create_runtime>>("createRuntime"),
                                      with<Hooks, read_hooks<&Hooks::create_container>>("createContainer"),
                                      with<Hooks, read_hooks<&Hooks::start_container>>("startContainer"),
                                      with<Hooks, read_hooks<&Hooks::poststart>>("poststart"),
                                      with<Hooks, read_hooks<&Hooks::poststop>>("poststop"));

}  // namespace

Result<void> read_value(Reader& reader, const Cursor& cursor, Root& out) {
  return read_object(reader, cursor, kRoot, out);
}

Result<void> read_value(Reader& reader, const Cursor& cursor, Mount& out) {
  return read_object(reader, cursor, kMount, out);
}

Result<void> read_value(Reader& reader, const Cursor& cursor, Hooks& out) {
  return read_object(reader, cursor, kHooks, out);
}

// user_namespaces(7): at most 340 lines (Linux 4.15), no range empty, past the last id, or in two lines.
Result<void> read_id_mappings(Reader& reader, const Cursor& cursor, std::vector<IdMapping>& out) {
  constexpr std::size_t kMaxLines = 340;
  if (cursor.size() > kMaxLines)
    return cursor.fault(base::cat("want at most ", kMaxLines, " mappings, have ", cursor.size()));
  for (const Cursor& element : TRY(cursor.get_array())) {
    IdMapping mapping;
    TRY(read_object(reader, element, kIdMapping, mapping));
    const std::uint32_t first = std::max(mapping.container_id, mapping.host_id);
    const std::uint64_t room = std::uint64_t{kMaxId} + 1 - first;
    if (mapping.size == 0 || mapping.size > room) return element.find("size")->mismatch(base::cat("1..", room));
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (overlap(out[i].container_id, out[i].size, mapping.container_id, mapping.size) ||
          overlap(out[i].host_id, out[i].size, mapping.host_id, mapping.size))
        return element.fault(base::cat("overlaps mapping ", i));
    }
    out.push_back(mapping);
  }
  return base::ok();
}

}  // namespace oci
