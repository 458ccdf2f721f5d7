#include "plan/seccomp_boxes.h"

#include <algorithm>
#include <bit>

namespace plan {

namespace {

using Boxes = std::vector<Box>;
using Cubes = std::vector<Cube>;

bool apart(const Cube& a, const Cube& b) { return ((a.value ^ b.value) & a.mask & b.mask) != 0; }
void narrow(Cube& cube, const Cube& by) {
  cube.mask |= by.mask;
  cube.value |= by.value;
}

// The values under `mask` that are greater or less than `than`, or also equal: at each bit those that differ there first.
Cubes compared(std::uint64_t mask, std::uint64_t than, bool greater, bool or_equal) {
  Cubes out;
  Cube same;
  for (int n = 63; n >= 0; --n) {
    const std::uint64_t bit = std::uint64_t{1} << n;
    const bool set = (than & bit) != 0;
    if ((mask & bit) == 0) {
      if (!set) continue;
      if (!greater) out.push_back(same);  // 0 where `than` has 1: all that is left is less
      return out;
    }
    if (set != greater) out.push_back({same.mask | bit, same.value | (set ? 0 : bit)});
    narrow(same, {bit, than & bit});
  }
  if (or_equal) out.push_back(same);
  return out;
}

// The values for which the comparison holds.
Cubes cubes_of(const ArgTest& test) {
  Cubes out;
  if (test.compare != Compare::kAnyOf) {
    const bool or_equal = (test.compare == Compare::kGreaterEqual) == test.holds;
    for (const auto value : test.values) {
      const auto some = compared(test.mask, value, test.holds, or_equal);
      out.insert(out.end(), some.begin(), some.end());
    }
    return out;
  }
  for (const auto value : test.values) out.push_back({test.mask, value});
  return out;
}

bool apart(const Box& a, const Box& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (apart(a[i], b[i])) return true;
  return false;
}

bool covers(const Box& all, const Box& some) {
  for (std::size_t i = 0; i < all.size(); ++i)
    if ((all[i].mask & ~some[i].mask) != 0 || ((all[i].value ^ some[i].value) & all[i].mask) != 0) return false;
  return true;
}

// `from` less `what`: what differs from it in one argument or in another, in its first bit that is free, in the second …
// Boxes of different arguments overlap, which makes them few.
void subtract(const Box& from, const Box& what, Boxes& out) {
  if (apart(from, what)) {
    out.push_back(from);
    return;
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    Box left = from;
    for (int n = 63; n >= 0; --n) {
      const std::uint64_t bit = std::uint64_t{1} << n;
      if ((what[i].mask & bit) == 0 || (from[i].mask & bit) != 0) continue;
      out.push_back(left);
      narrow(out.back()[i], {bit, ~what[i].value & bit});
      narrow(left[i], {bit, what[i].value & bit});
    }
  }
}

// Those that no other one covers.
void keep_largest(Boxes& all) {
  Boxes out;
  for (const auto& box : all) {
    if (std::any_of(out.begin(), out.end(), [&](const Box& other) { return covers(other, box); })) continue;
    std::erase_if(out, [&](const Box& other) { return covers(box, other); });
    out.push_back(box);
  }
  all = std::move(out);
}

Boxes without(const Boxes& all, const Box& what, std::size_t most) {
  Boxes out;
  for (const auto& box : all) subtract(box, what, out);
  if (out.size() <= 4 * most) keep_largest(out);  // else there are too many whatever is kept
  return out;
}

Box box_of(std::uint32_t index, const Cube& cube) {
  Box out;
  out[index] = cube;
  return out;
}

int bits_of(const Box& box) {
  int out = 0;
  for (const auto& cube : box) out += std::popcount(cube.mask);
  return out;
}

// The calls for which every test holds: the boxes, less others.
struct Matched {
  Boxes boxes;
  Boxes but;
};

Matched matched(const ArgRule& rule) {
  Matched out{{Box{}}, {}};
  for (const auto& test : rule.all_of) {
    const auto cubes = cubes_of(test);
    if (!test.holds && test.compare == Compare::kAnyOf) {
      for (const auto& cube : cubes) out.but.push_back(box_of(test.index, cube));
      continue;
    }
    Boxes next;
    for (const auto& cube : cubes) {
      for (auto box : out.boxes) {
        if (apart(box[test.index], cube)) continue;
        narrow(box[test.index], cube);
        next.push_back(box);
      }
    }
    out.boxes = std::move(next);
  }
  // The largest first: much of what the others would cut is gone by then.
  std::stable_sort(out.but.begin(), out.but.end(), [](const Box& a, const Box& b) { return bits_of(a) < bits_of(b); });
  return out;
}

bool has(const ArgRule& rule, const ArgTest& test) {
  return std::find(rule.all_of.begin(), rule.all_of.end(), test) != rule.all_of.end();
}

}  // namespace

Decision shortened(const Decision& decision) {
  Decision out{{}, decision.otherwise};
  for (auto rule = decision.rules.rbegin(); rule != decision.rules.rend(); ++rule) {
    ArgRule kept{{}, rule->answer};
    for (const auto& test : rule->all_of)
      if (!has(kept, test)) kept.all_of.push_back(test);
    // The next ones answer alike; is one of them for all that this one is for?
    bool told = false;
    for (auto next = out.rules.rbegin(); next != out.rules.rend() && next->answer == kept.answer && !told; ++next)
      told = std::all_of(next->all_of.begin(), next->all_of.end(), [&](const ArgTest& test) { return has(kept, test); });
    if (!told) out.rules.push_back(std::move(kept));
  }
  std::reverse(out.rules.begin(), out.rules.end());
  return out;
}

std::optional<std::vector<Piece>> pieces_of(const Decision& decision, std::uint32_t otherwise, std::size_t most) {
  std::vector<Piece> out, before;  // all of the rules so far; an earlier one wins
  // Least first: to take away what a rule leaves out cuts into few of the boxes that are left by then.
  const auto remaining = [&](const Matched& rule, std::uint32_t answer) {
    Boxes left = rule.boxes;
    for (const auto& piece : before)
      if (piece.answer != answer && left.size() <= most) left = without(left, piece.box, most);
    for (const auto& box : rule.but)
      if (left.size() <= most) left = without(left, box, most);
    return left;
  };
  const auto add = [&](const Matched& rule, std::uint32_t answer) {
    if (rule.boxes.size() > most) return false;
    const auto left = remaining(rule, answer);
    for (const auto& each : left) out.push_back({each, answer, 0});
    return out.size() <= most;
  };
  for (const auto& rule : decision.rules) {
    const auto all = matched(rule);
    if (rule.answer != otherwise && !add(all, rule.answer)) return std::nullopt;
    Boxes boxes = all.boxes;
    for (const auto& box : all.but)
      if (boxes.size() <= most) boxes = without(boxes, box, most);
    if (boxes.size() > most) return std::nullopt;
    for (const auto& box : boxes) before.push_back({box, rule.answer, 0});
  }
  if (decision.otherwise != otherwise && !add({{Box{}}, {}}, decision.otherwise)) return std::nullopt;
  return out;
}

}  // namespace plan
