#include "kernel/seccomp_cache.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include "base/guard.h"
#include "base/text.h"

namespace kernel {

namespace {

// The file: magic, header, key, instructions, and a checksum of all that. The whole key is compared, so that its hash,
// the file's name, need not be one that nobody can make collide: a collision is a miss. The checksum is against torn
// writes and bad disks; who can write into the directory can do worse.
constexpr std::string_view kMagic = "bulkhead seccomp 3\n";
constexpr std::size_t kDigest = sizeof(XXH128_canonical_t);
constexpr std::size_t kMaxFile = 4 << 20;  // a key is as long as config.json's section

struct Header {
  std::uint64_t key_length = 0;
  std::uint32_t flags = 0;
  std::uint32_t instructions = 0;
};

std::string_view bytes_of(const auto& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

XXH128_canonical_t hash_of(std::string_view text) {
  XXH128_canonical_t out;
  XXH128_canonicalFromHash(&out, XXH3_128bits(text.data(), text.size()));
  return out;
}

std::string encoded(std::string_view key, const SeccompBlob& blob) {
  const Header header{key.size(), blob.flags, static_cast<std::uint32_t>(blob.code.size())};
  const std::string_view code(reinterpret_cast<const char*>(blob.code.data()), blob.code.size() * sizeof(sock_filter));
  std::string out = base::cat(kMagic, bytes_of(header), key, code);
  const XXH128_canonical_t digest = hash_of(out);
  return out.append(bytes_of(digest));
}

std::optional<SeccompBlob> decoded(std::string_view file, std::string_view key) {
  const std::size_t head = kMagic.size() + sizeof(Header);
  if (file.size() < head + key.size() + kDigest || !file.starts_with(kMagic)) return std::nullopt;
  Header header;
  std::memcpy(&header, file.data() + kMagic.size(), sizeof header);
  if (header.key_length != key.size() || header.instructions == 0 || header.instructions > BPF_MAXINSNS)
    return std::nullopt;
  if (file.size() != head + key.size() + header.instructions * sizeof(sock_filter) + kDigest) return std::nullopt;
  if (file.substr(head, key.size()) != key) return std::nullopt;
  const std::string_view code = file.substr(head + key.size(), header.instructions * sizeof(sock_filter));
  const XXH128_canonical_t digest = hash_of(file.substr(0, file.size() - kDigest));
  if (file.substr(file.size() - kDigest) != bytes_of(digest)) return std::nullopt;
  SeccompBlob blob{std::vector<sock_filter>(header.instructions), header.flags};
  std::memcpy(blob.code.data(), code.data(), code.size());
  return blob;
}

std::optional<std::string> read_whole(int fd, std::size_t size) {
  std::string text(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(fd, text.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    done += static_cast<std::size_t>(got);
  }
  return text;
}

bool write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

// The files, the oldest first; also one that a killed process had not yet given its name.
std::vector<std::pair<timespec, std::string>> entries(int dir) {
  std::vector<std::pair<timespec, std::string>> out;
  base::UniqueFd own(::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));  // fdopendir(3) moves the offset
  DIR* stream = own ? ::fdopendir(own.get()) : nullptr;
  if (stream == nullptr) return out;
  std::ignore = own.release();
  base::ScopeGuard close_stream([&] { ::closedir(stream); });
  while (const dirent* entry = ::readdir(stream)) {
    struct stat st {};
    if (::fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISDIR(st.st_mode)) out.emplace_back(st.st_mtim, entry->d_name);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first.tv_sec, a.first.tv_nsec, a.second) < std::tie(b.first.tv_sec, b.first.tv_nsec, b.second);
  });
  return out;
}

void make_room(int dir) {
  const auto files = entries(dir);
  for (std::size_t i = 0; i + kSeccompCacheEntries <= files.size(); ++i) ::unlinkat(dir, files[i].second.c_str(), 0);
}

}  // namespace

// 32 hexadecimal digits.
std::string seccomp_cache_file(std::string_view key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : hash_of(key).digest) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::optional<SeccompBlob> load_seccomp(int dir, std::string_view key) {
  const base::UniqueFd file(
      ::openat(dir, seccomp_cache_file(key).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat st {};
  if (!file || ::fstat(file.get(), &st) != 0) return std::nullopt;
  if (!S_ISREG(st.st_mode) || st.st_uid != ::geteuid() || (st.st_mode & 0022) != 0) return std::nullopt;
  if (st.st_size <= 0 || static_cast<std::uint64_t>(st.st_size) > kMaxFile) return std::nullopt;
  const auto text = read_whole(file.get(), static_cast<std::size_t>(st.st_size));
  if (!text) return std::nullopt;
  return decoded(*text, key);
}

void store_seccomp(int dir, std::string_view key, const SeccompBlob& blob) {
  if (blob.code.empty() || blob.code.size() > BPF_MAXINSNS) return;
  const std::string text = encoded(key, blob);
  if (text.size() > kMaxFile) return;
  make_room(dir);
  // Hidden until complete, and gone by itself if this process dies: only then it gets a name, first one
  // that nobody reads, because linkat(2) does not replace.
  const base::UniqueFd file(::openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!file || !write_whole(file.get(), text)) return;
  const std::string name = seccomp_cache_file(key);
  const std::string passing = base::cat(".", name, ".", static_cast<std::int64_t>(::getpid()));
  const std::string magic_link = base::cat("/proc/self/fd/", file.get());
  ::unlinkat(dir, passing.c_str(), 0);
  if (::linkat(AT_FDCWD, magic_link.c_str(), dir, passing.c_str(), AT_SYMLINK_FOLLOW) != 0) return;
  if (::renameat(dir, passing.c_str(), dir, name.c_str()) != 0) ::unlinkat(dir, passing.c_str(), 0);
}

}  // namespace kernel
