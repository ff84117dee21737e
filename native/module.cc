// The addon's module: slot table, argument reading, registry, and libtorch's errors as JavaScript errors.
#include "isogloss.h"

#include <algorithm>
#include <cstdio>
#include <unordered_map>

namespace isogloss {

int32_t* scratch = nullptr;

namespace {
std::vector<Tensor> slots;
std::vector<int32_t> free_handles;
std::unordered_map<int32_t, std::string> labels;
int64_t live = 0;

struct Entry { const char* name; Kernel kernel; };
std::vector<Entry>& registry() {
  static std::vector<Entry> entries;
  return entries;
}

napi_value trampoline(napi_env env, napi_callback_info info) {
  Call call;
  call.env = env;
  void* data = nullptr;
  napi_get_cb_info(env, info, &call.count, call.values, nullptr, &data);
  try {
    at::NoGradGuard guard;
    return reinterpret_cast<Kernel>(data)(call);
  } catch (const c10::Error& e) {
    napi_throw_error(env, "TORCH", e.what_without_backtrace());
  } catch (const std::exception& e) {
    napi_throw_error(env, "TORCH", e.what());
  }
  return nullptr;
}

void write_shape(const Tensor& t) {
  auto sizes = t.sizes();
  scratch[0] = static_cast<int32_t>(sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) scratch[1 + i] = static_cast<int32_t>(sizes[i]);
}
}  // namespace

at::ScalarType scalar_type(int code) {
  switch (code) {
    case 0: return at::kFloat;
    case 1: return at::kInt;
    case 2: return at::kBool;
    case 3: return at::kBFloat16;
    case 4: return at::kHalf;
    case 5: return at::kDouble;
    default: TORCH_CHECK(false, "unknown dtype code ", code);
  }
}

int type_code(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return 0;
    case at::kInt: return 1;
    case at::kBool: return 2;
    case at::kBFloat16: return 3;
    case at::kHalf: return 4;
    case at::kDouble: return 5;
    default: return -1;
  }
}

int32_t put(Tensor tensor) {
  ++live;
  if (!free_handles.empty()) {
    int32_t handle = free_handles.back();
    free_handles.pop_back();
    slots[handle] = std::move(tensor);
    return handle;
  }
  slots.push_back(std::move(tensor));
  return static_cast<int32_t>(slots.size() - 1);
}

Tensor& at_slot(int32_t handle) {
  TORCH_CHECK(handle >= 0 && static_cast<size_t>(handle) < slots.size() && slots[handle].defined(),
              "handle ", handle, " is not a live tensor (used after it was freed?)");
  return slots[handle];
}

void free_slot(int32_t handle) {
  at_slot(handle) = Tensor();
  free_handles.push_back(handle);
  if (!labels.empty()) labels.erase(handle);
  --live;
}

const char* type_name(at::ScalarType type) {
  const char* names[] = {"float32", "int32", "bool", "bfloat16", "float16", "float64"};
  int code = type_code(type);
  return code < 0 ? "another type" : names[code];
}

void set_label(int32_t handle, std::string text) {
  at_slot(handle);
  labels[handle] = std::move(text);
}

std::string bytes_text(double bytes) {
  const char* units[] = {"bytes", "kB", "MB", "GB"};
  int unit = 0;
  for (; bytes >= 1000 && unit < 3; ++unit) bytes /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.3g %s", bytes, units[unit]);
  return text;
}

std::string largest_holders(size_t most) {
  struct Holder { size_t bytes; int32_t handle; };
  std::unordered_map<const void*, Holder> by_storage;
  for (size_t i = 0; i < slots.size(); ++i) {
    const Tensor& t = slots[i];
    if (!t.defined() || t.numel() == 0) continue;
    auto handle = static_cast<int32_t>(i);
    auto [at, fresh] = by_storage.try_emplace(t.storage().data(), Holder{t.storage().nbytes(), handle});
    // Views share a storage: the one with a name speaks for all.
    if (!fresh && labels.count(handle)) at->second.handle = handle;
  }
  std::vector<Holder> holders;
  for (auto& [storage, holder] : by_storage) holders.push_back(holder);
  std::sort(holders.begin(), holders.end(), [](const Holder& a, const Holder& b) { return a.bytes > b.bytes; });
  if (holders.size() > most) holders.resize(most);
  std::string text;
  for (const Holder& holder : holders) {
    const Tensor& t = slots[holder.handle];
    auto label = labels.find(holder.handle);
    std::string shape;
    for (int64_t s : t.sizes()) shape += (shape.empty() ? "" : ", ") + std::to_string(s);
    text += (text.empty() ? "" : "; ") + (label == labels.end() ? std::string("a tensor") : label->second) + " [" + shape + "] " +
            type_name(t.scalar_type()) + ", " + bytes_text(static_cast<double>(holder.bytes));
  }
  return text;
}

int64_t live_slots() { return live; }

std::vector<int64_t> shape_in_scratch(int offset) {
  return std::vector<int64_t>(scratch + offset + 1, scratch + offset + 1 + scratch[offset]);
}

int32_t Call::integer(int k) const {
  int32_t x = 0;
  TORCH_CHECK(napi_get_value_int32(env, values[k], &x) == napi_ok, "argument ", k, " is not a number");
  return x;
}

double Call::number(int k) const {
  double x = 0;
  TORCH_CHECK(napi_get_value_double(env, values[k], &x) == napi_ok, "argument ", k, " is not a number");
  return x;
}

std::string Call::text(int k) const {
  size_t length = 0;
  TORCH_CHECK(napi_get_value_string_utf8(env, values[k], nullptr, 0, &length) == napi_ok, "argument ", k, " is not a string");
  std::string s(length, '\0');
  napi_get_value_string_utf8(env, values[k], s.data(), length + 1, &length);
  return s;
}

Call::Bytes Call::bytes(int k) const {
  Bytes b{};
  size_t offset = 0;
  napi_value buffer;
  TORCH_CHECK(napi_get_typedarray_info(env, values[k], &b.type, &b.length, &b.data, &buffer, &offset) == napi_ok,
              "argument ", k, " is not a typed array");
  return b;
}

napi_value Call::result(Tensor tensor) const {
  write_shape(tensor);
  return value(put(std::move(tensor)));
}

napi_value Call::results(std::initializer_list<Tensor> tensors) const {
  int i = RESULTS;
  for (const Tensor& t : tensors) scratch[i++] = t.defined() ? put(t) : -1;
  return nullptr;
}

napi_value Call::value(double x) const {
  napi_value v;
  napi_create_double(env, x, &v);
  return v;
}

napi_value Call::value(const std::string& x) const {
  napi_value v;
  napi_create_string_utf8(env, x.data(), x.size(), &v);
  return v;
}

Register::Register(const char* name, Kernel kernel) { registry().push_back({name, kernel}); }

// init(Int32Array): the scratch array both sides write shapes and handles to.
KERNEL(init) {
  auto bytes = call.bytes(0);
  TORCH_CHECK(bytes.type == napi_int32_array && bytes.length >= SCRATCH_LENGTH, "init: scratch array too short");
  napi_ref keep;
  napi_create_reference(call.env, call.values[0], 1, &keep);
  scratch = static_cast<int32_t*>(bytes.data);
  slots.reserve(1 << 16);
  return call.nothing();
}

}  // namespace isogloss

NAPI_MODULE_INIT(/* env, exports */) {
  // Tensors live in one table for the process: a second environment (a worker thread) would share it unlocked.
  static bool loaded = false;
  if (loaded) {
    napi_throw_error(env, "TORCH", "isogloss' native addon can be loaded once in a process, not again in a worker thread");
    return nullptr;
  }
  loaded = true;
  for (const auto& entry : isogloss::registry()) {
    napi_value fn;
    napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, isogloss::trampoline, reinterpret_cast<void*>(entry.kernel), &fn);
    napi_set_named_property(env, exports, entry.name, fn);
  }
  return exports;
}
