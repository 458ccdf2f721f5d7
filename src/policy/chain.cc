#include "policy/chain.h"

#include <algorithm>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/combine.h"
#include "policy/find.h"

namespace policy {

namespace {

bool is_called(const Policy& policy, std::string_view name) {
  return policy.name == name || policy.id() == name;
}

const Policy* own_profile(const Chain& chain, std::string_view name) {
  for (const auto& document : chain.documents) {
    if (document.kind == Kind::kProfile && is_called(document.policy, name)) return &document.policy;
  }
  return nullptr;
}

// "6.18.44-fc" is 6.18.44: what a distribution adds says nothing that could be compared.
std::vector<std::uint64_t> version_of(std::string_view text) {
  std::vector<std::uint64_t> out;
  for (const auto& part : base::split(text.substr(0, text.find_first_not_of("0123456789.")), '.')) {
    out.push_back(base::parse_u64(part).value_or(0));
  }
  out.resize(3);
  return out;
}

struct Choice {
  std::string profile;
  std::string by;
  std::optional<Mode> mode;
};

bool has_own_default(const Chain& chain) { return chain.has_main && chain.documents.front().kind == Kind::kProfile; }

Choice choose(const Chain& chain, std::string_view asked, std::string_view standard, const Subject& subject) {
  if (!asked.empty()) return {std::string(asked), "--policy", {}};
  for (const auto& document : chain.documents) {
    for (const auto& binding : document.bindings) {
      if (holds(binding.when, subject)) return {binding.profile, binding.origin.text(), binding.mode};
    }
  }
  return {default_profile(chain, standard), has_own_default(chain) ? "policy.json" : "default", {}};
}

// The floors and deny files in force, in an order of their own: what their files are called makes no difference.
std::vector<const Policy*> find_layers(const Chain& chain, const Circumstances& circumstances) {
  std::vector<const Document*> layers;
  for (const auto& document : chain.documents) {
    if (is_in_force(document, circumstances)) layers.push_back(&document);
  }
  std::sort(layers.begin(), layers.end(), precedes);
  std::vector<const Policy*> out;
  for (const auto* layer : layers) out.push_back(&layer->policy);
  return out;
}

// Whether a rule is enforced, audited or off is its own layer's business; then they are combined.
Policy combine(Policy profile, const std::vector<const Policy*>& layers, InForce which) {
  Policy out = in_force(std::move(profile), which);
  for (const auto* layer : layers) {
    if (layer->mode == Mode::kEnforce && layer->modes.empty()) {
      tighten(out, *layer);  // as in_force(), without a copy
    } else {
      tighten(out, in_force(*layer, which));
    }
  }
  return out;
}

std::optional<std::uint64_t> longest_exception(const Chain& chain) {
  std::optional<std::uint64_t> days;
  for (const auto& document : chain.documents) {
    if (document.max_exception_days) days = std::min(days.value_or(~std::uint64_t{0}), *document.max_exception_days);
  }
  return days;
}

// Why an exception that fits does not hold; empty: it does.
std::string obstacle(const Exception& exception, const Circumstances& circumstances, std::optional<std::uint64_t> days) {
  constexpr std::int64_t kDay = 24 * 60 * 60;
  if (circumstances.now < circumstances.built) return "the clock of this node is wrong";
  if (circumstances.now >= exception.expires) return base::cat("it ran out on ", exception.expires_text);
  if (days && exception.expires - circumstances.now > (static_cast<std::int64_t>(*days) + 1) * kDay) {
    return base::cat("it would hold for longer than the ", *days, " days that the floor allows");
  }
  return "";
}

void add_exceptions(const Chain& chain, const Subject& subject, const Circumstances& circumstances, Policy& profile, Effective& out) {
  const auto days = longest_exception(chain);
  for (const auto& document : chain.documents) {
    for (const auto& exception : document.exceptions) {
      if (!holds(exception.when, subject)) continue;
      const auto why_not = obstacle(exception, circumstances, days);
      if (!why_not.empty()) {
        out.notes.push_back(base::cat("exception ", base::quote(exception.id), " does not hold: ", why_not));
        continue;
      }
      widen(profile, exception.allow, base::cat("exception ", exception.id, ": ", exception.reason));
      out.exceptions.push_back({exception.id, exception.owner, exception.reason, exception.expires_text});
    }
  }
}

// What the container's own annotation asks for: it can only leave less.
base::Result<void> pick(const Chain& chain, const Subject& subject, Policy& profile, Effective& out) {
  if (subject.asked.empty()) return base::ok();
  const std::string what = base::cat("annotation ", base::quote("io.bulkhead/profile"), ": ");
  Policy picked = TRY_IN(what, find_profile(chain, subject.asked));
  if (picked.id() == profile.id()) return base::ok();
  if (!picked.selectable) {
    return base::Error::policy(base::cat(what, "profile ", base::quote(picked.id()), " is not one to be picked"))
        .hint("the node's owner marks those with \"selectable\": true");
  }
  for (const auto& difference : differences(profile, picked)) {
    if (!difference.wider) continue;
    return base::Error::policy(base::cat(what, "profile ", base::quote(picked.id()), " is wider than ", base::quote(profile.id()),
                                         ": ", difference.control, ": ", difference.after, ", not ", difference.before));
  }
  profile = std::move(picked);
  out.selected_by = "annotation io.bulkhead/profile";
  return base::ok();
}

}  // namespace

std::vector<std::string> remarks_on_ignored(const Chain& chain) {
  std::vector<std::string> out;
  for (const auto& path : chain.ignored) {
    out.push_back(base::cat("policy ", base::quote(path), " is not read: its name does not end in \".json\""));
  }
  return out;
}

std::string default_profile(const Chain& chain, std::string_view standard) {
  return has_own_default(chain) ? chain.documents.front().policy.id() : base::cat("builtin:", standard);
}

bool is_older_kernel(std::string_view a, std::string_view b) { return version_of(a) < version_of(b); }

bool is_in_force(const Document& document, const Circumstances& circumstances) {
  if (document.kind == Kind::kFloor) return true;
  if (document.kind != Kind::kDeny) return false;
  return document.until_kernel.empty() || is_older_kernel(circumstances.kernel_release, document.until_kernel);
}

bool Chain::looks_at_entrypoint() const {
  return std::any_of(documents.begin(), documents.end(), [](const Document& document) {
    const auto looks = [](const auto& entry) { return entry.when.looks_at_entrypoint(); };
    return std::any_of(document.bindings.begin(), document.bindings.end(), looks) ||
           std::any_of(document.exceptions.begin(), document.exceptions.end(), looks);
  });
}

base::Result<Policy> find_profile(const Chain& chain, std::string_view name) {
  if (name.starts_with("builtin:") || name.find('/') != std::string_view::npos || name.ends_with(".json")) return load_policy(name);
  if (const auto* own = own_profile(chain, name)) return *own;
  auto builtin = load_policy(name);
  if (builtin) return builtin;
  const std::string shared = base::cat(kSharedProfiles, name.substr(0, name.find('@')), ".json");
  auto file = load_policy(shared);
  if (file && is_called(*file, name)) return file;
  if (!builtin_policy(name.substr(0, name.find('@'))).empty()) return builtin;  // in another version
  std::vector<std::string_view> known;
  for (const auto& document : chain.documents) {
    if (document.kind == Kind::kProfile) known.push_back(document.policy.name);
  }
  if (file) known.push_back(file->name);
  return no_such_policy(name, std::move(known));
}

base::Result<Effective> resolve(const Chain& chain, std::string_view asked, std::string_view standard, const Subject& subject,
                                const Circumstances& circumstances) {
  Effective out;
  const auto choice = choose(chain, asked, standard, subject);
  out.selected_by = choice.by;
  auto found = find_profile(chain, choice.profile);
  if (!found && (choice.by == "--policy" || choice.by == "default")) return std::move(found).error();
  Policy profile = TRY_IN(choice.by, std::move(found));
  if (choice.mode) {
    profile.mode = *choice.mode;
    if (*choice.mode == Mode::kEnforce) profile.modes.clear();
  }
  TRY(pick(chain, subject, profile, out));
  out.profile = profile.id();
  out.notes = remarks_on_ignored(chain);
  add_exceptions(chain, subject, circumstances, profile, out);

  const auto layers = find_layers(chain, circumstances);
  bool audit = audits(profile);
  for (const auto* layer : layers) {
    out.layers.push_back(layer->id());
    audit = audit || audits(*layer);
  }
  if (audit) out.audited.push_back(combine(profile, layers, InForce::kAudited));
  out.policy = combine(std::move(profile), layers, InForce::kEnforced);
  return out;
}

}  // namespace policy
