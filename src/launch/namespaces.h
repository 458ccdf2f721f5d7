// The parent's visit to the namespaces that a container joins by path: in before the clone, back after it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "plan/plan.h"

namespace launch {

class NamespaceVisit {
 public:
  // Joins all but user and mount namespaces, makes the time namespace for the child and writes its offsets.
  static base::Result<NamespaceVisit> enter(const plan::ClonePlan& plan);
  // Back to where this process came from. Called by the destructor too.
  base::Result<void> leave();

  NamespaceVisit(NamespaceVisit&&) = default;
  NamespaceVisit& operator=(NamespaceVisit&&) = delete;
  NamespaceVisit(const NamespaceVisit&) = delete;
  ~NamespaceVisit() { (void)leave(); }  // on the way out of an error: that error is the one to tell

 private:
  NamespaceVisit() = default;
  base::Result<void> remember(std::uint64_t type);

  std::vector<std::pair<std::uint64_t, base::UniqueFd>> origin_;
};

// The file of a namespace of `type` (CLONE_NEW*). `foreign`: not this process's own. Errors: system; config, it is something else;
// policy, it is this process's own.
base::Result<base::UniqueFd> open_namespace(std::uint64_t type, const std::string& path, bool foreign);

// The user namespace to join, if the plan has one.
base::Result<base::UniqueFd> open_user_namespace(const plan::ClonePlan& plan);

// The namespaces that were to be made (CLONE_NEW*) are not those of this process. What cannot be looked at is not judged;
// any equality is an error.
base::Result<void> verify_namespaces(std::uint64_t made, int proc_fd);

}  // namespace launch
