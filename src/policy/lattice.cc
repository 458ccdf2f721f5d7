#include "policy/lattice.h"

#include <algorithm>

#include "base/text.h"

namespace policy::lattice {

namespace {

constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

// The entry of `list` that is about the same thing; nullptr if there is none.
template <typename T>
const T* find(const std::vector<T>& list, const T& entry, auto&& key) {
  const auto at = std::find_if(list.begin(), list.end(), [&](const T& e) { return key(e) == key(entry); });
  return at == list.end() ? nullptr : &*at;
}

// Of texts, by far the most compared: paths of one length mostly differ at their end.
const std::string* find(const std::vector<std::string>& list, const std::string& entry, auto&&) {
  for (const auto& e : list) {
    if (e.size() == entry.size() && (entry.empty() || e.back() == entry.back()) && e == entry) return &e;
  }
  return nullptr;
}

constexpr auto kText = [](const std::string& s) -> const std::string& { return s; };
constexpr auto kPort = [](std::uint16_t port) { return port; };
constexpr auto kResource = [](const RlimitCeiling& r) { return r.resource; };
constexpr auto kType = [](const oci::Namespace& n) { return n.type; };
constexpr auto kPath = [](const Tmpfs& t) -> const std::string& { return t.path; };

bool same_device(const DeviceCeiling& a, const DeviceCeiling& b) {
  return a.type == b.type && a.major == b.major && a.minor == b.minor;
}

// Every entry of both; of those that both have, both(a, b).
template <typename T>
std::vector<T> unite(const std::vector<T>& a, const std::vector<T>& b, auto&& key, auto&& both) {
  std::vector<T> out;
  for (const auto& entry : a) {
    const T* other = find(b, entry, key);
    out.push_back(other == nullptr ? entry : both(entry, *other));
  }
  for (const auto& entry : b) {
    if (find(a, entry, key) == nullptr) out.push_back(entry);
  }
  return out;
}

template <typename T>
std::vector<T> subtract(const std::vector<T>& a, const std::vector<T>& b, auto&& key) {
  std::vector<T> out;
  for (const auto& entry : a) {
    if (find(b, entry, key) == nullptr) out.push_back(entry);
  }
  return out;
}

template <typename T>
bool includes(const std::vector<T>& all, const std::vector<T>& part, auto&& key) {
  return std::all_of(part.begin(), part.end(), [&](const T& entry) { return find(all, entry, key) != nullptr; });
}

std::string common(const std::string& a, const std::string& b) {
  std::string out;
  for (const char c : a) {
    if (b.find(c) != std::string::npos) out += c;
  }
  return out;
}

// The more of these rises, the less is left.
int rank(RootUser value) {
  switch (value) {
    case RootUser::kDrop: return 0;
    case RootUser::kRemap: return 1;
    case RootUser::kRefuse: break;
  }
  return 2;
}

int rank(WriteExecute value) { return static_cast<int>(value); }

int rank(Speculation value) { return static_cast<int>(value); }

int rank(Secrets value) {
  switch (value) {
    case Secrets::kWarn: return 0;
    case Secrets::kRedirect: return 1;
    case Secrets::kRefuse: break;
  }
  return 2;
}

std::optional<std::uint64_t> smaller(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

bool covers(const std::vector<std::string>& list, std::string_view path) {
  return std::any_of(list.begin(), list.end(), [&](const auto& entry) { return base::path_within(path, entry); });
}

// Of both lists, what the other one covers.
std::vector<std::string> meet_below(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> out;
  for (const auto* one : {&a, &b}) {
    for (const auto& path : *one) {
      if (covers(one == &a ? b : a, path) && find(out, path, kText) == nullptr) out.push_back(path);
    }
  }
  return out;
}

}  // namespace

bool within(Strict strict, bool a, bool b) {
  if (strict == Strict::kNeither || a == b) return true;
  return strict == Strict::kTrue ? a : !a;
}

bool within(Strict, oci::CapSet a, oci::CapSet b) { return (a & ~b) == 0; }
bool within(Strict, std::uint32_t a, std::uint32_t b) { return (a & b) == b; }
bool within(Strict, std::int64_t a, std::int64_t b) { return a >= b; }
bool within(Strict, ProcView a, ProcView b) { return (a.own_only || !b.own_only) && (a.pids_only || !b.pids_only); }
bool within(Strict, RootUser a, RootUser b) { return rank(a) >= rank(b); }
bool within(Strict, WriteExecute a, WriteExecute b) { return rank(a) >= rank(b); }
bool within(Strict, Speculation a, Speculation b) { return rank(a) >= rank(b); }
bool within(Strict, Secrets a, Secrets b) { return rank(a) >= rank(b); }

bool within(Strict, const Limit& a, const Limit& b) {
  const auto most = [](const Limit& l) { return l.max.value_or(kUnlimited); };
  const auto standard = [&](const Limit& l) { return std::min(l.standard.value_or(most(l)), most(l)); };
  return most(a) <= most(b) && standard(a) <= standard(b);
}

bool within(Strict, WallClock a, WallClock b) { return a.seconds <= b.seconds; }

bool within(Strict strict, const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (strict == Strict::kNeither) return true;
  if (strict == Strict::kBelow) {
    return std::all_of(a.begin(), a.end(), [&](const auto& path) { return covers(b, path); });
  }
  return strict == Strict::kLonger ? includes(a, b, kText) : includes(b, a, kText);
}

bool within(Strict, const Ports& a, const Ports& b) { return includes(b, a, kPort); }

bool within(Strict, const std::vector<RlimitCeiling>& a, const std::vector<RlimitCeiling>& b) {
  return std::all_of(b.begin(), b.end(), [&](const RlimitCeiling& limit) {
    const auto* own = find(a, limit, kResource);
    return own != nullptr && own->hard <= limit.hard && own->soft <= limit.soft;
  });
}

bool within(Strict, const std::vector<oci::Namespace>& a, const std::vector<oci::Namespace>& b) {
  return includes(a, b, kType);
}

// A tmpfs gives room to write: less of it, and none to run programs from.
bool within(Strict, const std::vector<Tmpfs>& a, const std::vector<Tmpfs>& b) {
  return std::all_of(a.begin(), a.end(), [&](const Tmpfs& own) {
    const auto* other = find(b, own, kPath);
    return other != nullptr && own.size <= other->size && own.inodes.value_or(kUnlimited) <= other->inodes.value_or(kUnlimited) &&
           (!own.exec || other->exec);
  });
}

bool within(Strict, const std::vector<DeviceCeiling>& a, const std::vector<DeviceCeiling>& b) {
  return std::all_of(a.begin(), a.end(), [&](const DeviceCeiling& own) {
    return std::any_of(b.begin(), b.end(), [&](const DeviceCeiling& other) {
      return same_device(own, other) && common(own.access, other.access) == own.access;
    });
  });
}

bool meet(Strict strict, bool a, bool b) { return strict == Strict::kFalse ? a && b : a || b; }
oci::CapSet meet(Strict, oci::CapSet a, oci::CapSet b) { return a & b; }
std::uint32_t meet(Strict, std::uint32_t a, std::uint32_t b) { return a | b; }
std::int64_t meet(Strict, std::int64_t a, std::int64_t b) { return std::max(a, b); }
ProcView meet(Strict, ProcView a, ProcView b) {
  return {.own_only = a.own_only || b.own_only, .pids_only = a.pids_only || b.pids_only};
}
RootUser meet(Strict, RootUser a, RootUser b) { return rank(a) >= rank(b) ? a : b; }
WriteExecute meet(Strict, WriteExecute a, WriteExecute b) { return rank(a) >= rank(b) ? a : b; }
Speculation meet(Strict, Speculation a, Speculation b) { return std::max(a, b); }
Secrets meet(Strict, Secrets a, Secrets b) { return rank(a) >= rank(b) ? a : b; }

Limit meet(Strict, const Limit& a, const Limit& b) {
  Limit out{.standard = smaller(a.standard, b.standard), .max = smaller(a.max, b.max)};
  if (out.standard && out.max) out.standard = std::min(*out.standard, *out.max);
  return out;
}

WallClock meet(Strict, WallClock a, WallClock b) { return {std::min(a.seconds, b.seconds)}; }

// A node may have hundreds of deny files: what is there already is not copied for each.
std::vector<std::string> meet(Strict strict, std::vector<std::string> a, const std::vector<std::string>& b) {
  if (strict == Strict::kBelow) return meet_below(a, b);
  if (strict != Strict::kShorter) {
    for (const auto& entry : b) {
      if (find(a, entry, kText) == nullptr) a.push_back(entry);
    }
    return a;
  }
  return subtract(a, subtract(a, b, kText), kText);
}

Ports meet(Strict, const Ports& a, const Ports& b) { return subtract(a, subtract(a, b, kPort), kPort); }

std::vector<RlimitCeiling> meet(Strict, const std::vector<RlimitCeiling>& a, const std::vector<RlimitCeiling>& b) {
  return unite(a, b, kResource, [](RlimitCeiling x, const RlimitCeiling& y) {
    x.hard = std::min(x.hard, y.hard);
    x.soft = std::min(x.soft, y.soft);
    return x;
  });
}

std::vector<oci::Namespace> meet(Strict, const std::vector<oci::Namespace>& a, const std::vector<oci::Namespace>& b) {
  return unite(a, b, kType, [](const auto& x, const auto&) { return x; });
}

std::vector<Tmpfs> meet(Strict, const std::vector<Tmpfs>& a, const std::vector<Tmpfs>& b) {
  return unite(a, b, kPath, [](Tmpfs x, const Tmpfs& y) {
    x.size = std::min(x.size, y.size);
    x.inodes = smaller(x.inodes, y.inodes);
    x.exec = x.exec && y.exec;
    return x;
  });
}

std::vector<DeviceCeiling> meet(Strict, const std::vector<DeviceCeiling>& a, const std::vector<DeviceCeiling>& b) {
  std::vector<DeviceCeiling> out;
  for (auto own : a) {
    for (const auto& other : b) {
      if (!same_device(own, other)) continue;
      own.access = common(own.access, other.access);
      if (!own.access.empty()) out.push_back(own);
      break;
    }
  }
  return out;
}

bool widen(Strict strict, bool a, bool more) { return strict == Strict::kFalse ? a || more : a && more; }
oci::CapSet widen(Strict, oci::CapSet a, oci::CapSet more) { return a | more; }
std::uint32_t widen(Strict, std::uint32_t a, std::uint32_t more) { return a & more; }
std::int64_t widen(Strict, std::int64_t a, std::int64_t more) { return std::min(a, more); }
ProcView widen(Strict, ProcView a, ProcView more) {
  return {.own_only = a.own_only && more.own_only, .pids_only = a.pids_only && more.pids_only};
}
RootUser widen(Strict, RootUser a, RootUser more) { return rank(a) <= rank(more) ? a : more; }
WriteExecute widen(Strict, WriteExecute a, WriteExecute more) { return rank(a) <= rank(more) ? a : more; }
Speculation widen(Strict, Speculation a, Speculation more) { return std::min(a, more); }
Secrets widen(Strict, Secrets a, Secrets more) { return rank(a) <= rank(more) ? a : more; }

// A limit that the exception does not name stays.
Limit widen(Strict, const Limit& a, const Limit& more) {
  Limit out = a;
  if (out.max && more.max) out.max = std::max(*out.max, *more.max);
  if (more.standard) out.standard = std::max(out.standard.value_or(0), *more.standard);
  if (out.standard && out.max) out.standard = std::min(*out.standard, *out.max);
  return out;
}

WallClock widen(Strict, WallClock a, WallClock more) { return {std::max(a.seconds, more.seconds)}; }

std::vector<std::string> widen(Strict strict, const std::vector<std::string>& a, const std::vector<std::string>& more) {
  if (strict == Strict::kShorter || strict == Strict::kBelow) return unite(a, more, kText, [](const auto& x, const auto&) { return x; });
  return subtract(a, more, kText);
}

Ports widen(Strict, const Ports& a, const Ports& more) {
  return unite(a, more, kPort, [](std::uint16_t port, std::uint16_t) { return port; });
}

std::vector<RlimitCeiling> widen(Strict, const std::vector<RlimitCeiling>& a, const std::vector<RlimitCeiling>& more) {
  auto out = a;
  for (auto& own : out) {
    const auto* other = find(more, own, kResource);
    if (other == nullptr) continue;
    own.hard = std::max(own.hard, other->hard);
    own.soft = std::max(own.soft, other->soft);
  }
  return out;
}

std::vector<oci::Namespace> widen(Strict, const std::vector<oci::Namespace>& a, const std::vector<oci::Namespace>& more) {
  return subtract(a, more, kType);
}

std::vector<Tmpfs> widen(Strict, const std::vector<Tmpfs>& a, const std::vector<Tmpfs>& more) {
  return unite(a, more, kPath, [](Tmpfs x, const Tmpfs& y) {
    x.size = std::max(x.size, y.size);
    if (x.inodes) x.inodes = y.inodes ? std::max(*x.inodes, *y.inodes) : x.inodes;
    x.exec = x.exec || y.exec;
    return x;
  });
}

std::vector<DeviceCeiling> widen(Strict, const std::vector<DeviceCeiling>& a, const std::vector<DeviceCeiling>& more) {
  auto out = a;
  for (const auto& extra : more) {
    const auto at = std::find_if(out.begin(), out.end(), [&](const DeviceCeiling& own) { return same_device(own, extra); });
    if (at == out.end()) {
      out.push_back(extra);
      continue;
    }
    for (const char c : extra.access) {
      if (at->access.find(c) == std::string::npos) at->access += c;
    }
  }
  return out;
}

}  // namespace policy::lattice
