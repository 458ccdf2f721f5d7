#include "container/record.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <limits>

#include "base/fd.h"
#include "base/text.h"
#include "container/saved_hooks.h"
#include "container/state_dir.h"
#include "kernel/file.h"
#include "oci/json.h"

namespace container {
namespace {

using oci::Cursor;

constexpr std::size_t kMaxFileSize = 4U << 20;  // annotations may be large
constexpr std::uint64_t kMaxPid = std::numeric_limits<pid_t>::max();

std::string json_string(std::string_view text) { return base::cat('"', base::json_escape(text), '"'); }

// `"name":value` pairs between braces; values come as JSON.
class ObjectText {
 public:
  ObjectText& raw(std::string_view name, std::string_view json) {
    text_ += base::cat(text_.size() > 1 ? "," : "", json_string(name), ':', json);
    return *this;
  }
  ObjectText& string(std::string_view name, std::string_view value) { return raw(name, json_string(value)); }
  template <typename T>
  requires std::is_integral_v<T> ObjectText& number(std::string_view name, T value) {
    return raw(name, std::to_string(value));
  }
  ObjectText& boolean(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  ObjectText& map(std::string_view name, const std::map<std::string, std::string>& map) {
    ObjectText inner;
    for (const auto& [key, value] : map) inner.string(key, value);
    return raw(name, inner.done());
  }
  std::string done() const { return text_ + '}'; }

 private:
  std::string text_ = "{";
};

// What runc keeps in config.labels, and tools read there: the annotations, and the bundle.
std::string labels_of(const Record& record) {
  std::string text = "[";
  for (const auto& [key, value] : record.annotations) text += json_string(base::cat(key, '=', value)) + ',';
  return text + json_string(base::cat("bundle=", record.bundle)) + ']';
}

base::Result<Cursor> want(const Cursor& object, std::string_view name) {
  const auto member = object.find(name);
  if (!member) return object.fault(base::cat("want a member ", base::quote(name)));
  return *member;
}

base::Result<std::string> want_string(const Cursor& object, std::string_view name) {
  const Cursor member = TRY(want(object, name));
  return std::string(TRY(member.get_string()));
}

base::Result<std::uint64_t> want_u64(const Cursor& object, std::string_view name,
                                     std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) {
  const Cursor member = TRY(want(object, name));
  return member.get_u64(0, max);
}

base::Result<bool> want_bool(const Cursor& object, std::string_view name) {
  const Cursor member = TRY(want(object, name));
  return member.get_bool();
}

base::Result<std::map<std::string, std::string>> want_map(const Cursor& object, std::string_view name) {
  std::map<std::string, std::string> map;
  const Cursor cursor = TRY(want(object, name));
  for (const auto& member : TRY(cursor.object_members())) {
    map.emplace(member.name, TRY(member.value.get_string()));
  }
  return map;
}

void write_identity(ObjectText& out, const kernel::ProcessIdentity& init) {
  out.number("init_process_pid", init.pid)
      .number("init_process_start", init.start_time)
      .string("init_boot_id", init.boot_id)
      .number("init_pidfd_inode", init.pidfd_inode);
}

base::Result<kernel::ProcessIdentity> read_identity(const Cursor& object) {
  kernel::ProcessIdentity init;
  init.pid = static_cast<pid_t>(TRY(want_u64(object, "init_process_pid", kMaxPid)));
  init.start_time = TRY(want_u64(object, "init_process_start"));
  init.boot_id = TRY(want_string(object, "init_boot_id"));
  init.pidfd_inode = TRY(want_u64(object, "init_pidfd_inode"));
  return init;
}

base::Result<CgroupPaths> read_cgroup_paths(const Cursor& object) {
  CgroupPaths paths = TRY(want_map(object, "cgroup_paths"));
  for (const auto& [controller, path] : paths) {
    // They will be removed: nothing but a plain absolute path is believed.
    if (!path.starts_with('/') || path.find("/../") != std::string::npos || path.ends_with("/..")) {
      return object.fault(base::cat("cgroup path ", base::quote(path), " is not absolute"));
    }
  }
  return paths;
}

base::Result<void> write_file(int dirfd, const std::string& name, std::string_view text) {
  base::UniqueFd fd(
      ::openat(dirfd, name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return base::Error::system(errno, "make", name);
  TRY_IN(name, kernel::write_all(fd.get(), text));
  return base::ok();
}

base::Result<void> rename_file(int dirfd, const std::string& from, const std::string& to) {
  if (::renameat(dirfd, from.c_str(), dirfd, to.c_str()) != 0) return base::Error::system(errno, "rename", to);
  return base::ok();
}

std::string temporary_of(const std::string& name) { return base::cat('.', name, ".tmp"); }

base::Result<std::optional<std::string>> read_file(int dirfd, const char* name) {
  auto text = kernel::read_file_at(dirfd, name, kMaxFileSize, O_NOFOLLOW | O_NONBLOCK);
  if (text.has_value()) return std::optional<std::string>(*std::move(text));
  if (text.error().sys() == ENOENT) return std::optional<std::string>();
  return std::move(text).error();
}

}  // namespace

std::map<std::string, std::string> namespace_paths_of(pid_t pid) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kKinds = {{{"NEWCGROUP", "cgroup"},
                                                                                    {"NEWIPC", "ipc"},
                                                                                    {"NEWNET", "net"},
                                                                                    {"NEWNS", "mnt"},
                                                                                    {"NEWPID", "pid"},
                                                                                    {"NEWTIME", "time"},
                                                                                    {"NEWUSER", "user"},
                                                                                    {"NEWUTS", "uts"}}};
  std::map<std::string, std::string> paths;
  for (const auto& [key, file] : kKinds) paths.emplace(key, base::cat("/proc/", pid, "/ns/", file));
  return paths;
}

std::string encode_record(const Record& record) {
  ObjectText config;
  config.string("rootfs", record.rootfs)
      .raw("cgroups", ObjectText().string("path", record.cgroups_path).done())
      .raw("labels", labels_of(record));
  ObjectText out;
  out.string("id", record.id);
  write_identity(out, record.init);
  if (record.id_range) out.number("id_range", *record.id_range);
  if (!record.log_sink.empty()) out.string("log_sink", record.log_sink).number("log_size", record.log_size);
  if (!record.poststart.empty()) out.raw("poststart", encode_hooks(record.poststart));
  if (!record.poststop.empty()) out.raw("poststop", encode_hooks(record.poststop));
  return out.string("created", record.created)
      .raw("config", config.done())
      .map("cgroup_paths", record.cgroup_paths)
      .map("namespace_paths", record.namespace_paths)
      .string("oci_version", record.oci_version)
      .string("bundle", record.bundle)
      .map("annotations", record.annotations)
      .string("policy", record.policy)
      .string("listener_path", record.listener_path)
      .string("listener_metadata", record.listener_metadata)
      .number("wall_clock", record.wall_clock)
      .number("owner", record.owner)
      .boolean("systemd_cgroup", record.systemd_cgroup)
      .boolean("own_pid_namespace", record.own_pid_namespace)
      .done();
}

base::Result<Record> parse_record(const std::string& text) {
  const oci::Json json = TRY(oci::parse_json(text, kStateFile, base::Kind::kState));
  const Cursor top = json.root();
  const Cursor config = TRY(want(top, "config"));
  Record record;
  record.id = TRY(want_string(top, "id"));
  record.oci_version = TRY(want_string(top, "oci_version"));
  record.init = TRY(read_identity(top));
  record.created = TRY(want_string(top, "created"));
  record.bundle = TRY(want_string(top, "bundle"));
  record.rootfs = TRY(want_string(config, "rootfs"));
  record.annotations = TRY(want_map(top, "annotations"));
  record.cgroup_paths = TRY(read_cgroup_paths(top));
  const Cursor cgroups = TRY(want(config, "cgroups"));
  record.cgroups_path = TRY(want_string(cgroups, "path"));
  record.namespace_paths = TRY(want_map(top, "namespace_paths"));
  record.policy = TRY(want_string(top, "policy"));
  record.listener_path = TRY(want_string(top, "listener_path"));
  record.listener_metadata = TRY(want_string(top, "listener_metadata"));
  // A version before this one did not write these.
  if (const auto range = top.find("id_range")) record.id_range = static_cast<std::uint32_t>(TRY(range->get_u64(0, std::numeric_limits<std::uint32_t>::max())));
  if (top.find("log_sink")) {
    record.log_sink = TRY(want_string(top, "log_sink"));
    record.log_size = TRY(want_u64(top, "log_size"));
  }
  if (const auto hooks = top.find("poststart")) record.poststart = TRY(read_hooks(*hooks));
  if (const auto hooks = top.find("poststop")) record.poststop = TRY(read_hooks(*hooks));
  if (const auto limit = top.find("wall_clock")) record.wall_clock = TRY(limit->get_u64());
  record.owner = static_cast<std::uint32_t>(TRY(want_u64(top, "owner", std::numeric_limits<std::uint32_t>::max())));
  record.systemd_cgroup = TRY(want_bool(top, "systemd_cgroup"));
  record.own_pid_namespace = TRY(want_bool(top, "own_pid_namespace"));
  return record;
}

base::Result<void> stage_record(int dirfd, const Record& record) {
  return write_file(dirfd, temporary_of(kStateFile), encode_record(record));
}

base::Result<void> commit_record(int dirfd) { return rename_file(dirfd, temporary_of(kStateFile), kStateFile); }

base::Result<void> save_record(int dirfd, const Record& record) {
  TRY(stage_record(dirfd, record));
  return commit_record(dirfd);
}

std::optional<Record> read_staged_record(int dirfd) {
  const auto text = read_file(dirfd, temporary_of(kStateFile).c_str());
  if (!text || !*text) return std::nullopt;
  auto record = parse_record(**text);
  return record ? std::optional<Record>(*std::move(record)) : std::nullopt;
}

base::Result<std::optional<Record>> read_record(int dirfd) {
  const auto text = TRY(read_file(dirfd, kStateFile));
  if (!text) return std::optional<Record>();
  return std::optional<Record>(TRY(parse_record(*text)));
}

std::string encode_journal(const Journal& journal) {
  ObjectText out;
  if (journal.init) write_identity(out, *journal.init);
  return out.map("cgroup_paths", journal.cgroup_paths).done();
}

base::Result<Journal> parse_journal(const std::string& text) {
  const oci::Json json = TRY(oci::parse_json(text, kJournalFile, base::Kind::kState));
  const Cursor top = json.root();
  Journal journal;
  journal.cgroup_paths = TRY(read_cgroup_paths(top));
  if (top.find("init_process_pid")) journal.init = TRY(read_identity(top));
  return journal;
}

base::Result<void> save_journal(int dirfd, const Journal& journal) {
  // Torn, it says nothing, and while it is written there is nothing to tell of.
  if (journal.planned) return write_file(dirfd, kPlannedFile, encode_journal(journal));
  TRY(write_file(dirfd, temporary_of(kJournalFile), encode_journal(journal)));
  return rename_file(dirfd, temporary_of(kJournalFile), kJournalFile);
}

base::Result<void> confirm_journal(int dirfd) { return rename_file(dirfd, kPlannedFile, kJournalFile); }

base::Result<std::optional<Journal>> read_journal(int dirfd) {
  auto text = TRY(read_file(dirfd, kJournalFile));
  const bool planned = !text;
  if (planned) text = TRY(read_file(dirfd, kPlannedFile));
  if (!text) return std::optional<Journal>();
  Journal journal = TRY(parse_journal(*text));
  journal.planned = planned;
  return std::optional<Journal>(std::move(journal));
}

base::Result<void> remove_journal(int dirfd) {
  for (const char* name : {kJournalFile, kPlannedFile}) {
    if (::unlinkat(dirfd, name, 0) == 0) return base::ok();  // one becomes the other
    if (errno != ENOENT) return base::Error::system(errno, "remove", name);
  }
  return base::ok();
}

}  // namespace container
