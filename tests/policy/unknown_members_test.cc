// A member that is not known never passes in silence, wherever it stands: in a policy it is an error, in config.json an
// error or a note (runtime-spec, "Extensibility": unknown properties are not an error).
#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/text.h"
#include "oci/read.h"
#include "policy/builtin.h"
#include "policy/find.h"
#include "policy/read.h"

namespace {

constexpr std::string_view kName = "zzz";

std::string read_file(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> out;
  DIR* open = ::opendir(directory.c_str());
  if (open == nullptr) return out;
  while (const dirent* entry = ::readdir(open)) {
    if (std::string_view(entry->d_name).ends_with(".json")) out.push_back(base::cat(directory, "/", entry->d_name));
  }
  ::closedir(open);
  std::sort(out.begin(), out.end());
  return out;
}

// The text once for each of its objects, with a member more in that one.
std::vector<std::string> with_a_member_more(const std::string& text) {
  std::vector<std::string> out;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string && c == '\\') {
      ++at;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && c == '{') {
      const auto next = text.find_first_not_of(" \n\t\r", at + 1);
      const bool empty = next != std::string::npos && text[next] == '}';
      out.push_back(base::cat(text.substr(0, at + 1), "\"", kName, "\": 0", empty ? "" : ", ", text.substr(at + 1)));
    }
  }
  return out;
}

// What was said of the member; empty: nothing.
using Reader = std::function<std::string(const std::string&)>;

std::string said_of_policy(const std::string& text) {
  const auto document = policy::read_document(text, "x.json", policy::builtin_group, policy::builtin_base);
  return document ? "" : document.error().message();
}

std::string said_of_config(const std::string& text) {
  const auto spec = oci::read_spec(text);
  if (!spec) return spec.error().message();
  for (const auto& note : spec->notes) {
    if (note.pointer.find(kName) != std::string::npos || note.text.find(kName) != std::string::npos) return note.pointer + ": " + note.text;
  }
  return "";
}

// Reads what it knows, and forgets the rest.
Reader lenient(const Reader& reader) {
  return [reader](const std::string& text) {
    std::string known = text;
    const auto at = known.find(base::cat("\"", kName, "\": 0"));
    const auto length = kName.size() + 5;
    known.erase(at, known.compare(at + length, 2, ", ") == 0 ? length + 2 : length);
    return reader(known);
  };
}

// How many of the texts that can be read pass with a member more, and how many there are.
struct Count {
  std::size_t silent = 0, all = 0;
  std::string first;  // of the silent ones: the file, and what was said instead
};

Count count(const std::vector<std::string>& paths, const Reader& reader) {
  Count out;
  for (const auto& path : paths) {
    const std::string text = read_file(path);
    EXPECT_EQ(reader(base::cat("{\"", kName, "\": 0}")).empty(), false);
    for (const auto& changed : with_a_member_more(text)) {
      ++out.all;
      const auto said = reader(changed);
      if (said.find(kName) != std::string::npos) continue;
      if (out.silent++ == 0) out.first = base::cat(path, ": ", said);
    }
  }
  return out;
}

TEST(UnknownMembers, NeverPassInAPolicy) {
  auto paths = files_in(PROFILES);
  paths.emplace_back(EVERY_MEMBER);
  for (const auto& path : files_in(std::string(EVERY_MEMBER).substr(0, std::string(EVERY_MEMBER).rfind('/')))) {
    if (said_of_policy(read_file(path)).empty()) paths.push_back(path);
  }
  const auto real = count(paths, said_of_policy);
  EXPECT_EQ(real.silent, 0U) << real.first;
  EXPECT_GT(real.all, 100U);
  EXPECT_EQ(count(paths, lenient(said_of_policy)).silent, real.all) << "a reader that forgets them is noticed";
}

TEST(UnknownMembers, AreToldOfInConfig) {
  const auto paths = files_in(BUNDLES);
  const auto real = count(paths, said_of_config);
  EXPECT_EQ(real.silent, 0U) << real.first;
  EXPECT_GT(real.all, 100U);
  EXPECT_EQ(count(paths, lenient(said_of_config)).silent, real.all);
}

}  // namespace
