"""Attention whose queries, keys and values come from one weight, in the patterns of exporters; on sequences [N, 6, 10]."""
import numpy as np
from structures_sequences import CLASSES, HEADS, SIZE, STEPS, WIDTH, classes

MEMORY = 5


class Weights:
    """What an attention and the end of its network need, drawn first: names do not depend on how the parts are cut out."""

    def __init__(self, net, queries, values, crosses=False):
        """`queries`, `values`: axes of all heads, as they are written and as they are read."""
        makers = [[queries[0]], [queries[0], values[0]]] if crosses else [[queries[0], queries[0], values[0]]]
        self.projections = [(net.weight(WIDTH, out, scale=0.3), net.weight(out)) for out in makers]
        self.back = net.weight(values[1], WIDTH, scale=0.3), net.weight(WIDTH)
        self.end = net.weight(CLASSES, WIDTH, scale=0.3), net.weight(CLASSES)

    def project(self, net, x, number=0):
        weight, bias = self.projections[number]
        return net.op("Add", net.op("MatMul", x, weight), bias)


def size_of(net, x, axis):
    return net.op("Gather", net.op("Shape", x), net.const(axis), axis=0)


def vector(net, *sizes):
    """Sizes as the legacy exporter joins them: numbers, and scalars that are computed."""
    one = lambda s: net.const([s]) if isinstance(s, int) else net.op("Unsqueeze", s, net.const([0]))
    return net.op("Concat", *map(one, sizes), axis=0)


def by_gather(net, stack, count):
    return [net.op("Gather", stack, net.const(i), axis=0) for i in range(count)]


def by_split(net, stack, count):
    parts = net.op("Split", stack, net.const([1] * count), outputs=count, axis=0)
    return [net.op("Squeeze", p, net.const([0])) for p in parts]


def by_slice(net, stack, count):
    cut = lambda i: net.op("Slice", stack, net.const([i]), net.const([i + 1]), net.const([0]))
    return [net.op("Squeeze", cut(i), net.const([0])) for i in range(count)]


def lengths(net, x, widths):
    return net.op("Split", x, net.const(widths), outputs=len(widths), axis=2)


def vision(net, pick):
    """timm: [N, S, 3, heads, width] → Transpose → one part each. Widths of queries and values are groups of their own."""
    q, v = net.group("queries and keys", 4, 7, kind="zeros"), net.group("values", 3, 7)
    weights = Weights(net, (q.out(lead=HEADS), None), (v.out(lead=HEADS), v.to(lead=HEADS)))
    x = net.input(STEPS, WIDTH)
    qkv = weights.project(net, x)
    if net.w(q) == net.w(v):
        stack = net.op("Reshape", qkv, net.const([-1, STEPS, 3, HEADS, net.w(q)]))
        parts = pick(net, net.op("Transpose", stack, perm=[2, 0, 3, 1, 4]), 3)
    else:
        into = lambda part, g: net.op("Transpose", net.op("Reshape", part, net.const([-1, STEPS, HEADS, net.w(g)])), perm=[0, 2, 1, 3])
        parts = [into(p, g) for p, g in zip(lengths(net, qkv, [HEADS * net.w(g) for g in (q, q, v)]), (q, q, v))]
    product = net.op("MatMul", parts[0], net.op("Transpose", parts[1], perm=[0, 1, 3, 2]))
    y = net.op("MatMul", net.op("Softmax", net.op("Mul", product, net.const(0.5, np.float32)), axis=-1), parts[2])
    y = net.op("Reshape", net.op("Transpose", y, perm=[0, 2, 1, 3]), net.const([-1, STEPS, HEADS * net.w(v)]))
    finish(net, weights, x, net.op("MatMul", y, weights.back[0]))


def finish(net, weights, x, y):
    y = net.op("ReduceMean", net.add(x, net.op("Add", y, weights.back[1])), axes=[1], keepdims=0)
    net.output(net.op("Gemm", y, *weights.end, transB=1), CLASSES)


def stacked_by_gather(net):
    vision(net, by_gather)


def stacked_by_split(net):
    vision(net, by_split)


def stacked_by_slice(net):
    vision(net, by_slice)


def packed(net, x, count, width):
    """torch.nn.MultiheadAttention: [S, N, 3 · width] → [S, N, 3, width] → Unsqueeze → Transpose → Squeeze → Gather."""
    shape = net.op("Shape", x)
    head = net.op("Slice", shape, net.const([0]), net.const([2]))
    stack = net.op("Reshape", x, net.op("Concat", head, net.const([count, width]), axis=0))
    stack = net.op("Transpose", net.op("Unsqueeze", stack, net.const([0])), perm=[3, 1, 2, 0, 4])
    return by_gather(net, net.op("Squeeze", stack, net.const([-2])), count)


def torch_layer(net, weights, heads, widths, crosses=False, folds=False):
    """The module on sequences [N, S, ...] with the legacy exporter; `widths` are those of queries and of values in a head.

    `folds`: heads stay in the batch axis, [N · heads, S, width], as where the probabilities are wanted.
    """
    x = net.input(STEPS, WIDTH)
    first = net.op("Transpose", x, perm=[1, 0, 2])
    if crosses:
        memory = net.op("Transpose", net.input(MEMORY, WIDTH, name="m"), perm=[1, 0, 2])
        made, keys = [weights.project(net, first), weights.project(net, memory, 1)], MEMORY
    else:
        made, keys = [weights.project(net, first)], STEPS
    query, value = (heads * w for w in widths)
    if query == value:
        parts = made[:-1] + packed(net, made[-1], 2 if crosses else 3, query)
    else:
        parts = made[:-1] + lengths(net, made[-1], [query, value] if crosses else [query, query, value])
    batch = size_of(net, first, 1)
    rows = net.op("Mul", batch, net.const(heads))
    folded = []
    for part, steps, width in zip(parts, (STEPS, keys, keys), (widths[0], widths[0], widths[1])):
        part = net.op("Transpose", net.op("Reshape", part, vector(net, steps, rows, width)), perm=[1, 0, 2])
        folded.append(part if folds else net.op("Reshape", part, vector(net, batch, heads, steps, width)))
    q, k, v = folded
    scaled = net.op("Mul", q, net.const(0.5, np.float32))
    product = net.op("MatMul", scaled, net.op("Transpose", k, perm=[0, 2, 1] if folds else [0, 1, 3, 2]))
    y = net.op("MatMul", net.op("Softmax", product, axis=-1), v)
    y = net.op("Transpose", y, perm=[1, 0, 2] if folds else [2, 0, 1, 3])
    y = net.op("Reshape", y, vector(net, net.op("Mul", batch, net.const(STEPS)), value))
    y = net.op("Reshape", net.op("Gemm", y, *weights.back), vector(net, STEPS, batch, WIDTH))
    y = net.op("ReduceMean", net.add(x, net.op("Transpose", y, perm=[1, 0, 2])), axes=[1], keepdims=0)
    net.output(net.op("Gemm", y, *weights.end, transB=1), CLASSES)


def torch_heads(net, **form):
    h = net.group("heads", HEADS, 5)
    weights = Weights(net, (h.out(block=SIZE), None), (h.out(block=SIZE), h.to(block=SIZE)), crosses=form.get("crosses", False))
    torch_layer(net, weights, net.w(h), (SIZE, SIZE), **form)


def torch_widths(net, **form):
    q, v = net.group("queries and keys", 4, 7, kind="zeros"), net.group("values", 3, 7)
    weights = Weights(net, (q.out(lead=HEADS), None), (v.out(lead=HEADS), v.to(lead=HEADS)), crosses=form.get("crosses", False))
    torch_layer(net, weights, HEADS, (net.w(q), net.w(v)), **form)


def torch_encoder_heads(net):
    torch_heads(net)


def torch_encoder_heads_folded(net):
    torch_heads(net, folds=True)


def torch_encoder_widths(net):
    torch_widths(net)


def torch_encoder_widths_folded(net):
    torch_widths(net, folds=True)


def torch_decoder_heads(net):
    torch_heads(net, crosses=True)


def torch_decoder_widths(net):
    torch_widths(net, crosses=True, folds=True)


# Operators of ONNX Runtime

def attention_of_runtime(net, queries, values, heads, read, **attributes):
    """Attention with the projections in one weight, and a mask that hides the last keys."""
    weight, bias = net.weight(WIDTH, [queries, queries, values], scale=0.3), net.weight([queries, queries, values])
    x = net.input(STEPS, WIDTH)
    hidden = net.op("Expand", net.const([[1] * (STEPS - 1) + [0]], np.int32), vector(net, size_of(net, x, 0), STEPS))
    y = net.op("Attention", x, weight, bias, hidden, domain="com.microsoft", num_heads=heads, **attributes)
    classes(net, net.add(x, net.matmul(y, read, WIDTH)))


def attention_of_runtime_heads(net):
    h = net.group("heads", HEADS, 5)
    attention_of_runtime(net, h.out(block=SIZE), h.out(block=SIZE), net.w(h), h.to(block=SIZE))


def attention_of_runtime_widths(net):
    q, v = net.group("queries and keys", 4, 7, kind="zeros"), net.group("values", 3, 6)
    sizes = [HEADS * net.w(g) for g in (q, q, v)]
    attention_of_runtime(net, q.out(lead=HEADS), v.out(lead=HEADS), HEADS, v.to(lead=HEADS), qkv_hidden_sizes=sizes, scale=0.5)


def attention_with_bias(net, queries, values, heads, read):
    """MultiHeadAttention, which adds the biases of all three projections."""
    x = net.input(STEPS, WIDTH)
    q, k, v = (net.matmul(x, WIDTH, part, bias=False) for part in (queries, queries, values))
    bias = net.weight([queries, queries, values])
    y = net.op("MultiHeadAttention", q, k, v, bias, domain="com.microsoft", num_heads=heads, scale=0.5)
    classes(net, net.add(x, net.matmul(y, read, WIDTH)))


def attention_with_bias_heads(net):
    h = net.group("heads", HEADS, 5)
    attention_with_bias(net, h.out(block=SIZE), h.out(block=SIZE), net.w(h), h.to(block=SIZE))


def attention_with_bias_widths(net):
    q, v = net.group("queries and keys", 4, 7, kind="zeros"), net.group("values", 3, 6)
    attention_with_bias(net, q.out(lead=HEADS), v.out(lead=HEADS), HEADS, v.to(lead=HEADS))


# Einsum

def by_einsum(net, queries, values, heads, widths, form):
    """Projections by MatMul, [N, S, heads, width] in the middle; `form`: equations of scores and of what they mix."""
    x = net.input(STEPS, WIDTH)
    into = lambda axis, width: net.op("Reshape", net.matmul(x, WIDTH, axis), net.const([0, STEPS, heads, width]))
    q, k, v = into(queries[0], widths[0]), into(queries[0], widths[0]), into(values[0], widths[1])
    product = net.op("Mul", net.op("Einsum", q, k, equation=form[0]), net.const(0.5, np.float32))
    y = net.op("Einsum", net.op("Softmax", product, axis=-1), v, equation=form[1])
    y = net.op("Reshape", y, net.const([0, STEPS, heads * widths[1]]))
    classes(net, net.add(x, net.matmul(y, values[1], WIDTH)))


FORM = "bqhd,bkhd->bhqk", "bhqk,bkhd->bqhd"


def einsum_heads(net):
    h = net.group("heads", HEADS, 5)
    by_einsum(net, (h.out(block=SIZE),), (h.out(block=SIZE), h.to(block=SIZE)), net.w(h), (SIZE, SIZE), FORM)


def einsum_widths(net):
    q, v = net.group("queries and keys", 4, 7, kind="zeros"), net.group("values", 3, 6)
    by_einsum(net, (q.out(lead=HEADS),), (v.out(lead=HEADS), v.to(lead=HEADS)), HEADS, (net.w(q), net.w(v)), FORM)


def einsum_of_keras(net, queries, values, heads):
    """keras.layers.MultiHeadAttention: weights of three axes, [elements, heads, width] and back; then an MLP by Einsum."""
    m = net.group("inner", 6, 10)
    x = net.input(STEPS, WIDTH)

    def project(width):
        y = net.op("Einsum", x, net.weight(WIDTH, heads[0], width, scale=0.3), equation="abc,cde->abde")
        return net.op("Add", y, net.weight(heads[0], width))

    q, k, v = project(queries), project(queries), project(values[0])
    q = net.op("Mul", q, net.const(0.5, np.float32))
    probabilities = net.op("Softmax", net.op("Einsum", k, q, equation="aecd,abcd->acbe"), axis=-1)
    y = net.op("Einsum", probabilities, v, equation="acbe,aecd->abcd")
    y = net.op("Einsum", y, net.weight(heads[1], values[1], WIDTH, scale=0.3), equation="abcd,cde->abe")
    x = net.add(x, net.op("Add", y, net.weight(WIDTH)))
    y = net.relu(net.op("Add", net.op("Einsum", x, net.weight(WIDTH, m.out(), scale=0.3), equation="...x,xy->...y"), net.weight(m.out())))
    classes(net, net.add(x, net.op("Einsum", y, net.weight(m.to(), WIDTH, scale=0.3), equation="...x,xy->...y")))


def einsum_of_keras_heads(net):
    h = net.group("heads", HEADS, 5)
    einsum_of_keras(net, SIZE, (SIZE, SIZE), (h.out(), h.to()))


def einsum_of_keras_widths(net):
    q, v = net.group("queries and keys", 4, 7, kind="zeros"), net.group("values", 3, 5)
    einsum_of_keras(net, q.out(), (v.out(), v.to()), (HEADS, HEADS))


ALL = [stacked_by_gather, stacked_by_split, stacked_by_slice, torch_encoder_heads, torch_encoder_heads_folded, torch_encoder_widths,
       torch_encoder_widths_folded, torch_decoder_heads, torch_decoder_widths, attention_of_runtime_heads,
       attention_of_runtime_widths, attention_with_bias_heads, attention_with_bias_widths, einsum_heads, einsum_widths,
       einsum_of_keras_heads, einsum_of_keras_widths]
