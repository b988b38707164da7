#include "onednn_shim.h"

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_version.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compatibility.h"

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

// libgomp's entry of a parallel region, by the name that compilers emit for it.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);

typedef struct {
  void (*body)(void *context, int thread);
  void *context;
  int threads;
} region;

static void run_region(void *data) {
  const region *r = data;
  int previous = shrink_worker_enter();
  // The pool may hand out fewer threads than were asked for.
  for (int t = omp_get_thread_num(); t < r->threads; t += omp_get_num_threads()) r->body(r->context, t);
  shrink_worker_leave(previous);
}

void shrink_parallel(int threads, void (*body)(void *context, int thread), void *context) {
  region r = {body, context, threads};
  GOMP_parallel(run_region, &r, (unsigned)threads, 0);
}

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
  if (status == dnnl_success) status = conv_desc(&k->desc, k->engine, w, &wanted, has_bias, attributes);
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
  if (status == dnnl_success) status = pool_desc(&k->desc, k->engine, w, kind, md_of(&user.x), md_of(&user.y), attributes);
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
