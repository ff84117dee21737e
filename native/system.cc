// What the process runs on: the device, threads, and how libtorch was built.
#include "isogloss.h"

#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/native/DispatchStub.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace isogloss {
namespace {
at::Device current_device(at::kCPU);

int count_devices(at::DeviceType type) {
  return type == at::kCUDA && at::globalContext().hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
}
}  // namespace

at::Device device() { return current_device; }

// setDevice("cpu" | "cuda" | "cuda:N"): where tensors are made from now on. Throws when there is no such device. GPUs are
// reached through ATen and c10 alone, so that a CUDA build of libtorch needs no CUDA toolkit to compile against.
KERNEL(setDevice) {
  at::Device wanted(call.text(0));
  if (wanted.is_cuda()) {
    int count = count_devices(wanted.type());
    if (!wanted.has_index()) wanted.set_index(0);
    TORCH_CHECK(count > 0, "there is no CUDA device that this libtorch can use");
    TORCH_CHECK(wanted.index() < count, "there is no ", wanted.str(), ": ", count, count == 1 ? " device is" : " devices are", " there");
    c10::impl::VirtualGuardImpl(wanted.type()).setDevice(wanted);
  } else {
    TORCH_CHECK(wanted.is_cpu(), "tensors are kept on the CPU or on a CUDA device, not on ", wanted.str());
  }
  current_device = wanted;
  return call.nothing();
}

// deviceCount(): CUDA devices that this libtorch can use.
KERNEL(deviceCount) { return call.value(static_cast<double>(count_devices(at::kCUDA))); }

// synchronize(): waits until the device has done what it was given.
KERNEL(synchronize) {
  if (!current_device.is_cpu()) c10::impl::VirtualGuardImpl(current_device.type()).synchronizeDevice(current_device.index());
  return call.nothing();
}

// setThreads(n) -> threads in use. Set explicitly: launchers and containers leave libtorch at 1 or at the host's count.
KERNEL(setThreads) { at::set_num_threads(call.integer(0)); return call.value(static_cast<double>(at::get_num_threads())); }
KERNEL(buildConfig) { return call.value(at::show_config() + "\n" + at::get_parallel_info()); }
KERNEL(cpuCapability) { return call.value(at::get_cpu_capability()); }

}  // namespace isogloss
