// Loops over float32 that no library has in this form: chains of element-wise functions in one sweep, the cell of an LSTM,
// means over positions. Compiled for the vector units of several generations of processors; the right one is taken at
// run time.
#ifndef SHRINK_KERNELS_H
#define SHRINK_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { SHRINK_CHAIN_RANK = 6, SHRINK_CHAIN_REGISTERS = 24 };

typedef enum {
  SHRINK_ADD, SHRINK_SUBTRACT, SHRINK_MULTIPLY, SHRINK_DIVIDE, SHRINK_MAXIMUM, SHRINK_MINIMUM,
  SHRINK_LINEAR,        // alpha a + beta
  SHRINK_CLIP,          // min(max(a, alpha), beta)
  SHRINK_LEAKY,         // a < 0 ? alpha a : a
  SHRINK_SIGMOID, SHRINK_TANH, SHRINK_ERF, SHRINK_EXP, SHRINK_SQRT, SHRINK_ABSOLUTE, SHRINK_RECIPROCAL,
  SHRINK_HARDSWISH,     // a min(max(a / 6 + 1 / 2, 0), 1)
} shrink_chain_code;

// One instruction: register `to` = function of registers `a` and (binary ones) `b`.
typedef struct {
  shrink_chain_code code;
  int to, a, b;
  float alpha, beta;
} shrink_chain_op;

// A program over the elements of a row-major index space. Registers 0 ..< inputs hold the operands, element by element;
// an operand repeats along axes whose stride is 0. Results are dense.
typedef struct {
  int rank, inputs, count, outputs;
  int64_t dims[SHRINK_CHAIN_RANK];
  int64_t strides[SHRINK_CHAIN_REGISTERS][SHRINK_CHAIN_RANK];  // in elements, for each operand
  const shrink_chain_op *ops;
  int results[SHRINK_CHAIN_REGISTERS];  // register of each result
} shrink_chain;

// Computes the elements from `first` up to `first + length`; different ranges may run at the same time.
void shrink_chain_run(const shrink_chain *chain, const float *const *inputs, float *const *outputs, int64_t first,
                      int64_t length);

// y[c] = mean over `positions` of x[position][c]; `channels` in a row.
void shrink_mean_positions(const float *x, float *y, int64_t positions, int64_t channels);

// One step of an LSTM for `rows` rows of `hidden` units: `gates` holds for each row input, output, forget and cell gates
// side by side (ONNX's order i o f c) before their functions; `cell` is read and written, `state` written. `peepholes`
// (i o f, may be NULL) as in the ONNX operator LSTM.
void shrink_lstm_cell(const float *gates, const float *peepholes, float *cell, float *state, int64_t rows,
                      int64_t hidden);

#endif
