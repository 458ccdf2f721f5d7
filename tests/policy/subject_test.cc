// What kind of program a file is.
#include "policy/subject.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace {

using policy::entrypoint_kind;

template <typename T>
void put(std::string& out, std::size_t at, const T& value) {
  if (out.size() < at + sizeof value) out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}

// A program of one segment of that type, which begins at 120 with `content`.
std::string elf(Elf64_Word type, std::string_view content = {}) {
  std::string out;
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_phoff = sizeof header;
  header.e_phnum = 1;
  put(out, 0, header);
  Elf64_Phdr segment{};
  segment.p_type = type;
  segment.p_offset = sizeof header + sizeof segment;
  put(out, sizeof header, segment);
  return out.append(content);
}

std::string note(std::string_view owner) {
  std::string out;
  put(out, 0, Elf64_Nhdr{.n_namesz = 4, .n_descsz = 0, .n_type = 4});
  return out.append(owner);
}

TEST(Entrypoint, IsWhatItsFileIsCalled) {
  const std::string any = elf(PT_INTERP);
  for (const auto& [name, kind] : {std::pair{"/usr/bin/python3.11", "python"}, {"/opt/pypy3", "python"}, {"/usr/bin/node", "node"},
                                   {"/usr/bin/nodejs", "node"}, {"/usr/lib/jvm/17/bin/java", "java"}, {"/bin/busybox", "shell"},
                                   {"/bin/sh", "shell"}, {"/bin/dash", "shell"}}) {
    EXPECT_EQ(entrypoint_kind(name, any), kind) << name;
  }
  for (const auto* name : {"/usr/bin/shred", "/usr/bin/javac", "/usr/bin/node-exporter", "/bin/pythonic", "/python3/server"}) {
    EXPECT_EQ(entrypoint_kind(name, any), "dynamic") << name;
  }
}

TEST(Entrypoint, AScriptIsWhatItsInterpreterIs) {
  for (const auto& [line, kind] :
       {std::pair{"#!/bin/sh\necho", "shell"}, {"#! /usr/bin/python3 -u\n", "python"}, {"#!/usr/bin/env node\n", "node"},
        {"#!/usr/bin/env -S python3 -u\n", "python"}, {"#!/usr/bin/env -S A=1 B=/x/sh node\n", "node"}, {"#!\t/bin/sh\t-e\n", "shell"},
        {"#!/usr/bin/perl\n", "other"}, {"#!", "other"}, {"#!\n", "other"}, {"#!/bin/sh", "shell"}}) {
    EXPECT_EQ(entrypoint_kind("/app/python3", line), kind) << line;
  }
}

TEST(Entrypoint, OtherProgramsAreTheirElfHeaders) {
  EXPECT_EQ(entrypoint_kind("/app", elf(PT_INTERP)), "dynamic");
  EXPECT_EQ(entrypoint_kind("/app", elf(PT_LOAD)), "static");
  EXPECT_EQ(entrypoint_kind("/app", elf(PT_NOTE, note(std::string_view("Go\0\0", 4)))), "go");
  EXPECT_EQ(entrypoint_kind("/app", elf(PT_NOTE, note(std::string_view("GNU\0", 4)))), "static");
  EXPECT_EQ(entrypoint_kind("/app", "MZ and no ELF"), "other");
  EXPECT_EQ(entrypoint_kind("/app", ""), "other");
}

TEST(Entrypoint, ThirtyTwoBitsComeFirst) {
  std::string small = elf(PT_LOAD);
  small[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(entrypoint_kind("/usr/bin/python3", small), "elf32");
}

TEST(Entrypoint, BrokenHeadersAreReadNoFurther) {
  const std::string whole = elf(PT_NOTE, note(std::string_view("Go\0\0", 4)));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto kind = entrypoint_kind("/app", whole.substr(0, n));
    EXPECT_TRUE(kind == "other" || kind == "static" || kind == "elf32") << n << ": " << kind;
  }
  std::string far = whole;
  Elf64_Phdr segment{};
  segment.p_type = PT_NOTE;
  segment.p_offset = ~std::uint64_t{0} - 3;
  put(far, sizeof(Elf64_Ehdr), segment);
  EXPECT_EQ(entrypoint_kind("/app", far), "static");
}

}  // namespace
