// The probe's lines, "key<TAB>value", as observations in the words of the predictions.

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "predict/predict.h"

namespace predict {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// "\x0a" becomes what it stands for.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' && hex(text[i + 2]) >= 0 &&
        hex(text[i + 3]) >= 0) {
      out += static_cast<char>(hex(text[i + 2]) * 16 + hex(text[i + 3]));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The values of a list "key.0", "key.1" …, in order; absent if there is none of that name.
std::optional<std::vector<std::string>> list(const Observations& seen, const std::string& key,
                                             const std::string& member = "") {
  if (!seen.contains(key)) return std::nullopt;
  std::vector<std::string> out;
  for (;;) {
    const auto found = seen.find(base::cat(key, '.', out.size(), member));
    if (found == seen.end()) return out;
    out.push_back(found->second);
  }
}

std::string text_of(const Observations& seen, const std::string& key) {
  const auto found = seen.find(key);
  return found == seen.end() ? "" : found->second;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

void derive_lists(Observations& seen) {
  for (const char* key : {"uid", "gid"}) {
    auto values = list(seen, key);
    if (!values || values->size() < 3) continue;
    values->resize(3);  // the fourth, of the file system, stands for itself
    seen[key] = base::join(*values, " ");
  }
  if (const auto groups = list(seen, "groups")) seen["groups"] = base::join(*groups, " ");
  std::vector<std::string> limits;
  for (const auto& [key, value] : seen) {
    if (key.starts_with("rlimits.") && value.empty()) limits.push_back(key);
  }
  for (const auto& key : limits) {
    auto values = *list(seen, key);
    for (auto& value : values) {
      if (value == "18446744073709551615") value = "unlimited";  // RLIM_INFINITY
    }
    seen[key] = base::join(values, " ");
  }
  if (const auto fds = list(seen, "fds", ".fd")) seen["fds"] = base::join(*fds, " ");
  if (const auto entries = list(seen, "env")) {
    std::vector<std::string> names;
    for (const auto& entry : *entries) names.push_back(base::escape(entry.substr(0, entry.find('='))));
    std::sort(names.begin(), names.end());
    seen["environment"] = base::join(names, " ");
  }
}

void derive_process(Observations& seen) {
  if (const auto cwd = seen.find("cwd"); cwd != seen.end()) {
    seen["directory"] = cwd->second.starts_with('/') ? "inside the root" : "outside of the root";
  }
  if (seen.contains("sid") && seen.contains("pid"))
    seen["session"] = seen["sid"] == seen["pid"] ? "its own" : "the caller's";
  if (const auto mask = base::parse_u64(text_of(seen, "umask"))) {
    std::string octal;
    for (std::uint64_t rest = *mask; rest != 0 || octal.size() < 4; rest /= 8)
      octal.insert(octal.begin(), static_cast<char>('0' + rest % 8));
    seen["umask"] = octal;
  }
  if (seen.contains("oom_score_adj")) seen["oom_score_adj"] = trimmed(seen["oom_score_adj"]);
}

// A namespace is the host's, or another one. One that was joined by path is called by its number, as in the prediction.
void derive_namespaces(Observations& seen, const Host& host) {
  for (const auto& [kind, ours] : host.namespaces) {
    const auto found = seen.find("namespaces." + kind);
    if (found == seen.end() || !found->second.starts_with(kind)) continue;
    if (found->second == ours) {
      found->second = "the host's";
    } else if (!host.joined.contains(kind)) {
      found->second = "its own";
    }
  }
}

// proc_pid_cgroup(5): "number:controllers:path".
void derive_cgroups(Observations& seen) {
  if (!seen.contains("cgroup")) return;
  std::vector<std::string> paths;
  for (const auto& line : base::split(trimmed(text_of(seen, "cgroup")), '\n')) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string path = line.substr(second + 1);
    for (const auto& controller : base::split(line.substr(first + 1, second - first - 1), ','))
      seen["cgroup." + controller] = path;
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
  }
  std::sort(paths.begin(), paths.end());
  seen["cgroup.paths"] = base::join(paths, " ");
}

}  // namespace

base::Result<Observations> read_observations(std::string_view lines, const Host& host) {
  Observations seen;
  for (const auto& line : base::split(lines, '\n')) {
    const auto tab = line.find('\t');
    if (tab == std::string::npos) continue;
    seen[unescape(std::string_view(line).substr(0, tab))] = unescape(std::string_view(line).substr(tab + 1));
  }
  if (text_of(seen, "probe") != "1")
    return base::Error::state("the program inside the container reported nothing that a probe reports");
  derive_lists(seen);
  derive_process(seen);
  derive_namespaces(seen, host);
  derive_cgroups(seen);
  return seen;
}

bool killed_for_memory(Observations& seen) {
  if (!seen.contains("memory_begun") || seen.contains("memory")) return false;
  seen["memory"] = "SIGKILL";
  return true;
}

}  // namespace predict
