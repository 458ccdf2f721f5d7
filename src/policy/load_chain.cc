// The directory of a node's policies. With find.cc the only place of this room that reads files.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/fd.h"
#include "base/text.h"
#include "policy/builtin.h"
#include "policy/chain.h"
#include "policy/find.h"

namespace policy {

namespace {

base::Error wrong(const std::string& path, std::string_view what) {
  return base::Error::policy(base::cat("policies in ", base::quote(path), ": ", what));
}

// Who can rename a file away can undo it: the directory counts as the files do.
base::Result<void> check_directory(int fd, const std::string& path) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return wrong(path, base::errno_text(errno));
  if (st.st_uid != 0 && st.st_uid != ::geteuid()) return wrong(path, base::cat("the directory belongs to user ", st.st_uid));
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return wrong(path, "the directory can be written by others").hint(base::cat("chmod go-w ", path));
  }
  return base::ok();
}

struct Listing {
  std::unique_ptr<DIR, int (*)(DIR*)> directory{nullptr, ::closedir};
  std::vector<std::string> names;  // of its files, sorted
};

// Nothing if there is no such directory.
base::Result<Listing> list_files(const std::string& path) {
  Listing out;
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return out;
  if (!fd) return wrong(path, base::errno_text(errno));
  TRY(check_directory(fd.get(), path));
  out.directory.reset(::fdopendir(fd.get()));
  if (out.directory == nullptr) return wrong(path, base::errno_text(errno));
  (void)fd.release();
  errno = 0;
  while (const auto* entry = ::readdir(out.directory.get())) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(".json") && !name.starts_with('.')) out.names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return wrong(path, base::errno_text(errno));
  std::sort(out.names.begin(), out.names.end());
  return out;
}

// Of the very directory that was checked.
base::Result<void> load(int directory, const std::string& name, const std::string& path, Document& out) {
  return read_document(TRY(read_policy_file_at(directory, name.c_str(), path)), path, builtin_group, builtin_base, out);
}

// The log of decisions that the floors ask for: one that is required before others; nullptr if none does.
const DecisionLog* find_log(const std::vector<Document>& documents) {
  const DecisionLog* log = nullptr;
  for (const auto& document : documents) {
    if (document.log && (log == nullptr || (document.log->required && !log->required))) log = &*document.log;
  }
  return log;
}

}  // namespace

base::Result<Chain> make_chain(std::vector<Document> documents) {
  Chain out;
  out.documents = std::move(documents);
  std::vector<const Document*> order;
  for (const auto& document : out.documents) order.push_back(&document);
  std::sort(order.begin(), order.end(), precedes);
  const auto twice = std::adjacent_find(order.begin(), order.end(), [](const Document* a, const Document* b) { return !precedes(a, b); });
  if (twice == order.end()) return out;
  return base::Error::policy(base::cat("two policies of kind ", base::quote(kind_name((*twice)->kind)), " are called ",
                                       base::quote((*twice)->policy.id())));
}

base::Result<Chain> load_chain(const std::string& directory, std::optional<DecisionLog>* log) {
  std::vector<Document> documents;
  std::optional<base::Error> wrong_one;  // the first; the others are read nevertheless, for the sake of `log`
  const auto take = [&](int fd, const std::string& name, const std::string& path) {
    auto loaded = load(fd, name, path, documents.emplace_back());
    if (loaded) return;
    documents.pop_back();
    if (!wrong_one) wrong_one = std::move(loaded).error();
  };
  const std::string main = directory + "/policy.json";
  const bool has_main = ::access(main.c_str(), F_OK) == 0 || errno != ENOENT;
  const auto files = TRY(list_files(directory + "/policy.d"));
  documents.reserve(files.names.size() + 1);
  base::UniqueFd fd;
  if (has_main || !files.names.empty()) {
    fd.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return wrong(directory, base::errno_text(errno));
    TRY(check_directory(fd.get(), directory));
  }
  if (has_main) take(fd.get(), "policy.json", main);
  for (const auto& name : files.names) {
    take(::dirfd(files.directory.get()), name, base::cat(directory, "/policy.d/", name));
  }
  if (log != nullptr) {
    if (const auto* wanted = find_log(documents)) *log = *wanted;
  }
  if (wrong_one) return *std::move(wrong_one);
  auto chain = TRY(make_chain(std::move(documents)));
  chain.directory = directory;
  chain.has_main = has_main;
  return chain;
}

}  // namespace policy
