#include "onednn_shim.h"

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_version.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void omp_set_num_threads(int threads);

static atomic_int wanted_threads;
static _Thread_local int inside_worker;

void shrink_set_threads(int threads) { atomic_store(&wanted_threads, threads); }

int shrink_threads(void) {
  if (inside_worker) return 1;
  int threads = atomic_load(&wanted_threads);
  if (threads > 0) return threads;
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  return processors > 0 ? (int)processors : 1;
}

int shrink_worker_enter(void) {
  int previous = inside_worker;
  inside_worker = 1;
  return previous;
}

void shrink_worker_leave(int previous) { inside_worker = previous; }

static void use_threads(void) { omp_set_num_threads(shrink_threads()); }

// What differs between the major versions: how descriptors are held, and how primitive descriptors are made.

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t md_box;
typedef const_dnnl_memory_desc_t md_ref;
static md_ref md_of(const md_box *box) { return *box; }
static void md_free(md_box *box) {
  if (*box) dnnl_memory_desc_destroy(*box);
  *box = NULL;
}
static dnnl_status_t md_make(md_box *box, int rank, const dnnl_dim_t *dims, dnnl_format_tag_t tag) {
  return dnnl_memory_desc_create_with_tag(box, rank, dims, dnnl_f32, tag);
}
#else
typedef dnnl_memory_desc_t md_box;
typedef const dnnl_memory_desc_t *md_ref;
static md_ref md_of(const md_box *box) { return box; }
static void md_free(md_box *box) { (void)box; }
static dnnl_status_t md_make(md_box *box, int rank, const dnnl_dim_t *dims, dnnl_format_tag_t tag) {
  return dnnl_memory_desc_init_by_tag(box, rank, dims, dnnl_f32, tag);
}
#endif

#define TRY(call)                                    \
  do {                                               \
    dnnl_status_t try_status = (call);               \
    if (try_status != dnnl_success) return try_status; \
  } while (0)


// A tensor as the caller holds it (`user`) and as the primitive wants it (`own`, with `convert` between them).
// When both layouts agree there is one memory and no conversion. `own` has memory of its own when `bytes` is 0, else
// it borrows that much for each run.
typedef struct {
  dnnl_memory_t user, own;
  dnnl_primitive_t convert;
  size_t bytes;
} port;

struct shrink_kernel {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive;
  dnnl_memory_t bias, scratch;
  size_t scratch_bytes;
  port x, weights, y;
};

static dnnl_format_tag_t plain_tag(int rank) {
  static const dnnl_format_tag_t tags[] = {
      dnnl_format_tag_undef, dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde, dnnl_abcdef};
  return tags[rank];
}

static void port_free(port *p) {
  if (p->convert) dnnl_primitive_destroy(p->convert);
  if (p->own) dnnl_memory_destroy(p->own);
  if (p->user) dnnl_memory_destroy(p->user);
}

void shrink_kernel_destroy(shrink_kernel *k) {
  if (!k) return;
  port_free(&k->x);
  port_free(&k->weights);
  port_free(&k->y);
  if (k->bias) dnnl_memory_destroy(k->bias);
  if (k->scratch) dnnl_memory_destroy(k->scratch);
  if (k->primitive) dnnl_primitive_destroy(k->primitive);
  if (k->desc) dnnl_primitive_desc_destroy(k->desc);
  if (k->stream) dnnl_stream_destroy(k->stream);
  if (k->engine) dnnl_engine_destroy(k->engine);
  free(k);
}

const char *shrink_kernel_name(const shrink_kernel *k) {
  const char *name = "";
  dnnl_primitive_desc_query(k->desc, dnnl_query_impl_info_str, 0, (void *)&name);
  return name;
}

static dnnl_status_t port_make(port *p, dnnl_engine_t engine, md_ref user, md_ref own, int inwards, int borrow) {
  TRY(dnnl_memory_create(&p->user, user, engine, DNNL_MEMORY_NONE));
  if (dnnl_memory_desc_equal(user, own)) return dnnl_success;
  TRY(dnnl_memory_create(&p->own, own, engine, borrow ? DNNL_MEMORY_NONE : DNNL_MEMORY_ALLOCATE));
  p->bytes = borrow ? dnnl_memory_desc_get_size(own) : 0;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t desc = NULL;
  dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
  if (status == dnnl_success)
    status = dnnl_reorder_primitive_desc_create(
        &desc, inwards ? user : own, engine, inwards ? own : user, engine, attributes);
  if (status == dnnl_success) status = dnnl_primitive_create(&p->convert, desc);
  if (desc) dnnl_primitive_desc_destroy(desc);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  return status;
}

static dnnl_memory_t port_inner(const port *p) { return p->own ? p->own : p->user; }

static dnnl_status_t port_convert(const port *p, dnnl_stream_t stream, int inwards) {
  if (!p->convert) return dnnl_success;
  dnnl_exec_arg_t args[] = {
      {DNNL_ARG_FROM, inwards ? p->user : p->own}, {DNNL_ARG_TO, inwards ? p->own : p->user}};
  return dnnl_primitive_execute(p->convert, stream, 2, args);
}

// The scratchpad is ours: the library's own one belongs to the thread that created the primitive.
static dnnl_status_t attributes_make(dnnl_primitive_attr_t *out) {
  TRY(dnnl_primitive_attr_create(out));
  return dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user);
}

static dnnl_status_t kernel_start(shrink_kernel *k) {
  TRY(dnnl_engine_create(&k->engine, dnnl_cpu, 0));
  return dnnl_stream_create(&k->stream, k->engine, dnnl_stream_default_flags);
}

static dnnl_status_t kernel_finish(shrink_kernel *k) {
  TRY(dnnl_primitive_create(&k->primitive, k->desc));
  md_ref scratch = dnnl_primitive_desc_query_md(k->desc, dnnl_query_scratchpad_md, 0);
  k->scratch_bytes = dnnl_memory_desc_get_size(scratch);
  return dnnl_memory_create(&k->scratch, scratch, k->engine, DNNL_MEMORY_NONE);
}

static size_t rounded(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

// Memory for one run: a network of many kernels needs it only once, and malloc hands out the same warm block again.
static dnnl_status_t borrow(shrink_kernel *k, char **block) {
  size_t bytes = rounded(k->x.bytes) + rounded(k->y.bytes) + rounded(k->scratch_bytes);
  *block = aligned_alloc(64, bytes ? bytes : 64);
  if (!*block) return dnnl_out_of_memory;
  char *at = *block;
  if (k->x.bytes) TRY(dnnl_memory_set_data_handle(k->x.own, at));
  at += rounded(k->x.bytes);
  if (k->y.bytes) TRY(dnnl_memory_set_data_handle(k->y.own, at));
  at += rounded(k->y.bytes);
  return k->scratch_bytes ? dnnl_memory_set_data_handle(k->scratch, at) : dnnl_success;
}

static int activation_dims(const shrink_window *w, int64_t channels, const int64_t *spatial, dnnl_dim_t *dims) {
  dims[0] = w->batch;
  dims[1] = channels;
  for (int i = 0; i < w->spatial; i++) dims[2 + i] = spatial[i];
  return 2 + w->spatial;
}

static int weight_dims(const shrink_window *w, dnnl_dim_t *dims) {
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

static void window_dims_make(window_dims *d, const shrink_window *w) {
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

static void conv_layouts_free(conv_layouts *l) {
  md_free(&l->x);
  md_free(&l->weights);
  md_free(&l->bias);
  md_free(&l->y);
}

static dnnl_status_t conv_layouts_make(conv_layouts *l, const shrink_window *w, int plain) {
  dnnl_dims_t dims;
  int rank = activation_dims(w, w->in_channels, w->in, dims);
  TRY(md_make(&l->x, rank, dims, plain ? plain_tag(rank) : dnnl_format_tag_any));
  rank = activation_dims(w, w->out_channels, w->out, dims);
  TRY(md_make(&l->y, rank, dims, plain ? plain_tag(rank) : dnnl_format_tag_any));
  rank = weight_dims(w, dims);
  TRY(md_make(&l->weights, rank, dims, plain ? plain_tag(rank) : dnnl_format_tag_any));
  dims[0] = w->out_channels;
  return md_make(&l->bias, 1, dims, dnnl_a);
}

static dnnl_status_t conv_desc(
    shrink_kernel *k, const shrink_window *w, const conv_layouts *l, int has_bias, dnnl_primitive_attr_t attributes) {
  window_dims d;
  window_dims_make(&d, w);
  md_ref bias = has_bias ? md_of(&l->bias) : NULL;
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_convolution_forward_primitive_desc_create(
      &k->desc, k->engine, dnnl_forward_inference, dnnl_convolution_direct, md_of(&l->x), md_of(&l->weights), bias,
      md_of(&l->y), d.strides, d.dilations, d.begin, d.end, attributes);
#else
  dnnl_convolution_desc_t op;
  TRY(dnnl_dilated_convolution_forward_desc_init(
      &op, dnnl_forward_inference, dnnl_convolution_direct, md_of(&l->x), md_of(&l->weights), bias, md_of(&l->y),
      d.strides, d.dilations, d.begin, d.end));
  return dnnl_primitive_desc_create(&k->desc, &op, attributes, k->engine, NULL);
#endif
}

static dnnl_status_t conv_ports(shrink_kernel *k, const conv_layouts *plain, int has_bias) {
  TRY(port_make(&k->x, k->engine, md_of(&plain->x), dnnl_primitive_desc_query_md(k->desc, dnnl_query_src_md, 0), 1, 1));
  TRY(port_make(
      &k->weights, k->engine, md_of(&plain->weights), dnnl_primitive_desc_query_md(k->desc, dnnl_query_weights_md, 0),
      1, 0));
  TRY(port_make(&k->y, k->engine, md_of(&plain->y), dnnl_primitive_desc_query_md(k->desc, dnnl_query_dst_md, 0), 0, 1));
  if (!has_bias) return dnnl_success;
  return dnnl_memory_create(&k->bias, md_of(&plain->bias), k->engine, DNNL_MEMORY_NONE);
}

int shrink_conv_create(const shrink_window *w, int has_bias, int plain, shrink_kernel **out) {
  *out = NULL;
  use_threads();
  if (w->spatial < 1 || w->spatial > SHRINK_MAX_SPATIAL || w->groups < 1) return dnnl_invalid_arguments;
  shrink_kernel *k = calloc(1, sizeof *k);
  if (!k) return dnnl_out_of_memory;
  conv_layouts user, wanted;
  memset(&user, 0, sizeof user);
  memset(&wanted, 0, sizeof wanted);
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status = kernel_start(k);
  if (status == dnnl_success) status = attributes_make(&attributes);
  if (status == dnnl_success) status = conv_layouts_make(&user, w, 1);
  if (status == dnnl_success) status = conv_layouts_make(&wanted, w, plain);
  if (status == dnnl_success) status = conv_desc(k, w, &wanted, has_bias, attributes);
  if (status == dnnl_success) status = conv_ports(k, &user, has_bias);
  if (status == dnnl_success) status = kernel_finish(k);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  conv_layouts_free(&user);
  conv_layouts_free(&wanted);
  if (status == dnnl_success)
    *out = k;
  else
    shrink_kernel_destroy(k);
  return status;
}

int shrink_conv_set_weights(shrink_kernel *k, const float *weights) {
  use_threads();
  TRY(dnnl_memory_set_data_handle(k->weights.user, (void *)weights));
  TRY(port_convert(&k->weights, k->stream, 1));
  return dnnl_stream_wait(k->stream);
}

// Executes between the conversions at both ends; `args` has room for the scratchpad after its `count` entries.
static dnnl_status_t run(shrink_kernel *k, const float *x, float *y, dnnl_exec_arg_t *args, int count) {
  TRY(dnnl_memory_set_data_handle(k->x.user, (void *)x));
  TRY(dnnl_memory_set_data_handle(k->y.user, y));
  char *block = NULL;
  dnnl_status_t status = borrow(k, &block);
  args[count].arg = DNNL_ARG_SCRATCHPAD;
  args[count].memory = k->scratch;
  if (status == dnnl_success) status = port_convert(&k->x, k->stream, 1);
  if (status == dnnl_success) status = dnnl_primitive_execute(k->primitive, k->stream, count + 1, args);
  if (status == dnnl_success) status = port_convert(&k->y, k->stream, 0);
  dnnl_status_t waited = dnnl_stream_wait(k->stream);
  free(block);
  return status == dnnl_success ? waited : status;
}

int shrink_conv_run(shrink_kernel *k, const float *x, const float *bias, float *y) {
  use_threads();
  dnnl_exec_arg_t args[5] = {
      {DNNL_ARG_SRC, port_inner(&k->x)}, {DNNL_ARG_DST, port_inner(&k->y)},
      {DNNL_ARG_WEIGHTS, port_inner(&k->weights)}, {DNNL_ARG_BIAS, k->bias}};
  if (k->bias) TRY(dnnl_memory_set_data_handle(k->bias, (void *)bias));
  return run(k, x, y, args, k->bias ? 4 : 3);
}

static dnnl_status_t pool_desc(
    shrink_kernel *k, const shrink_window *w, shrink_pool_kind kind, md_ref x, md_ref y,
    dnnl_primitive_attr_t attributes) {
  static const dnnl_alg_kind_t algorithms[] = {
      dnnl_pooling_max, dnnl_pooling_avg_include_padding, dnnl_pooling_avg_exclude_padding};
  window_dims d;
  window_dims_make(&d, w);
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_pooling_forward_primitive_desc_create(
      &k->desc, k->engine, dnnl_forward_inference, algorithms[kind], x, y, d.strides, d.kernel, d.dilations, d.begin,
      d.end, attributes);
#else
  dnnl_pooling_v2_desc_t op;
  TRY(dnnl_pooling_v2_forward_desc_init(
      &op, dnnl_forward_inference, algorithms[kind], x, y, d.strides, d.kernel, d.dilations, d.begin, d.end));
  return dnnl_primitive_desc_create(&k->desc, &op, attributes, k->engine, NULL);
#endif
}

int shrink_pool_create(const shrink_window *w, shrink_pool_kind kind, shrink_kernel **out) {
  *out = NULL;
  use_threads();
  if (w->spatial < 1 || w->spatial > SHRINK_MAX_SPATIAL) return dnnl_invalid_arguments;
  shrink_kernel *k = calloc(1, sizeof *k);
  if (!k) return dnnl_out_of_memory;
  conv_layouts user;
  memset(&user, 0, sizeof user);
  dnnl_dims_t dims;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status = kernel_start(k);
  if (status == dnnl_success) status = attributes_make(&attributes);
  int rank = activation_dims(w, w->in_channels, w->in, dims);
  if (status == dnnl_success) status = md_make(&user.x, rank, dims, plain_tag(rank));
  activation_dims(w, w->in_channels, w->out, dims);
  if (status == dnnl_success) status = md_make(&user.y, rank, dims, plain_tag(rank));
  if (status == dnnl_success) status = pool_desc(k, w, kind, md_of(&user.x), md_of(&user.y), attributes);
  if (status == dnnl_success) status = port_make(&k->x, k->engine, md_of(&user.x), md_of(&user.x), 1, 1);
  if (status == dnnl_success) status = port_make(&k->y, k->engine, md_of(&user.y), md_of(&user.y), 0, 1);
  if (status == dnnl_success) status = kernel_finish(k);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  conv_layouts_free(&user);
  if (status == dnnl_success)
    *out = k;
  else
    shrink_kernel_destroy(k);
  return status;
}

int shrink_pool_run(shrink_kernel *k, const float *x, float *y) {
  use_threads();
  dnnl_exec_arg_t args[3] = {{DNNL_ARG_SRC, port_inner(&k->x)}, {DNNL_ARG_DST, port_inner(&k->y)}};
  return run(k, x, y, args, 2);
}

int shrink_sgemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                 int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  use_threads();
  return dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
