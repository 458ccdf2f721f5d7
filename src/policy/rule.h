// A rule of a policy, or none. It lies on the heap: most rules are absent from most policies, and a policy is moved a
// dozen times on its way from a file to a plan.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace policy {

// Where a rule is written.
struct Origin {
  std::string file;     // "faas.json"; the whole path for a policy that is not built in
  std::string pointer;  // "/process/noNewPrivileges"
  std::vector<std::string> more;  // texts of further places that made the rule what it is
  std::string text() const;       // "a.json:/x", "a.json:/x and b.json:/x"
};

template <typename T>
struct Setting {
  T value{};
  Origin origin;
  std::string why;  // the author's reason (the section's "why" member); empty: none given
};

// Spelled like std::optional<Setting<T>>, and copied as deeply.
template <typename T>
class Rule {
 public:
  Rule() = default;
  Rule(std::nullopt_t) {}  // NOLINT: implicit on purpose, as in std::optional
  Rule(Setting<T> setting) : setting_(std::make_unique<Setting<T>>(std::move(setting))) {}  // NOLINT
  Rule(const Rule& other) : setting_(other ? std::make_unique<Setting<T>>(*other) : nullptr) {}
  Rule(Rule&& other) noexcept = default;
  Rule& operator=(const Rule& other) {
    if (this != &other) setting_ = other ? std::make_unique<Setting<T>>(*other) : nullptr;
    return *this;
  }
  Rule& operator=(Rule&& other) noexcept = default;
  Rule& operator=(Setting<T> setting) {
    setting_ = std::make_unique<Setting<T>>(std::move(setting));
    return *this;
  }
  ~Rule() = default;

  bool has_value() const { return setting_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  Setting<T>& operator*() { return *setting_; }
  const Setting<T>& operator*() const { return *setting_; }
  Setting<T>* operator->() { return &*setting_; }
  const Setting<T>* operator->() const { return &*setting_; }
  Setting<T>& emplace() { return *(setting_ = std::make_unique<Setting<T>>()); }
  void reset() { setting_.reset(); }

 private:
  std::unique_ptr<Setting<T>> setting_;
};

}  // namespace policy
