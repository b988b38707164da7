#include <math.h>
#include <string.h>

#include "kernels.h"
#include "vector.h"

enum { BLOCK = 512 };  // elements of a register: all of them together stay in the innermost cache

#define BINARY(name, expression)                                                                                \
  VECTORISED static void name(const float *restrict a, const float *restrict b, float *restrict y, int n) {     \
    for (int i = 0; i < n; i++) {                                                                               \
      float p = a[i], q = b[i];                                                                                 \
      y[i] = (expression);                                                                                      \
    }                                                                                                           \
  }
#define UNARY(name, expression)                                                                                 \
  VECTORISED static void name(const float *restrict a, float *restrict y, int n, float alpha, float beta) {     \
    (void)alpha;                                                                                                \
    (void)beta;                                                                                                 \
    for (int i = 0; i < n; i++) {                                                                               \
      float p = a[i];                                                                                           \
      y[i] = (expression);                                                                                      \
    }                                                                                                           \
  }

BINARY(add, p + q)
BINARY(subtract, p - q)
BINARY(multiply, p * q)
BINARY(divide, p / q)
// What is not a number stays so.
BINARY(maximum, p > q || p != p ? p : q)
BINARY(minimum, p < q || p != p ? p : q)
UNARY(linear, alpha * p + beta)
UNARY(clip, (p < alpha ? alpha : p) > beta ? beta : (p < alpha ? alpha : p))
UNARY(leaky, p < 0 ? alpha * p : p)
UNARY(sigmoid, shrink_sigmoidf(p))
UNARY(hyperbolic, shrink_tanhf(p))
UNARY(error, shrink_erff(p))
UNARY(exponential, shrink_expf(p))
UNARY(root, sqrtf(p))
UNARY(absolute, fabsf(p))
UNARY(reciprocal, 1 / p)
UNARY(hardswish, p * shrink_bounded(p * (1.0f / 6) + 0.5f, 0, 1))

static void apply(const shrink_chain_op *op, const float *a, const float *b, float *y, int n) {
  switch (op->code) {
    case SHRINK_ADD: add(a, b, y, n); break;
    case SHRINK_SUBTRACT: subtract(a, b, y, n); break;
    case SHRINK_MULTIPLY: multiply(a, b, y, n); break;
    case SHRINK_DIVIDE: divide(a, b, y, n); break;
    case SHRINK_MAXIMUM: maximum(a, b, y, n); break;
    case SHRINK_MINIMUM: minimum(a, b, y, n); break;
    case SHRINK_LINEAR: linear(a, y, n, op->alpha, op->beta); break;
    case SHRINK_CLIP: clip(a, y, n, op->alpha, op->beta); break;
    case SHRINK_LEAKY: leaky(a, y, n, op->alpha, 0); break;
    case SHRINK_SIGMOID: sigmoid(a, y, n, 0, 0); break;
    case SHRINK_TANH: hyperbolic(a, y, n, 0, 0); break;
    case SHRINK_ERF: error(a, y, n, 0, 0); break;
    case SHRINK_EXP: exponential(a, y, n, 0, 0); break;
    case SHRINK_SQRT: root(a, y, n, 0, 0); break;
    case SHRINK_ABSOLUTE: absolute(a, y, n, 0, 0); break;
    case SHRINK_RECIPROCAL: reciprocal(a, y, n, 0, 0); break;
    case SHRINK_HARDSWISH: hardswish(a, y, n, 0, 0); break;
  }
}

// Copies elements first ..< first + n of an operand as the index space shows them.
static void gather(const shrink_chain *c, const int64_t *strides, const float *x, int64_t first, int n, float *y) {
  int64_t index[SHRINK_CHAIN_RANK], at = 0, rest = first;
  int last = c->rank - 1;
  for (int d = last; d >= 0; d--) {
    index[d] = rest % c->dims[d];
    rest /= c->dims[d];
    at += index[d] * strides[d];
  }
  int done = 0;
  while (done < n) {
    int64_t left = c->dims[last] - index[last];
    int run = left < n - done ? (int)left : n - done;
    const float *from = x + at;
    if (strides[last] == 1) {
      memcpy(y + done, from, (size_t)run * sizeof *y);
    } else if (strides[last] == 0) {
      float value = *from;
      for (int i = 0; i < run; i++) y[done + i] = value;
    } else {
      for (int i = 0; i < run; i++) y[done + i] = from[i * strides[last]];
    }
    done += run;
    at += run * strides[last];
    index[last] += run;
    for (int d = last; d > 0 && index[d] == c->dims[d]; d--) {
      at += strides[d - 1] - index[d] * strides[d];
      index[d] = 0;
      index[d - 1]++;
    }
  }
}

static int is_dense(const shrink_chain *c, const int64_t *strides) {
  int64_t stride = 1;
  for (int d = c->rank - 1; d >= 0; d--) {
    if (c->dims[d] != 1 && strides[d] != stride) return 0;
    stride *= c->dims[d];
  }
  return 1;
}

void shrink_chain_run(const shrink_chain *c, const float *const *inputs, float *const *outputs, int64_t first,
                      int64_t length) {
  _Alignas(64) float registers[SHRINK_CHAIN_REGISTERS][BLOCK];
  const float *held[SHRINK_CHAIN_REGISTERS];
  float *target[SHRINK_CHAIN_REGISTERS];
  int dense[SHRINK_CHAIN_REGISTERS];
  for (int i = 0; i < c->inputs; i++) dense[i] = is_dense(c, c->strides[i]);
  for (int64_t start = first; start < first + length; start += BLOCK) {
    int n = first + length - start < BLOCK ? (int)(first + length - start) : BLOCK;
    for (int r = 0; r < SHRINK_CHAIN_REGISTERS; r++) held[r] = target[r] = registers[r];
    for (int i = 0; i < c->inputs; i++) {
      if (dense[i])
        held[i] = inputs[i] + start;
      else
        gather(c, c->strides[i], inputs[i], start, n, registers[i]);
    }
    for (int o = 0; o < c->outputs; o++) held[c->results[o]] = target[c->results[o]] = outputs[o] + start;
    for (int k = 0; k < c->count; k++) {
      const shrink_chain_op *op = &c->ops[k];
      apply(op, held[op->a], held[op->b], target[op->to], n);
    }
  }
}
