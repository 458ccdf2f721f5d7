// The directory of a node's policies. With find.cc and follow.cc the only place of this room that reads files.
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
#include "policy/follow.h"

namespace policy {

namespace {

std::string subject_of(const std::string& path) { return base::cat("policies in ", base::quote(path)); }

base::Error wrong(const std::string& path, std::string_view what) { return base::Error::policy(base::cat(subject_of(path), ": ", what)); }

// Opened and checked: who can rename a file away can undo it, so that the directory counts as the files do. Nothing if
// there is none, which a link to nowhere is not: it is not followed here.
base::Result<std::optional<base::UniqueFd>> open_directory(int start, const std::string& name, int flags, const std::string& path) {
  flags |= O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
  base::UniqueFd fd(::openat(start, name.c_str(), flags));
  if (!fd && errno == ENOENT) return std::optional<base::UniqueFd>();
  if (!fd && (errno == ELOOP || errno == ENOTDIR)) {  // a link, or no directory
    const auto place = TRY(follow(start, name, subject_of(path)));
    fd.reset(::openat(place.directory.get(), place.name.c_str(), flags));
  }
  if (!fd) return wrong(path, base::errno_text(errno));
  TRY(check_directory(fd.get(), subject_of(path), path));
  return std::optional(std::move(fd));
}

struct Listing {
  std::unique_ptr<DIR, int (*)(DIR*)> directory{nullptr, ::closedir};
  std::vector<std::string> names;    // of its files, sorted
  std::vector<std::string> ignored;  // of what might have been meant to be one
};

// Hidden files are for the tools that make the others, and "x.json~" is an editor's copy.
bool is_no_policy(std::string_view name) { return name.starts_with('.') || name.ends_with('~'); }

// Nothing if there is no such directory.
base::Result<Listing> list_files(int start, const std::string& name, const std::string& path) {
  Listing out;
  auto fd = TRY(open_directory(start, name, O_RDONLY, path));
  if (!fd) return out;
  out.directory.reset(::fdopendir(fd->get()));
  if (out.directory == nullptr) return wrong(path, base::errno_text(errno));
  (void)fd->release();
  errno = 0;
  while (const auto* entry = ::readdir(out.directory.get())) {
    const std::string_view file = entry->d_name;
    if (!is_no_policy(file)) (file.ends_with(".json") ? out.names : out.ignored).emplace_back(file);
    errno = 0;
  }
  if (errno != 0) return wrong(path, base::errno_text(errno));
  std::sort(out.names.begin(), out.names.end());
  std::sort(out.ignored.begin(), out.ignored.end());
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

namespace {

// Whether a directory has something of that name: also a link to nowhere.
base::Result<bool> has_entry(int directory, const char* name, const std::string& path) {
  struct stat st {};
  if (::fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0) return true;
  if (errno == ENOENT) return false;
  return wrong(path, base::errno_text(errno));
}

}  // namespace

base::Result<Chain> load_chain(const std::string& directory, Missing missing, std::optional<DecisionLog>* log) {
  const std::string path = directory.substr(0, std::max<std::size_t>(directory.find_last_not_of('/') + 1, 1));
  Chain chain;
  chain.directory = path;
  const auto fd = TRY(open_directory(AT_FDCWD, path, O_PATH, path));
  if (!fd) {
    if (missing == Missing::kError) return wrong(path, "there is no such directory");
    return chain;
  }
  std::vector<Document> documents;
  std::optional<base::Error> wrong_one;  // the first; the others are read nevertheless, for the sake of `log`
  const auto take = [&](int in, const std::string& name, const std::string& file) {
    auto loaded = load(in, name, file, documents.emplace_back());
    if (loaded) return;
    documents.pop_back();
    if (!wrong_one) wrong_one = std::move(loaded).error();
  };
  const std::string main = path + "/policy.json", more = path + "/policy.d";
  const bool has_main = TRY(has_entry(fd->get(), "policy.json", main));
  const auto files = TRY(list_files(fd->get(), "policy.d", more));
  documents.reserve(files.names.size() + 1);
  if (has_main) take(fd->get(), "policy.json", main);
  for (const auto& name : files.names) take(::dirfd(files.directory.get()), name, base::cat(more, "/", name));
  if (log != nullptr) {
    if (const auto* wanted = find_log(documents)) *log = *wanted;
  }
  if (wrong_one) return *std::move(wrong_one);
  chain = TRY(make_chain(std::move(documents)));
  chain.directory = path;
  chain.has_main = has_main;
  for (const auto& name : files.ignored) chain.ignored.push_back(base::cat(more, "/", name));
  return chain;
}

}  // namespace policy
