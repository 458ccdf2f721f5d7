// A classic BPF machine with the instructions that seccomp(2) takes: says what the kernel would answer.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace support {

// Why the kernel would not take the program (bpf_check_classic, seccomp_check_filter); empty if it would.
std::string bpf_fault(std::span<const sock_filter> program);

// Absent if it runs off its end or into an instruction that is not allowed.
std::optional<std::uint32_t> bpf_eval(std::span<const sock_filter> program, const seccomp_data& data);

}  // namespace support
