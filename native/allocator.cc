// The CPU allocator: exact current and peak bytes, and blocks kept for the next step.
//
// Tensors past glibc's mmap threshold would be mapped and page-faulted anew at every operation, which costs a training
// step 20-40 %. Blocks are kept by size class (an eighth of an octave); kept and used blocks together stay within the peak
// of use plus a constant, so that batches of ever new lengths do not pile up.
#include "isogloss.h"

#include <c10/core/CPUAllocator.h>
#include <torch/version.h>
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 10
#define DEVICE_STATISTICS
#include <c10/core/CachingDeviceAllocator.h>
#endif
#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <unordered_map>

namespace isogloss {
namespace {

constexpr size_t kAlign = 64;             // a cache line, and what AVX-512 loads like
constexpr size_t kMapped = 1 << 20;       // from here on blocks are mapped, and given back whole
constexpr size_t kSlack = size_t{256} << 20;  // kept beyond the peak, so that resident memory is the peak plus this

struct Header { size_t block; size_t requested; size_t pad[6]; };
static_assert(sizeof(Header) == kAlign);

std::mutex mutex;
std::unordered_map<size_t, std::vector<Header*>> kept;
size_t kept_bytes = 0;
std::atomic<int64_t> current{0}, peak{0};
int64_t limit = 0;  // bytes; 0 = none

size_t size_class(size_t n) {
  n += sizeof(Header);
  if (n < 4096) return (n + kAlign - 1) / kAlign * kAlign;
  size_t step = (size_t{1} << (63 - __builtin_clzll(n))) / 8;
  return (n + step - 1) / step * step;
}

Header* map_block(size_t size) {
  void* p;
  if (size >= kMapped) {
    p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return nullptr;
#ifdef MADV_HUGEPAGE
    if (size >= (size_t{4} << 20)) madvise(p, size, MADV_HUGEPAGE);
#endif
  } else {
    p = std::aligned_alloc(kAlign, size);
  }
  return static_cast<Header*>(p);
}

void unmap_block(Header* h) {
  if (h->block >= kMapped) munmap(h, h->block);
  else std::free(h);
}

// Gives back kept blocks, the largest first, until at most `most` bytes are kept.
void trim(size_t most) {
  if (kept_bytes <= most) return;
  std::map<size_t, std::vector<Header*>*, std::greater<>> by_size;
  for (auto& [size, list] : kept) if (size >= kMapped) by_size[size] = &list;
  for (auto& [size, list] : by_size)
    while (!list->empty() && kept_bytes > most) {
      unmap_block(list->back());
      list->pop_back();
      kept_bytes -= size;
    }
}

void release(void* p) {
  if (p == nullptr) return;
  auto* h = reinterpret_cast<Header*>(static_cast<char*>(p) - sizeof(Header));
  int64_t now = current -= static_cast<int64_t>(h->requested);
  std::lock_guard<std::mutex> guard(mutex);
  kept[h->block].push_back(h);
  kept_bytes += h->block;
  trim(kSlack + static_cast<size_t>(peak - now));
}

// Throws; nothing may be allocated through this allocator on the way.
[[noreturn]] void fail(size_t n, const std::string& why) {
  TORCH_CHECK(false, "out of memory: ", bytes_text(static_cast<double>(n)), " more ", why, "; ", bytes_text(static_cast<double>(current)),
              " are in use. The largest: ", largest_holders(6));
  std::abort();  // not reached: TORCH_CHECK has thrown
}

struct CachingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t n) override {
    size_t block = size_class(n);
    Header* h = nullptr;
    {
      std::lock_guard<std::mutex> guard(mutex);
      auto& list = kept[block];
      if (!list.empty()) {
        h = list.back();
        list.pop_back();
        kept_bytes -= block;
      }
    }
    int64_t now = current += static_cast<int64_t>(n);
    if (limit > 0 && now > limit) {
      current -= static_cast<int64_t>(n);
      if (h != nullptr) { std::lock_guard<std::mutex> guard(mutex); kept[block].push_back(h); kept_bytes += block; }
      fail(n, "would pass the limit of " + bytes_text(static_cast<double>(limit)));
    }
    if (h == nullptr) h = map_block(block);
    if (h == nullptr) {
      std::lock_guard<std::mutex> guard(mutex);
      trim(0);
      h = map_block(block);
    }
    if (h == nullptr) {
      current -= static_cast<int64_t>(n);
      fail(n, "are not to be had from the system");
    }
    h->block = block;
    h->requested = n;
    int64_t seen = peak;
    while (now > seen && !peak.compare_exchange_weak(seen, now)) {}
    void* p = reinterpret_cast<char*>(h) + sizeof(Header);
    return {p, p, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t n) const override { default_copy_data(to, from, n); }
};

CachingAllocator allocator;
[[maybe_unused]] const bool installed = [] { c10::SetCPUAllocator(&allocator, 1); return true; }();

}  // namespace

// memory(Float64Array): bytes in use on the device, their peak, bytes the CPU's allocator keeps for reuse, live tensors.
KERNEL(memory) {
  auto out = call.bytes(0);
  auto* values = static_cast<double*>(out.data);
  std::lock_guard<std::mutex> guard(mutex);
  values[0] = static_cast<double>(current);
  values[1] = static_cast<double>(peak);
  values[2] = static_cast<double>(kept_bytes);
  values[3] = static_cast<double>(live_slots());
#ifdef DEVICE_STATISTICS
  if (!device().is_cpu()) {
    // The first of the statistics is that of all pools together.
    auto bytes = c10::getDeviceAllocator(device().type())->getDeviceStats(device().index()).allocated_bytes[0];
    values[0] = static_cast<double>(bytes.current);
    values[1] = static_cast<double>(bytes.peak);
  }
#endif
  return call.nothing();
}

// resetPeak(): the peak starts again from what is in use now.
KERNEL(resetPeak) { peak = current.load(); return call.nothing(); }

// memoryLimit(bytes): allocations past it throw; 0 lifts it.
KERNEL(memoryLimit) { limit = static_cast<int64_t>(call.number(0)); return call.nothing(); }

// releaseCache(): gives every kept block back to the system.
KERNEL(releaseCache) { std::lock_guard<std::mutex> guard(mutex); trim(0); return call.nothing(); }

}  // namespace isogloss
