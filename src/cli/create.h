// The part of create and run that makes a container, up to the point where its program may start.
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"
#include "cli/args.h"
#include "cli/prepare.h"
#include "container/record.h"
#include "container/state_dir.h"
#include "launch/launch.h"

namespace cli {

// A container that is recorded. With a gate it is set up, and its init waits; without one, init will start the program as
// soon as all is set up. Until keep() is called, the destructor undoes it all.
class Made {
 public:
  Made(container::StateRoot root, container::ContainerDir dir, launch::Launched launched, Prepared prepared,
       container::Record record, const base::Log& log);
  Made(Made&& other) noexcept;
  Made& operator=(Made&&) = delete;
  Made(const Made&) = delete;
  ~Made();

  launch::Launched& launched() { return launched_; }
  const Prepared& prepared() const { return prepared_; }
  const plan::LaunchPlan& plan() const { return prepared_.plan; }
  const harden::Hardened& hardened() const { return prepared_.outcome.hardened; }
  const container::Record& record() const { return record_; }
  const container::StateRoot& root() const { return root_; }
  const container::ContainerDir& dir() const { return dir_; }
  void keep();

 private:
  const base::Log* log_;
  container::StateRoot root_;
  container::ContainerDir dir_;
  launch::Launched launched_;
  Prepared prepared_;
  container::Record record_;
  bool armed_ = true;
};

base::Result<Made> make_container(const GlobalArgs& global, const CreateArgs& args, bool gate, const base::Log& log,
                                  const Substitute* substitute = nullptr);

// The pid file, and all there is to warn of. Not before init is ready (create) or the program runs (run): an error is told
// alone.
base::Result<void> announce(Made& made, const CreateArgs& args, const base::Log& log);

// Decimal, without a new line, complete from the moment the name is there.
base::Result<void> write_pid_file(const std::string& path, pid_t pid);

}  // namespace cli
