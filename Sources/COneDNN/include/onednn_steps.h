// Prepared steps of a network over oneDNN: a primitive for one shape, with its weights packed and what follows it fused.
// Activations of convolutions and poolings are float32 in channels-last layout: N (D) (H) W C. Functions return 0, or the
// dnnl_status_t of the call that failed. A step may serve one caller at a time.
#ifndef SHRINK_ONEDNN_STEPS_H
#define SHRINK_ONEDNN_STEPS_H

#include "onednn_shim.h"

enum { SHRINK_MAX_RANK = 6, SHRINK_MAX_POSTS = 8 };

typedef struct shrink_step shrink_step;

// What happens to each element of the result before it is stored.
typedef enum {
  SHRINK_POST_RELU,       // x > 0 ? x : alpha x
  SHRINK_POST_CLIP,       // min(max(x, alpha), beta)
  SHRINK_POST_LINEAR,     // alpha x + beta
  SHRINK_POST_LOGISTIC,   // 1 / (1 + exp(-x))
  SHRINK_POST_TANH,
  SHRINK_POST_HARDSWISH,  // x min(max(x + 3, 0), 6) / 6
  SHRINK_POST_SWISH,      // x / (1 + exp(-alpha x))
  SHRINK_POST_GELU_ERF,   // x (1 + erf(x / sqrt 2)) / 2
  SHRINK_POST_ADD,        // x + operand
  SHRINK_POST_MULTIPLY,   // x operand
} shrink_post_kind;

// Operands of ADD and MULTIPLY have the rank of the result; an axis of length 1 repeats.
typedef struct {
  shrink_post_kind kind;
  float alpha, beta;
  int64_t dims[SHRINK_MAX_RANK], strides[SHRINK_MAX_RANK];
} shrink_post;

// A tensor by lengths and strides, in elements.
typedef struct {
  int rank;
  int64_t dims[SHRINK_MAX_RANK], strides[SHRINK_MAX_RANK];
} shrink_layout;

// Ports: x, y, then the operands of the posts. `weights` O I / groups (D) (H) W and `bias` (may be NULL) are copied.
int shrink_step_conv(const shrink_window *window, const float *weights, const float *bias, const shrink_post *posts,
                     int count, shrink_step **out);
// Ports: x, y.
int shrink_step_pool(const shrink_window *window, shrink_pool_kind kind, shrink_step **out);
// C = A B + bias. Ports: A, B unless it is `constant`, C, then the operands of the posts. A constant B (laid out as `b`
// says) and the bias of N elements (may be NULL) are copied.
int shrink_step_matmul(const shrink_layout *a, const shrink_layout *b, const shrink_layout *c, const float *constant,
                       const float *bias, const shrink_post *posts, int count, shrink_step **out);
// Softmax of each of `rows` rows of n elements. Ports: x, y.
int shrink_step_softmax(int64_t rows, int64_t n, shrink_step **out);
// (x - mean) / sqrt(variance + epsilon) * scale + shift, row by row; scale and shift are copied. Ports: x, y.
int shrink_step_layer_norm(int64_t rows, int64_t n, float epsilon, const float *scale, const float *shift,
                           shrink_step **out);
// Copies 32-bit elements into another layout. Ports: x, y.
int shrink_step_reorder(const shrink_layout *from, const shrink_layout *to, shrink_step **out);

// Bytes of scratch memory that a run needs, 64-byte aligned.
size_t shrink_step_scratch(const shrink_step *step);
// Bytes of packed weights that the step holds.
size_t shrink_step_held(const shrink_step *step);
int shrink_step_run(shrink_step *step, void *const *ports, void *scratch);
// oneDNN's name of the implementation chosen; lives as long as the step.
const char *shrink_step_name(const shrink_step *step);
void shrink_step_destroy(shrink_step *step);

#endif
