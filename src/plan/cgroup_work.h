// Shared by the files of plan/cgroup only: the plan in the making, and one function for each concern and version.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plan/cgroup.h"

namespace plan {

enum class CgroupVersion { kV1, kV2 };

struct CgroupWork {
  const kernel::CgroupLayout& layout;
  CgroupPlan plan;

  // In which hierarchy the controller is, by its name in each version; absent: in none.
  std::optional<CgroupVersion> locate(std::string_view v1_name, std::string_view v2_name) const;
  // As locate(); error unsupported where it is in none.
  base::Result<CgroupVersion> require(std::string_view v1_name, std::string_view v2_name,
                                      const std::string& pointer) const;

  void write_v1(std::string controller, std::string file, std::string value, std::string because);
  void write_v2(std::string file, std::string value, std::string because);
  // Of the write before: a missing file is no error.
  void optional() { plan.writes.back().optional = true; }
  // Of the write before: what to write where its file is missing.
  void fallback(std::string file, std::string value);
  // A setting that has no effect here, and is not refused because callers send it to every kind of host.
  void note(std::string pointer, std::string text) { plan.notes.push_back({std::move(pointer), std::move(text)}); }
};

base::Result<void> plan_memory_v1(CgroupWork& work, const oci::Memory& memory);
base::Result<void> plan_memory_v2(CgroupWork& work, const oci::Memory& memory);
void plan_cpu_v1(CgroupWork& work, const oci::Cpu& cpu);
void plan_cpu_v2(CgroupWork& work, const oci::Cpu& cpu);
void plan_block_io_v1(CgroupWork& work, const oci::BlockIo& io);
void plan_block_io_v2(CgroupWork& work, const oci::BlockIo& io);

}  // namespace plan
