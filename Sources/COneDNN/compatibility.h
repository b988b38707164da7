// What the two files over oneDNN share: the difference between its major versions, and descriptors of windows.
#ifndef SHRINK_ONEDNN_COMPATIBILITY_H
#define SHRINK_ONEDNN_COMPATIBILITY_H

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_version.h>
#include <string.h>

#include "onednn_shim.h"

extern void omp_set_num_threads(int threads);

static inline void use_threads(void) { omp_set_num_threads(shrink_threads()); }

// What differs between the major versions: how descriptors are held, and how primitive descriptors are made.

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t md_box;
typedef const_dnnl_memory_desc_t md_ref;
static inline md_ref md_of(const md_box *box) { return *box; }
static inline void md_free(md_box *box) {
  if (*box) dnnl_memory_desc_destroy(*box);
  *box = NULL;
}
static inline dnnl_status_t md_make(md_box *box, int rank, const dnnl_dim_t *dims, dnnl_format_tag_t tag) {
  return dnnl_memory_desc_create_with_tag(box, rank, dims, dnnl_f32, tag);
}
static inline dnnl_status_t md_strided(md_box *box, int rank, const dnnl_dim_t *dims, const dnnl_dim_t *strides) {
  return dnnl_memory_desc_create_with_strides(box, rank, dims, dnnl_f32, strides);
}
#else
typedef dnnl_memory_desc_t md_box;
typedef const dnnl_memory_desc_t *md_ref;
static inline md_ref md_of(const md_box *box) { return box; }
static inline void md_free(md_box *box) { (void)box; }
static inline dnnl_status_t md_make(md_box *box, int rank, const dnnl_dim_t *dims, dnnl_format_tag_t tag) {
  return dnnl_memory_desc_init_by_tag(box, rank, dims, dnnl_f32, tag);
}
static inline dnnl_status_t md_strided(md_box *box, int rank, const dnnl_dim_t *dims, const dnnl_dim_t *strides) {
  return dnnl_memory_desc_init_by_strides(box, rank, dims, dnnl_f32, strides);
}
#endif

#define TRY(call)                                    \
  do {                                               \
    dnnl_status_t try_status = (call);               \
    if (try_status != dnnl_success) return try_status; \
  } while (0)

static inline dnnl_format_tag_t plain_tag(int rank) {
  static const dnnl_format_tag_t tags[] = {
      dnnl_format_tag_undef, dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde, dnnl_abcdef};
  return tags[rank];
}

static inline int activation_dims(const shrink_window *w, int64_t channels, const int64_t *spatial, dnnl_dim_t *dims) {
  dims[0] = w->batch;
  dims[1] = channels;
  for (int i = 0; i < w->spatial; i++) dims[2 + i] = spatial[i];
  return 2 + w->spatial;
}

static inline int weight_dims(const shrink_window *w, dnnl_dim_t *dims) {
  int rank = 0;
  if (w->groups > 1) dims[rank++] = w->groups;
  dims[rank++] = w->out_channels / w->groups;
  dims[rank++] = w->in_channels / w->groups;
  for (int i = 0; i < w->spatial; i++) dims[rank++] = w->kernel[i];
  return rank;
}

// The window in oneDNN's array type; its dilation 0 is a dense kernel.
typedef struct {
  dnnl_dims_t kernel, strides, dilations, begin, end;
} window_dims;

static inline void window_dims_make(window_dims *d, const shrink_window *w) {
  memset(d, 0, sizeof *d);
  for (int i = 0; i < w->spatial; i++) {
    d->kernel[i] = w->kernel[i];
    d->strides[i] = w->strides[i];
    d->dilations[i] = w->dilations[i] - 1;
    d->begin[i] = w->pads_begin[i];
    d->end[i] = w->pads_end[i];
  }
}

typedef struct {
  md_box x, weights, bias, y;
} conv_layouts;

static inline void conv_layouts_free(conv_layouts *l) {
  md_free(&l->x);
  md_free(&l->weights);
  md_free(&l->bias);
  md_free(&l->y);
}

static inline dnnl_status_t conv_desc(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const shrink_window *w, const conv_layouts *l, int has_bias,
    dnnl_primitive_attr_t attributes) {
  window_dims d;
  window_dims_make(&d, w);
  md_ref bias = has_bias ? md_of(&l->bias) : NULL;
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_convolution_forward_primitive_desc_create(
      out, engine, dnnl_forward_inference, dnnl_convolution_direct, md_of(&l->x), md_of(&l->weights), bias,
      md_of(&l->y), d.strides, d.dilations, d.begin, d.end, attributes);
#else
  dnnl_convolution_desc_t op;
  TRY(dnnl_dilated_convolution_forward_desc_init(
      &op, dnnl_forward_inference, dnnl_convolution_direct, md_of(&l->x), md_of(&l->weights), bias, md_of(&l->y),
      d.strides, d.dilations, d.begin, d.end));
  return dnnl_primitive_desc_create(out, &op, attributes, engine, NULL);
#endif
}

static inline dnnl_status_t pool_desc(
    dnnl_primitive_desc_t *out, dnnl_engine_t engine, const shrink_window *w, shrink_pool_kind kind, md_ref x, md_ref y,
    dnnl_primitive_attr_t attributes) {
  static const dnnl_alg_kind_t algorithms[] = {
      dnnl_pooling_max, dnnl_pooling_avg_include_padding, dnnl_pooling_avg_exclude_padding};
  window_dims d;
  window_dims_make(&d, w);
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_pooling_forward_primitive_desc_create(
      out, engine, dnnl_forward_inference, algorithms[kind], x, y, d.strides, d.kernel, d.dilations, d.begin,
      d.end, attributes);
#else
  dnnl_pooling_v2_desc_t op;
  TRY(dnnl_pooling_v2_forward_desc_init(
      &op, dnnl_forward_inference, algorithms[kind], x, y, d.strides, d.kernel, d.dilations, d.begin, d.end));
  return dnnl_primitive_desc_create(out, &op, attributes, engine, NULL);
#endif
}

#endif
