// The environment: variables that are removed, and what becomes of secrets in it. Every process of the container can
// read it in /proc, children inherit it, and crash reports carry it away; a file is read by who opens it.
// No value goes into a decision or an error: a name, a class and a length must do.
#include <sched.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "harden/secrets.h"
#include "harden/work.h"
#include "oci/mount_options.h"

namespace harden {

namespace {

struct Variable {
  std::string entry;  // "NAME=value"
  std::size_t index;  // in config.json

  std::string_view name() const { return std::string_view(entry).substr(0, entry.find('=')); }
  std::string_view value() const { return std::string_view(entry).substr(std::min(entry.size(), name().size() + 1)); }
  std::string pointer() const { return base::cat("/process/env/", index); }
};

using Variables = std::vector<Variable>;
using Patterns = policy::Rule<std::vector<std::string>>;

bool fits_any(const Patterns& rule, std::string_view name) {
  return rule && std::any_of(rule->value.begin(), rule->value.end(),
                             [&](const std::string& pattern) { return base::fits(pattern, name); });
}

// What is told of some variables, in one decision.
struct Report {
  std::vector<std::string> pointers, requested, effective;

  void add(const Variable& variable, std::string was, std::string is) {
    pointers.push_back(variable.pointer());
    requested.push_back(std::move(was));
    effective.push_back(std::move(is));
  }
  template <typename T>
  void decide_in(Work& work, const policy::Setting<T>& rule, Change change) {
    if (pointers.empty()) return;
    change.where = pointers.front();
    change.also.assign(pointers.begin() + 1, pointers.end());
    change.requested = list(requested);
    if (change.effective.empty()) change.effective = list(effective);
    decide(work, rule, std::move(change));
  }
};

void remove_all(Variables& variables, Report& report, auto&& unwanted) {
  std::erase_if(variables, [&](const Variable& variable) {
    const bool remove = unwanted(variable.name());
    if (remove) report.add(variable, base::escape(variable.name()), "");
    return remove;
  });
}

// NAME_FILE goes where NAME may: a redirected secret leaves nothing else behind.
bool is_allowed(const policy::Environment& policy, std::string_view name) {
  if (fits_any(policy.allow, name)) return true;
  constexpr std::string_view kFile = "_FILE";
  const bool redirect = policy.secrets && policy.secrets->value == policy::Secrets::kRedirect;
  return redirect && name.ends_with(kFile) && fits_any(policy.allow, name.substr(0, name.size() - kFile.size()));
}

void harden_names(Work& work, Variables& variables) {
  const auto& policy = work.policy.environment;
  if (policy.allow) {
    Report report;
    remove_all(variables, report, [&](std::string_view name) { return !is_allowed(policy, name); });
    report.decide_in(work, *policy.allow,
                     {.control = "environment.allow",
                      .effective = "removed",
                      .why = "what the function was not written to read can only change what it does"});
  }
  if (policy.strip) {
    Report report;
    remove_all(variables, report, [&](std::string_view name) { return fits_any(policy.strip, name); });
    report.decide_in(work, *policy.strip,
                     {.control = "environment.strip",
                      .effective = "removed",
                      .why = "it makes loaders and interpreters run code that is not the function's"});
  }
  if (policy.warn) {
    Report report;
    for (const auto& variable : variables) {
      if (fits_any(policy.warn, variable.name())) report.add(variable, base::escape(variable.name()), "");
    }
    report.decide_in(work, *policy.warn,
                     {.control = "environment.warn",
                      .effective = "left as it is",
                      .why = "it can make loaders and interpreters run code that is not the function's",
                      .warning = true});
  }
}

// The place for the files.

// As most images have it, /var/run is a link to /run: a mount on the one is found on the other.
std::string place_of(std::string_view path) {
  auto clean = clean_path(path);
  if (clean == "/var/run" || is_below(clean, "/var/run")) clean.erase(0, std::string_view("/var").size());
  return clean;
}

// Nothing of the request is at `directory` or below it, and what `directory` will be made in is the container's own: a
// bind would have it made on the host.
bool is_free(const oci::Spec& spec, std::string_view directory) {
  bool own = true;
  for (const auto& mount : spec.mounts) {
    const auto place = place_of(mount.destination);
    if (place == directory || is_below(place, directory)) return false;
    if (is_below(directory, place)) own = mount.type == "tmpfs" && !oci::parse_mount_options(mount.options).bind;
  }
  return own && std::none_of(spec.linux.masked_paths.begin(), spec.linux.masked_paths.end(), [&](const auto& path) {
           const auto place = place_of(path);
           return place == directory || is_below(place, directory) || is_below(directory, place);
         });
}

constexpr auto kPlaces =
    std::to_array<std::string_view>({"/run/secrets", "/run/bulkhead/secrets", "/dev/bulkhead/secrets"});

std::string free_place(const oci::Spec& spec) {
  for (const auto place : kPlaces) {
    if (is_free(spec, place)) return std::string(place);
  }
  return {};
}

// Why the files could be swapped out; empty: they cannot.
std::string swap_obstacle(const Work& work) {
  if (!work.abilities.noswap) return work.abilities.noswap_unable;
  for (const auto& ns : work.spec.linux.namespaces) {
    if (ns.type == CLONE_NEWUSER && !ns.path.empty()) return "in a user namespace of somebody else's";
  }
  return {};
}

bool may_name_a_file(std::string_view name) {
  constexpr std::size_t kNameMax = 255;
  return name.size() <= kNameMax && name != "." && name != ".." && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '.';
         });
}

// The secrets.

struct Found {
  std::string name;
  std::string value;
  Secret secret;

  std::string text() const {
    return base::cat(base::escape(name), " (redacted: ", secret.what, ", ", value.size(), " characters)");
  }
};

// Of several entries of one name the last reaches the program, so that one is looked at.
std::vector<Found> find_secrets(const Work& work, const Variables& variables) {
  std::vector<Found> out;
  for (auto it = variables.begin(); it != variables.end(); ++it) {
    const auto name = it->name();
    if (std::any_of(it + 1, variables.end(), [&](const Variable& v) { return v.name() == name; })) continue;
    if (fits_any(work.policy.environment.keep, name)) continue;
    if (const auto secret = find_secret(name, it->value())) {
      out.push_back({std::string(name), std::string(it->value()), *secret});
    }
  }
  return out;
}

constexpr std::string_view kWhySecrets =
    "every process of the container can read its environment, children inherit it and crash reports carry it away";

base::Error refuse(const Work& work, const std::vector<Found>& found, std::string_view because) {
  std::vector<std::string> texts;
  for (const auto& each : found) texts.push_back(each.text());
  const auto& rule = *work.policy.environment.secrets;
  return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: /process/env holds ",
                                       list(texts), because, " (", rule.origin.text(), ")"))
      .hint(base::cat("give it to the container as a file; or list the name in \"keep\" if it is no secret"));
}

// NAME=value becomes NAME_FILE=path, in its place.
void redirect(Work& work, Variables& variables, const Found& found, const std::string& directory, Report& report,
              SecretFiles& files) {
  const auto pointer_name = found.name + "_FILE";
  const auto path = directory + "/" + found.name;
  const bool named =
      fits_any(work.policy.environment.strip, pointer_name) ||
      std::any_of(variables.begin(), variables.end(), [&](const Variable& v) { return v.name() == pointer_name; });
  const auto is_it = [&](const Variable& v) { return v.name() == found.name; };
  const auto last = std::find_if(variables.rbegin(), variables.rend(), is_it);
  const auto index = last->index;
  files.files.push_back({found.name, found.value, last->pointer()});
  auto effective = base::cat("file ", path, named ? "" : base::cat(", named by ", pointer_name));
  if (directory != kPlaces.front()) effective += base::cat(" (", kPlaces.front(), " is not free)");
  report.add(*last, found.text(), std::move(effective));
  for (const auto& variable : variables) {
    if (is_it(variable) && variable.index != index) report.pointers.push_back(variable.pointer());
  }
  if (!named) {
    last->entry = pointer_name + "=" + path;
  }
  std::erase_if(variables, is_it);
}

base::Result<std::optional<SecretFiles>> harden_secrets(Work& work, Variables& variables) {
  const auto& rule = work.policy.environment.secrets;
  if (!rule) return std::optional<SecretFiles>();
  std::vector<Found> certain, vague;
  for (auto& found : find_secrets(work, variables)) {
    const bool left = found.secret.confidence == Confidence::kLow || rule->value == policy::Secrets::kWarn;
    (left ? vague : certain).push_back(std::move(found));
  }
  if (rule->value == policy::Secrets::kRefuse && !certain.empty()) return refuse(work, certain, "");
  Report report;
  std::optional<SecretFiles> files;
  std::string note;
  if (!certain.empty()) {
    const auto obstacle = swap_obstacle(work);
    if (!obstacle.empty()) note = "; not possible here: to keep them out of swap: " + obstacle;
    files = SecretFiles{.directory = free_place(work.spec), .noswap = obstacle.empty(), .files = {}};
    if (files->directory.empty()) return refuse(work, certain, ", for whose files there is no free place");
  }
  for (const auto& found : certain) {
    if (!may_name_a_file(found.name)) return refuse(work, {found}, ", whose name cannot be a file's");
    redirect(work, variables, found, files->directory, report, *files);
  }
  for (const auto& found : vague) {
    const auto variable =
        std::find_if(variables.rbegin(), variables.rend(), [&](const Variable& v) { return v.name() == found.name; });
    report.add(*variable, found.text(), "left as it is");
  }
  report.decide_in(work, *rule,
                   {.control = "environment.secrets",
                    .why = kWhySecrets,
                    .note = note,
                    .degraded = !note.empty(),
                    .warning = !vague.empty()});
  return files;
}

}  // namespace

base::Result<std::optional<SecretFiles>> harden_environment(Work& work) {
  if (!work.spec.process) return std::optional<SecretFiles>();
  auto& env = work.spec.process->env;
  Variables variables;
  for (std::size_t i = 0; i < env.size(); ++i) variables.push_back({std::move(env[i]), i});
  harden_names(work, variables);
  auto files = TRY(harden_secrets(work, variables));
  env.clear();
  for (auto& variable : variables) env.push_back(std::move(variable.entry));
  return files;
}

}  // namespace harden
