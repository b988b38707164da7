// A small C interface over oneDNN (Debian: libdnnl-dev) that hides what differs between oneDNN 2.x and 3.x.
// Everything is float32 on the CPU; tensors at this boundary are plain: N C (D) (H) W, weights O I (D) (H) W.
// Functions return 0, or the dnnl_status_t of the call that failed. An object may serve one caller at a time.
#ifndef SHRINK_ONEDNN_SHIM_H
#define SHRINK_ONEDNN_SHIM_H

#include <stddef.h>
#include <stdint.h>

enum { SHRINK_MAX_SPATIAL = 3 };

// Geometry shared by convolution and pooling; only the first `spatial` entries of each array are read.
typedef struct {
  int spatial;
  int64_t batch, in_channels, out_channels, groups;
  int64_t in[SHRINK_MAX_SPATIAL], out[SHRINK_MAX_SPATIAL], kernel[SHRINK_MAX_SPATIAL];
  int64_t strides[SHRINK_MAX_SPATIAL], dilations[SHRINK_MAX_SPATIAL];  // dilation 1: a dense kernel
  int64_t pads_begin[SHRINK_MAX_SPATIAL], pads_end[SHRINK_MAX_SPATIAL];
} shrink_window;

// The number of threads of every function below, of any caller; until it is set: the processors of the machine.
// OpenMP keeps this number per calling thread, so each function hands it over anew.
void shrink_set_threads(int threads);
int shrink_threads(void);
// Between enter and leave the calling thread is itself one of several workers: shrink_threads() is 1 for it.
// Returns what leave takes back.
int shrink_worker_enter(void);
void shrink_worker_leave(int previous);

// Calls body(context, thread) once for each thread in 0 ..< threads at the same time, in the pool that oneDNN uses too,
// and returns when all are done.
void shrink_parallel(int threads, void (*body)(void *context, int thread), void *context);

// Row-major C (m x n) = alpha op(A) op(B) + beta C.
int shrink_sgemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                 int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

// One primitive compiled for one shape, with the buffers that it needs.
typedef struct shrink_kernel shrink_kernel;

// plain != 0 keeps activations and weights in their plain layouts; 0 lets oneDNN choose and reorders at both ends.
int shrink_conv_create(const shrink_window *window, int has_bias, int plain, shrink_kernel **out);
// Takes the weights into the layout of the primitive. A plain primitive keeps the pointer: it must outlive the runs.
int shrink_conv_set_weights(shrink_kernel *kernel, const float *weights);
int shrink_conv_run(shrink_kernel *kernel, const float *x, const float *bias, float *y);

typedef enum { SHRINK_POOL_MAX, SHRINK_POOL_AVERAGE_INCLUDE_PAD, SHRINK_POOL_AVERAGE_EXCLUDE_PAD } shrink_pool_kind;
int shrink_pool_create(const shrink_window *window, shrink_pool_kind kind, shrink_kernel **out);
int shrink_pool_run(shrink_kernel *kernel, const float *x, float *y);

// oneDNN's name of the implementation chosen; lives as long as the kernel.
const char *shrink_kernel_name(const shrink_kernel *kernel);
void shrink_kernel_destroy(shrink_kernel *kernel);

#endif
