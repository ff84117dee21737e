// What the process runs on: threads, versions, and how libtorch was built.
#include "isogloss.h"

#include <ATen/Version.h>
#include <ATen/native/DispatchStub.h>

#include <cstdlib>

namespace isogloss {

// setThreads(n) -> threads in use. Set explicitly: launchers and containers leave libtorch at 1 or at the host's count.
KERNEL(setThreads) { at::set_num_threads(call.integer(0)); return call.value(static_cast<double>(at::get_num_threads())); }
KERNEL(buildConfig) { return call.value(at::show_config() + "\n" + at::get_parallel_info()); }
KERNEL(cpuCapability) { return call.value(at::get_cpu_capability()); }

}  // namespace isogloss
