// What a Json owns. For json.cc and json_parse.cc alone: the only users of RapidJSON in the project.
#pragma once

#include <rapidjson/document.h>

#include <deque>

#include "oci/json.h"

namespace oci::detail {

// One step of a path. Kept as links, so that a pointer's text is made only for a message.
struct Node {
  const Node* parent;
  const char* name;   // nullptr: an array's element
  std::size_t index;  // of the element, or the length of the name
};

struct Document {
  rapidjson::MemoryPoolAllocator<> pool;  // grows by pieces of the size of a usual text
  rapidjson::Document tree;
  std::string source;
  base::Kind kind = base::Kind::kConfig;
  std::string_view text;   // for the places of messages; empty: none are wanted
  std::deque<Node> nodes;  // grows without moving what cursors point at

  Document(std::string_view name, base::Kind k) : pool(8192), tree(&pool), source(name), kind(k) {}
};

// A value's text as a message shows it.
std::string shorten(std::string_view text);

}  // namespace oci::detail
