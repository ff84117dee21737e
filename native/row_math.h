// Loops over one row that several kernels share. Included inside a namespace, like fast_exp.h: each file has its own
// clones of them for the x86 levels.

VECTOR_CLONES float dot(const float* a, const float* b, int64_t n) {
  float sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += a[j] * b[j];
  return sum;
}

// Gradient of RMSNorm over a row: dx = r (g - xhat mean(g xhat)) with g = dy (1 + w), xhat = x r; dw += dy xhat.
VECTOR_CLONES void norm_backward_row(const float* dy, const float* x, const float* w, float r, float* dx, float* dw, int64_t d) {
  float dot = 0;
  for (int64_t j = 0; j < d; ++j) dot += dy[j] * (1.f + w[j]) * x[j];
  float c = dot * r * r / static_cast<float>(d);
  for (int64_t j = 0; j < d; ++j) {
    dw[j] += dy[j] * x[j] * r;
    dx[j] = r * (dy[j] * (1.f + w[j]) - c * x[j]);
  }
}
