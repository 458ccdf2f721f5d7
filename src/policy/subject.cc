#include "policy/subject.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace policy {

namespace {

// containerd pkg/cri/annotations; CRI-O pkg/annotations. The second of each is CRI-O's.
struct Fact {
  std::string Subject::*member;
  std::string_view containerd, crio;
};
constexpr Fact kFacts[] = {
    {&Subject::namespace_, "io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri-o.Namespace"},
    {&Subject::pod, "io.kubernetes.cri.sandbox-name", "io.kubernetes.cri-o.KubeName"},
    {&Subject::container, "io.kubernetes.cri.container-name", "io.kubernetes.container.name"},
    {&Subject::image, "io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"},
    {&Subject::type, "io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"},
};
constexpr std::string_view kAsked = "io.bulkhead/profile";

std::string find(const oci::Spec& spec, std::string_view name) {
  for (const auto& [key, value] : spec.annotations) {
    if (key == name) return value;
  }
  return "";
}

struct Interpreter {
  std::string_view prefix, kind;
};
constexpr Interpreter kInterpreters[] = {
    {"python", "python"}, {"pypy", "python"}, {"node", "node"}, {"java", "java"}, {"busybox", "shell"},
    {"bash", "shell"},    {"dash", "shell"},  {"ash", "shell"}, {"zsh", "shell"}, {"sh", "shell"},
};

// "python3.11" is a python; "shred" is no sh.
std::string by_name(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  for (const auto& known : kInterpreters) {
    if (!name.starts_with(known.prefix)) continue;
    const auto rest = name.substr(known.prefix.size());
    if (rest.find_first_not_of("0123456789.-js") == std::string_view::npos) return std::string(known.kind);
  }
  return "";
}

// "#!/usr/bin/env -S A=1 python3 -u" and its simpler forms.
std::string by_script(std::string_view head) {
  std::string line(head.substr(2, head.find('\n') - 2));
  std::replace(line.begin(), line.end(), '\t', ' ');
  std::string kind;
  bool by_env = false;
  for (const auto& word : base::split(line, ' ')) {
    by_env = by_env || word.ends_with("/env");
    const bool setting = by_env && word.find('=') != std::string::npos;
    if (word.empty() || word.starts_with('-') || word.ends_with("/env") || setting) continue;
    kind = by_name(word);
    break;
  }
  return kind.empty() ? "other" : kind;
}

template <typename T>
bool read_at(std::string_view bytes, std::uint64_t offset, T& out) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof out) return false;
  std::memcpy(&out, bytes.data() + offset, sizeof out);
  return true;
}

// elf(5). Go's linker leaves a note of its own in every program.
std::string by_elf(std::string_view head) {
  if (head.size() <= EI_CLASS || head[EI_CLASS] == ELFCLASS32) return "elf32";
  Elf64_Ehdr header;
  if (!read_at(head, 0, header)) return "other";
  bool interpreted = false;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!read_at(head, header.e_phoff + i * sizeof segment, segment)) break;
    interpreted = interpreted || segment.p_type == PT_INTERP;
    Elf64_Nhdr note;
    if (segment.p_type != PT_NOTE || !read_at(head, segment.p_offset, note)) continue;
    if (head.substr(0, head.size()).substr(segment.p_offset + sizeof note).starts_with(std::string_view("Go\0\0", 4))) return "go";
  }
  return interpreted ? "dynamic" : "static";
}

}  // namespace

base::Result<Subject> subject_of(const oci::Spec& spec, std::string_view id, std::string_view bundle) {
  Subject out;
  for (const auto& fact : kFacts) {
    const auto one = find(spec, fact.containerd), other = find(spec, fact.crio);
    if (!one.empty() && !other.empty() && one != other) {
      return base::Error::policy(base::cat("config.json: /annotations: ", base::quote(fact.containerd), " is ", base::quote(one),
                                           ", but ", base::quote(fact.crio), " is ", base::quote(other)))
          .hint("an engine writes one of them: the other comes from the pod");
    }
    out.*fact.member = one.empty() ? other : one;
  }
  out.id = id;
  out.bundle = bundle;
  out.cgroup = spec.linux.cgroups_path;
  out.asked = find(spec, kAsked);
  return out;
}

const std::vector<std::string_view>& entrypoint_kinds() {
  static const std::vector<std::string_view> kinds = {"python", "node", "java", "shell", "go", "elf32", "static", "dynamic", "other"};
  return kinds;
}

// Programs that load libraries may load anything, and a shell is there to start others.
bool may_make_code(std::string_view entrypoint) { return entrypoint != "static" && entrypoint != "go" && entrypoint != "python"; }

std::string entrypoint_kind(std::string_view name, std::string_view head) {
  const bool elf = head.starts_with(std::string_view(ELFMAG, SELFMAG));
  if (elf && head.size() > EI_CLASS && head[EI_CLASS] == ELFCLASS32) return "elf32";
  if (head.starts_with("#!")) return by_script(head);
  auto kind = by_name(name);
  if (!kind.empty()) return kind;
  return elf ? by_elf(head) : "other";
}

}  // namespace policy
