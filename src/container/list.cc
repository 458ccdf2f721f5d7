#include "container/list.h"

#include <cerrno>

#include "base/text.h"

namespace container {
namespace {

base::Result<void> add(Listing& listing, const StateRoot& root, const std::string& id) {
  auto container = load_container(root, id);
  if (container.has_value()) {
    listing.containers.push_back(*std::move(container));
    return base::ok();
  }
  // Deleted since the directory was read?
  if (!TRY(root.open_container(id))) return base::ok();
  listing.warnings.push_back(base::cat("container ", base::quote(id), ": ", container.error().message()));
  return base::ok();
}

}  // namespace

base::Result<Listing> list_containers(const std::string& root, bool must_exist) {
  Listing listing;
  const auto opened = TRY(StateRoot::open(root));
  if (!opened) {
    if (must_exist) return base::Error::system(ENOENT, "open state root", root);
    return listing;
  }
  for (const auto& id : TRY(opened->ids())) TRY(add(listing, *opened, id));
  return listing;
}

}  // namespace container
