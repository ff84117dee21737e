// e^x for floats as plain arithmetic, so that loops around it vectorise on any CPU. Cody-Waite reduction with the
// Cephes expf polynomial: relative error below 2e-7; saturates instead of overflowing; e^-inf and e^(x < -87) give 0.
// Included inside a namespace, in each file whose VECTOR_CLONES functions use it (it must be inlined to be cloned).
inline __attribute__((always_inline)) float fast_exp(float x) {
  float clamped = x > 88.f ? 88.f : x < -87.f ? -87.f : x;
  float k = __builtin_floorf(clamped * 1.44269504088896341f + 0.5f);
  float r = clamped - k * 0.693359375f + k * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.f;
  union { int32_t i; float f; } power;
  power.i = (static_cast<int32_t>(k) + 127) << 23;
  float y = p * power.f;
  return x < -87.f ? 0.f : y;
}

// The largest of `first` and x, which softmax subtracts. Vectorised only where NaN need not be one's care: it may be passed
// over here, the sum of exponentials has it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"), optimize("O3", "fast-math")))
#endif
float largest(const float* x, int64_t n, float first) {
  float top = first;
  for (int64_t j = 0; j < n; ++j) top = x[j] > top ? x[j] : top;
  return top;
}
