#include "onednn_steps.h"

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_version.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "compatibility.h"

enum { MAX_PORTS = 3 + SHRINK_MAX_POSTS, MAX_HELD = 2 };

struct shrink_step {
  dnnl_stream_t stream;
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive;
  dnnl_memory_t scratch;
  size_t scratch_bytes, held_bytes;
  int ports, arguments;
  dnnl_memory_t port[MAX_PORTS];
  dnnl_memory_t held[MAX_HELD];  // packed weights and bias: memory of the step
  int holds;
  dnnl_exec_arg_t arg[MAX_PORTS + MAX_HELD + 1];
};

static dnnl_engine_t the_engine;
static dnnl_status_t engine_status = dnnl_runtime_error;
static void make_engine(void) { engine_status = dnnl_engine_create(&the_engine, dnnl_cpu, 0); }

// One engine for all steps: it holds no state of theirs.
static dnnl_status_t step_start(shrink_step **out) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_engine);
  if (engine_status != dnnl_success) return engine_status;
  use_threads();
  *out = calloc(1, sizeof **out);
  if (!*out) return dnnl_out_of_memory;
  return dnnl_stream_create(&(*out)->stream, the_engine, dnnl_stream_default_flags);
}

void shrink_step_destroy(shrink_step *s) {
  if (!s) return;
  for (int i = 0; i < s->ports; i++) dnnl_memory_destroy(s->port[i]);
  for (int i = 0; i < s->holds; i++) dnnl_memory_destroy(s->held[i]);
  if (s->scratch) dnnl_memory_destroy(s->scratch);
  if (s->primitive) dnnl_primitive_destroy(s->primitive);
  if (s->desc) dnnl_primitive_desc_destroy(s->desc);
  if (s->stream) dnnl_stream_destroy(s->stream);
  free(s);
}

static dnnl_status_t add_port(shrink_step *s, int argument, md_ref md) {
  TRY(dnnl_memory_create(&s->port[s->ports], md, the_engine, DNNL_MEMORY_NONE));
  s->arg[s->arguments++] = (dnnl_exec_arg_t){argument, s->port[s->ports]};
  s->ports++;
  return dnnl_success;
}

static dnnl_status_t convert(dnnl_memory_t from, md_ref from_md, dnnl_memory_t to, md_ref to_md, dnnl_stream_t stream) {
  dnnl_primitive_desc_t desc = NULL;
  dnnl_primitive_t primitive = NULL;
  dnnl_status_t status = dnnl_reorder_primitive_desc_create(&desc, from_md, the_engine, to_md, the_engine, NULL);
  if (status == dnnl_success) status = dnnl_primitive_create(&primitive, desc);
  dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  if (status == dnnl_success) status = dnnl_primitive_execute(primitive, stream, 2, args);
  if (status == dnnl_success) status = dnnl_stream_wait(stream);
  if (primitive) dnnl_primitive_destroy(primitive);
  if (desc) dnnl_primitive_desc_destroy(desc);
  return status;
}

// Keeps a copy of `values` (laid out as `user`) in the layout `own`.
static dnnl_status_t hold(shrink_step *s, int argument, md_ref user, const float *values, md_ref own) {
  dnnl_memory_t from = NULL, to = NULL;
  TRY(dnnl_memory_create(&from, user, the_engine, (void *)values));
  dnnl_status_t status = dnnl_memory_create(&to, own, the_engine, DNNL_MEMORY_ALLOCATE);
  if (status == dnnl_success) {
    s->held[s->holds++] = to;
    s->held_bytes += dnnl_memory_desc_get_size(own);
    s->arg[s->arguments++] = (dnnl_exec_arg_t){argument, to};
    status = convert(from, user, to, own, s->stream);
  }
  dnnl_memory_destroy(from);
  return status;
}

static dnnl_status_t step_finish(shrink_step *s) {
  TRY(dnnl_primitive_create(&s->primitive, s->desc));
  md_ref scratch = dnnl_primitive_desc_query_md(s->desc, dnnl_query_scratchpad_md, 0);
  s->scratch_bytes = dnnl_memory_desc_get_size(scratch);
  TRY(dnnl_memory_create(&s->scratch, scratch, the_engine, DNNL_MEMORY_NONE));
  s->arg[s->arguments++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, s->scratch};
  return dnnl_success;
}

// Posts.

static dnnl_status_t append_eltwise(dnnl_post_ops_t posts, dnnl_alg_kind_t kind, float alpha, float beta) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_post_ops_append_eltwise(posts, kind, alpha, beta);
#else
  return dnnl_post_ops_append_eltwise(posts, 1, kind, alpha, beta);
#endif
}

#if DNNL_VERSION_MAJOR >= 3
// oneDNN 3 gives hardswish its two numbers.
static const float hardswish_alpha = 1.0f / 6, hardswish_beta = 0.5f;
#else
static const float hardswish_alpha = 0, hardswish_beta = 0;
#endif

static dnnl_status_t append(dnnl_post_ops_t posts, const shrink_post *p, int rank) {
  switch (p->kind) {
    case SHRINK_POST_RELU: return append_eltwise(posts, dnnl_eltwise_relu, p->alpha, 0);
    case SHRINK_POST_CLIP: return append_eltwise(posts, dnnl_eltwise_clip, p->alpha, p->beta);
    case SHRINK_POST_LINEAR: return append_eltwise(posts, dnnl_eltwise_linear, p->alpha, p->beta);
    case SHRINK_POST_LOGISTIC: return append_eltwise(posts, dnnl_eltwise_logistic, 0, 0);
    case SHRINK_POST_TANH: return append_eltwise(posts, dnnl_eltwise_tanh, 0, 0);
    case SHRINK_POST_HARDSWISH: return append_eltwise(posts, dnnl_eltwise_hardswish, hardswish_alpha, hardswish_beta);
    case SHRINK_POST_SWISH: return append_eltwise(posts, dnnl_eltwise_swish, p->alpha, 0);
    case SHRINK_POST_GELU_ERF: return append_eltwise(posts, dnnl_eltwise_gelu_erf, 0, 0);
    case SHRINK_POST_ADD:
    case SHRINK_POST_MULTIPLY: {
      md_box md;
      TRY(md_strided(&md, rank, p->dims, p->strides));
      dnnl_status_t status = dnnl_post_ops_append_binary(
          posts, p->kind == SHRINK_POST_ADD ? dnnl_binary_add : dnnl_binary_mul, md_of(&md));
      md_free(&md);
      return status;
    }
  }
  return dnnl_invalid_arguments;
}

static dnnl_status_t attributes(dnnl_primitive_attr_t *out, const shrink_post *posts, int count, int rank) {
  if (count > SHRINK_MAX_POSTS || rank > SHRINK_MAX_RANK) return dnnl_invalid_arguments;
  TRY(dnnl_primitive_attr_create(out));
  TRY(dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user));
  if (!count) return dnnl_success;
  dnnl_post_ops_t list = NULL;
  TRY(dnnl_post_ops_create(&list));
  dnnl_status_t status = dnnl_success;
  for (int i = 0; i < count && status == dnnl_success; i++) status = append(list, &posts[i], rank);
  if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(*out, list);
  dnnl_post_ops_destroy(list);
  return status;
}

static dnnl_status_t add_post_ports(shrink_step *s, const shrink_post *posts, int count, int rank) {
  for (int i = 0; i < count; i++) {
    if (posts[i].kind < SHRINK_POST_ADD) continue;
    md_box md;
    TRY(md_strided(&md, rank, posts[i].dims, posts[i].strides));
    dnnl_status_t status = add_port(s, DNNL_ARG_ATTR_MULTIPLE_POST_OP(i) | DNNL_ARG_SRC_1, md_of(&md));
    md_free(&md);
    TRY(status);
  }
  return dnnl_success;
}

// Convolution and pooling.

static dnnl_status_t channels_last(md_box *md, const shrink_window *w, int64_t channels, const int64_t *spatial) {
  dnnl_dims_t dims, strides;
  int rank = activation_dims(w, channels, spatial, dims);
  dnnl_dim_t stride = channels;
  strides[1] = 1;
  for (int i = rank - 1; i > 1; i--) {
    strides[i] = stride;
    stride *= dims[i];
  }
  strides[0] = stride;
  return md_strided(md, rank, dims, strides);
}

static dnnl_status_t conv_pieces(shrink_step *s, const shrink_window *w, const float *weights, const float *bias,
                                 const shrink_post *posts, int count, conv_layouts *l, md_box *plain,
                                 dnnl_primitive_attr_t *attr) {
  dnnl_dims_t dims;
  TRY(channels_last(&l->x, w, w->in_channels, w->in));
  TRY(channels_last(&l->y, w, w->out_channels, w->out));
  int rank = weight_dims(w, dims);
  TRY(md_make(&l->weights, rank, dims, dnnl_format_tag_any));
  TRY(md_make(plain, rank, dims, plain_tag(rank)));
  dims[0] = w->out_channels;
  TRY(md_make(&l->bias, 1, dims, dnnl_a));
  TRY(attributes(attr, posts, count, w->spatial + 2));
  TRY(conv_desc(&s->desc, the_engine, w, l, bias != NULL, *attr));
  TRY(add_port(s, DNNL_ARG_SRC, md_of(&l->x)));
  TRY(add_port(s, DNNL_ARG_DST, md_of(&l->y)));
  TRY(hold(s, DNNL_ARG_WEIGHTS, md_of(plain), weights, dnnl_primitive_desc_query_md(s->desc, dnnl_query_weights_md, 0)));
  if (bias) TRY(hold(s, DNNL_ARG_BIAS, md_of(&l->bias), bias, md_of(&l->bias)));
  TRY(add_post_ports(s, posts, count, w->spatial + 2));
  return step_finish(s);
}

static int hand_out(dnnl_status_t status, shrink_step *s, shrink_step **out) {
  if (status == dnnl_success)
    *out = s;
  else
    shrink_step_destroy(s);
  return status;
}

int shrink_step_conv(const shrink_window *w, const float *weights, const float *bias, const shrink_post *posts,
                     int count, shrink_step **out) {
  *out = NULL;
  if (w->spatial < 1 || w->spatial > SHRINK_MAX_SPATIAL || w->groups < 1) return dnnl_invalid_arguments;
  shrink_step *s = NULL;
  conv_layouts layouts;
  md_box plain;
  memset(&layouts, 0, sizeof layouts);
  memset(&plain, 0, sizeof plain);
  dnnl_primitive_attr_t attr = NULL;
  dnnl_status_t status = step_start(&s);
  if (status == dnnl_success) status = conv_pieces(s, w, weights, bias, posts, count, &layouts, &plain, &attr);
  if (attr) dnnl_primitive_attr_destroy(attr);
  conv_layouts_free(&layouts);
  md_free(&plain);
  return hand_out(status, s, out);
}

int shrink_step_pool(const shrink_window *w, shrink_pool_kind kind, shrink_step **out) {
  *out = NULL;
  if (w->spatial < 1 || w->spatial > SHRINK_MAX_SPATIAL) return dnnl_invalid_arguments;
  shrink_step *s = NULL;
  md_box x, y;
  memset(&x, 0, sizeof x);
  memset(&y, 0, sizeof y);
  dnnl_primitive_attr_t attr = NULL;
  dnnl_status_t status = step_start(&s);
  if (status == dnnl_success) status = channels_last(&x, w, w->in_channels, w->in);
  if (status == dnnl_success) status = channels_last(&y, w, w->in_channels, w->out);
  if (status == dnnl_success) status = attributes(&attr, NULL, 0, w->spatial + 2);
  if (status == dnnl_success) status = pool_desc(&s->desc, the_engine, w, kind, md_of(&x), md_of(&y), attr);
  if (status == dnnl_success) status = add_port(s, DNNL_ARG_SRC, md_of(&x));
  if (status == dnnl_success) status = add_port(s, DNNL_ARG_DST, md_of(&y));
  if (status == dnnl_success) status = step_finish(s);
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&x);
  md_free(&y);
  return hand_out(status, s, out);
}

// Matrix products.

typedef struct {
  md_box a, b, own_b, bias, c;
} product_layouts;

static dnnl_status_t product_desc(
    shrink_step *s, const product_layouts *l, int packed, int has_bias, dnnl_primitive_attr_t attr) {
  md_ref b = packed ? md_of(&l->own_b) : md_of(&l->b), bias = has_bias ? md_of(&l->bias) : NULL;
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_matmul_primitive_desc_create(&s->desc, the_engine, md_of(&l->a), b, bias, md_of(&l->c), attr);
#else
  dnnl_matmul_desc_t op;
  TRY(dnnl_matmul_desc_init(&op, md_of(&l->a), b, bias, md_of(&l->c)));
  return dnnl_primitive_desc_create(&s->desc, &op, attr, the_engine, NULL);
#endif
}

static dnnl_status_t product_pieces(
    shrink_step *s, const shrink_layout *a, const shrink_layout *b, const shrink_layout *c, const float *constant,
    const float *bias, const shrink_post *posts, int count, product_layouts *l, dnnl_primitive_attr_t *attr) {
  int rank = c->rank;
  TRY(md_strided(&l->a, rank, a->dims, a->strides));
  TRY(md_strided(&l->b, rank, b->dims, b->strides));
  TRY(md_make(&l->own_b, rank, b->dims, dnnl_format_tag_any));
  TRY(md_strided(&l->c, rank, c->dims, c->strides));
  dnnl_dims_t dims;
  for (int i = 0; i < rank; i++) dims[i] = i == rank - 1 ? c->dims[i] : 1;
  TRY(md_make(&l->bias, rank, dims, plain_tag(rank)));
  TRY(attributes(attr, posts, count, rank));
  TRY(product_desc(s, l, constant != NULL, bias != NULL, *attr));
  TRY(add_port(s, DNNL_ARG_SRC, md_of(&l->a)));
  if (constant)
    TRY(hold(s, DNNL_ARG_WEIGHTS, md_of(&l->b), constant,
             dnnl_primitive_desc_query_md(s->desc, dnnl_query_weights_md, 0)));
  else
    TRY(add_port(s, DNNL_ARG_WEIGHTS, md_of(&l->b)));
  TRY(add_port(s, DNNL_ARG_DST, md_of(&l->c)));
  if (bias) TRY(hold(s, DNNL_ARG_BIAS, md_of(&l->bias), bias, md_of(&l->bias)));
  TRY(add_post_ports(s, posts, count, rank));
  return step_finish(s);
}

int shrink_step_matmul(const shrink_layout *a, const shrink_layout *b, const shrink_layout *c, const float *constant,
                       const float *bias, const shrink_post *posts, int count, shrink_step **out) {
  *out = NULL;
  if (c->rank < 2 || c->rank > SHRINK_MAX_RANK || a->rank != c->rank || b->rank != c->rank)
    return dnnl_invalid_arguments;
  shrink_step *s = NULL;
  product_layouts l;
  memset(&l, 0, sizeof l);
  dnnl_primitive_attr_t attr = NULL;
  dnnl_status_t status = step_start(&s);
  if (status == dnnl_success) status = product_pieces(s, a, b, c, constant, bias, posts, count, &l, &attr);
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&l.a);
  md_free(&l.b);
  md_free(&l.own_b);
  md_free(&l.bias);
  md_free(&l.c);
  return hand_out(status, s, out);
}

// Rows.

static dnnl_status_t softmax_desc(shrink_step *s, md_ref x, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_softmax_forward_primitive_desc_create(
      &s->desc, the_engine, dnnl_forward_inference, dnnl_softmax_accurate, x, x, 1, attr);
#else
  dnnl_softmax_desc_t op;
  TRY(dnnl_softmax_forward_desc_init(&op, dnnl_forward_inference, x, 1));
  return dnnl_primitive_desc_create(&s->desc, &op, attr, the_engine, NULL);
#endif
}

int shrink_step_softmax(int64_t rows, int64_t n, shrink_step **out) {
  *out = NULL;
  shrink_step *s = NULL;
  md_box x;
  memset(&x, 0, sizeof x);
  dnnl_primitive_attr_t attr = NULL;
  dnnl_dims_t dims = {rows, n};
  dnnl_status_t status = step_start(&s);
  if (status == dnnl_success) status = md_make(&x, 2, dims, dnnl_ab);
  if (status == dnnl_success) status = attributes(&attr, NULL, 0, 2);
  if (status == dnnl_success) status = softmax_desc(s, md_of(&x), attr);
  if (status == dnnl_success) status = add_port(s, DNNL_ARG_SRC, md_of(&x));
  if (status == dnnl_success) status = add_port(s, DNNL_ARG_DST, md_of(&x));
  if (status == dnnl_success) status = step_finish(s);
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&x);
  return hand_out(status, s, out);
}

static dnnl_status_t layer_norm_desc(shrink_step *s, md_ref x, float epsilon, dnnl_primitive_attr_t attr) {
  unsigned flags = dnnl_use_scale | dnnl_use_shift;
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_layer_normalization_forward_primitive_desc_create(
      &s->desc, the_engine, dnnl_forward_inference, x, x, NULL, epsilon, flags, attr);
#else
  dnnl_layer_normalization_desc_t op;
  TRY(dnnl_layer_normalization_forward_desc_init(&op, dnnl_forward_inference, x, NULL, epsilon, flags));
  return dnnl_primitive_desc_create(&s->desc, &op, attr, the_engine, NULL);
#endif
}

int shrink_step_layer_norm(int64_t rows, int64_t n, float epsilon, const float *scale, const float *shift,
                           shrink_step **out) {
  *out = NULL;
  shrink_step *s = NULL;
  md_box x, factors;
  memset(&x, 0, sizeof x);
  memset(&factors, 0, sizeof factors);
  dnnl_primitive_attr_t attr = NULL;
  dnnl_dims_t dims = {rows, n};
  dnnl_status_t status = step_start(&s);
  if (status == dnnl_success) status = md_make(&x, 2, dims, dnnl_ab);
  if (status == dnnl_success) status = md_make(&factors, 1, dims + 1, dnnl_a);
  if (status == dnnl_success) status = attributes(&attr, NULL, 0, 2);
  if (status == dnnl_success) status = layer_norm_desc(s, md_of(&x), epsilon, attr);
  if (status == dnnl_success) status = add_port(s, DNNL_ARG_SRC, md_of(&x));
  if (status == dnnl_success) status = add_port(s, DNNL_ARG_DST, md_of(&x));
  if (status == dnnl_success) status = hold(s, DNNL_ARG_SCALE, md_of(&factors), scale, md_of(&factors));
  if (status == dnnl_success) status = hold(s, DNNL_ARG_SHIFT, md_of(&factors), shift, md_of(&factors));
  if (status == dnnl_success) status = step_finish(s);
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&x);
  md_free(&factors);
  return hand_out(status, s, out);
}

int shrink_step_reorder(const shrink_layout *from, const shrink_layout *to, shrink_step **out) {
  *out = NULL;
  if (from->rank < 1 || from->rank > SHRINK_MAX_RANK || to->rank != from->rank) return dnnl_invalid_arguments;
  shrink_step *s = NULL;
  md_box x, y;
  memset(&x, 0, sizeof x);
  memset(&y, 0, sizeof y);
  dnnl_primitive_attr_t attr = NULL;
  dnnl_status_t status = step_start(&s);
  if (status == dnnl_success) status = md_strided(&x, from->rank, from->dims, from->strides);
  if (status == dnnl_success) status = md_strided(&y, to->rank, to->dims, to->strides);
  if (status == dnnl_success) status = attributes(&attr, NULL, 0, from->rank);
  if (status == dnnl_success)
    status = dnnl_reorder_primitive_desc_create(&s->desc, md_of(&x), the_engine, md_of(&y), the_engine, attr);
  if (status == dnnl_success) status = add_port(s, DNNL_ARG_FROM, md_of(&x));
  if (status == dnnl_success) status = add_port(s, DNNL_ARG_TO, md_of(&y));
  if (status == dnnl_success) status = step_finish(s);
  if (attr) dnnl_primitive_attr_destroy(attr);
  md_free(&x);
  md_free(&y);
  return hand_out(status, s, out);
}

// Runs.

size_t shrink_step_scratch(const shrink_step *s) { return s->scratch_bytes; }
size_t shrink_step_held(const shrink_step *s) { return s->held_bytes; }

const char *shrink_step_name(const shrink_step *s) {
  const char *name = "";
  dnnl_primitive_desc_query(s->desc, dnnl_query_impl_info_str, 0, (void *)&name);
  return name;
}

int shrink_step_run(shrink_step *s, void *const *ports, void *scratch) {
  use_threads();
  for (int i = 0; i < s->ports; i++) TRY(dnnl_memory_set_data_handle(s->port[i], ports[i]));
  if (s->scratch_bytes) TRY(dnnl_memory_set_data_handle(s->scratch, scratch));
  TRY(dnnl_primitive_execute(s->primitive, s->stream, s->arguments, s->arg));
  return dnnl_stream_wait(s->stream);
}
