#include "kernels.h"
#include "vector.h"

VECTORISED void shrink_mean_positions(const float *x, float *y, int64_t positions, int64_t channels) {
  enum { WIDE = 64 };
  float factor = 1.0f / (float)positions;
  for (int64_t c = 0; c < channels; c += WIDE) {
    int n = channels - c < WIDE ? (int)(channels - c) : WIDE;
    float sums[WIDE] = {0};
    if (n == WIDE) {
      for (int64_t p = 0; p < positions; p++)
        for (int i = 0; i < WIDE; i++) sums[i] += x[p * channels + c + i];
    } else {
      for (int64_t p = 0; p < positions; p++)
        for (int i = 0; i < n; i++) sums[i] += x[p * channels + c + i];
    }
    for (int i = 0; i < n; i++) y[c + i] = sums[i] * factor;
  }
}

VECTORISED void shrink_lstm_cell(const float *restrict gates, const float *restrict peepholes, float *restrict cell,
                                 float *restrict state, int64_t rows, int64_t hidden) {
  for (int64_t row = 0; row < rows; row++) {
    const float *i = gates + row * 4 * hidden, *o = i + hidden, *f = o + hidden, *g = f + hidden;
    float *c = cell + row * hidden, *h = state + row * hidden;
    if (peepholes) {
      const float *pi = peepholes, *po = pi + hidden, *pf = po + hidden;
      for (int64_t u = 0; u < hidden; u++) {
        float in = shrink_sigmoidf(i[u] + pi[u] * c[u]);
        float forget = shrink_sigmoidf(f[u] + pf[u] * c[u]);
        c[u] = forget * c[u] + in * shrink_tanhf(g[u]);
        h[u] = shrink_sigmoidf(o[u] + po[u] * c[u]) * shrink_tanhf(c[u]);
      }
    } else {
      for (int64_t u = 0; u < hidden; u++) {
        float in = shrink_sigmoidf(i[u]);
        float forget = shrink_sigmoidf(f[u]);
        c[u] = forget * c[u] + in * shrink_tanhf(g[u]);
        h[u] = shrink_sigmoidf(o[u]) * shrink_tanhf(c[u]);
      }
    }
  }
}
