// A policy file's text, JSON with comments and trailing commas, to a Document. Strict: a member that is not known, a value
// out of range, a name that means nothing is an error with file, line, column, JSON pointer and, where one is near, the
// name that was probably meant.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/document.h"
#include "policy/policy.h"

namespace policy {

// A named set of system calls; a member that begins with "@" is itself a group.
struct SyscallGroup {
  std::string_view name;  // "faas"
  std::string_view version;
  std::span<const std::string_view> syscalls;
};

// The group of that name (without "@"); nullptr if there is none.
using GroupLookup = std::function<const SyscallGroup*(std::string_view name)>;

// The policy that "extends" names. The error says why there is none.
using PolicyLookup = std::function<base::Result<Policy>(std::string_view name)>;

// `source_name` opens every error and is the file of every Origin but those of what is extended. Without `bases` nothing
// can be.
base::Result<Document> read_document(std::string_view text, const std::string& source_name, const GroupLookup& groups,
                                     const PolicyLookup& bases = {});
// Into `out`, which is empty; after an error it holds what was read before that.
base::Result<void> read_document(std::string_view text, const std::string& source_name, const GroupLookup& groups,
                                 const PolicyLookup& bases, Document& out);

// The same of a profile; another kind is an error.
base::Result<Policy> read_policy(std::string_view text, const std::string& source_name, const GroupLookup& groups,
                                 const PolicyLookup& bases = {});

}  // namespace policy
