#include "policy/io_ceiling.h"

#include <algorithm>

#include "base/text.h"
#include "policy/lattice.h"

namespace policy {

namespace {

const IoCeiling* find(const IoCeilings& all, const IoCeiling& device) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.same_device(device); });
  return at == all.end() ? nullptr : &*at;
}

// Of that device in `all`: absent where nothing is said of it.
std::optional<std::uint64_t> said(const IoCeilings& all, const IoCeiling& device, const IoRate& rate) {
  for (const auto* entry : {find(all, device), find(all, IoCeiling{})}) {
    if (entry != nullptr && entry->*rate.member) return entry->*rate.member;
  }
  return std::nullopt;
}

// Every device that one of them names, and every other one.
IoCeilings devices(const IoCeilings& a, const IoCeilings& b) {
  IoCeilings out{IoCeiling{}};
  for (const auto* list : {&a, &b}) {
    for (const auto& entry : *list) {
      if (find(out, entry) == nullptr) out.push_back({.major = entry.major, .minor = entry.minor});
    }
  }
  return out;
}

IoCeilings combine(const IoCeilings& a, const IoCeilings& b, auto&& both) {
  IoCeilings out = devices(a, b);
  for (auto& entry : out) {
    for (const auto& rate : kIoRates) entry.*rate.member = both(said(a, entry, rate), said(b, entry, rate));
  }
  return canonical(out);
}

}  // namespace

std::string device_text(const IoCeiling& ceiling) { return ceiling.is_any() ? "*" : base::cat(ceiling.major, ":", ceiling.minor); }

std::optional<std::pair<std::int64_t, std::int64_t>> parse_device(std::string_view text) {
  constexpr std::uint64_t kMostMajor = 0xfff, kMostMinor = 0xfffff;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits) { return digits.size() > 1 && digits.front() == '0' ? std::nullopt : base::parse_u64(digits); };
  const auto major = number(text.substr(0, colon)), minor = number(text.substr(colon + 1));
  if (!major || !minor || *major > kMostMajor || *minor > kMostMinor) return std::nullopt;
  return std::pair(static_cast<std::int64_t>(*major), static_cast<std::int64_t>(*minor));
}

std::uint64_t ceiling_of(const IoCeilings& all, std::int64_t major, std::int64_t minor, const IoRate& rate) {
  return said(all, {.major = major, .minor = minor}, rate).value_or(kNoIoLimit);
}

IoCeilings canonical(const IoCeilings& all) {
  IoCeilings out = all;
  for (const auto& rate : kIoRates) {
    const auto others = said(all, IoCeiling{}, rate).value_or(kNoIoLimit);
    for (auto& entry : out) {
      auto& own = entry.*rate.member;
      if (own && *own == (entry.is_any() ? kNoIoLimit : others)) own.reset();
    }
  }
  std::erase_if(out, [](const IoCeiling& entry) {
    return std::none_of(kIoRates.begin(), kIoRates.end(), [&](const auto& rate) { return (entry.*rate.member).has_value(); });
  });
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return std::pair(a.major, a.minor) < std::pair(b.major, b.minor); });
  return out;
}

namespace lattice {

bool within(Strict, const IoCeilings& a, const IoCeilings& b) {
  const auto all = devices(a, b);
  return std::all_of(all.begin(), all.end(), [&](const IoCeiling& device) {
    return std::all_of(kIoRates.begin(), kIoRates.end(), [&](const IoRate& rate) {
      return said(a, device, rate).value_or(kNoIoLimit) <= said(b, device, rate).value_or(kNoIoLimit);
    });
  });
}

IoCeilings meet(Strict, const IoCeilings& a, const IoCeilings& b) {
  return combine(a, b, [](auto x, auto y) { return std::optional(std::min(x.value_or(kNoIoLimit), y.value_or(kNoIoLimit))); });
}

// A rate that the exception does not name stays.
IoCeilings widen(Strict, const IoCeilings& a, const IoCeilings& more) {
  return combine(a, more, [](auto x, auto y) { return std::optional(std::max(x.value_or(kNoIoLimit), y.value_or(0))); });
}

std::string text(const IoCeilings& value) {
  std::vector<std::string> out;
  for (const auto& entry : value) {
    std::string one = device_text(entry);
    for (const auto& rate : kIoRates) {
      if (const auto& most = entry.*rate.member) one += *most == kNoIoLimit ? base::cat(" ", rate.name, "=max") : base::cat(" ", rate.name, "=", *most);
    }
    out.push_back(std::move(one));
  }
  return out.empty() ? "none" : base::join(out, ", ");
}

}  // namespace lattice

}  // namespace policy
