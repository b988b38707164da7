"""Structures of transformers and recurrent networks, each as a small one on sequences [N, 6, 10]."""
import numpy as np
from onnx import numpy_helper

STEPS, WIDTH, HEADS, SIZE, CLASSES = 6, 10, 3, 4, 4


def sequence(net):
    return net.input(STEPS, WIDTH)


def layer_norm(net, x):
    return net.op("LayerNormalization", x, net.weight(WIDTH, low=0.5, high=1.5), net.weight(WIDTH), axis=-1)


def layer_norm_written_out(net, x):
    centred = net.op("Sub", x, net.op("ReduceMean", x, axes=[-1]))
    variance = net.op("ReduceMean", net.op("Pow", centred, net.const(2, np.float32)), axes=[-1])
    deviation = net.op("Sqrt", net.op("Add", variance, net.const(1e-5, np.float32)))
    return net.add(net.mul(net.op("Div", centred, deviation), net.weight(WIDTH, low=0.5, high=1.5)), net.weight(WIDTH))


def rms_norm(net, x):
    square = net.op("ReduceMean", net.op("Pow", x, net.const(2, np.float32)), axes=[-1])
    root = net.op("Sqrt", net.op("Add", square, net.const(1e-5, np.float32)))
    return net.mul(net.mul(x, net.op("Reciprocal", root)), net.weight(WIDTH, low=0.5, high=1.5))


def classes(net, x):
    """The mean over the steps of a stream of the given width, then a Gemm."""
    net.output(net.gemm(net.op("ReduceMean", x, axes=[1], keepdims=0), CLASSES, WIDTH), CLASSES)


# Multi-layer perceptrons in a residual stream

def residual_stream(net):
    """A stream without normalisation is a group as well."""
    u, m = net.group("stream", 6, 11, kind="mixed"), net.group("inner", 7, 12, dead=1, constants=1)
    x = net.matmul(sequence(net), WIDTH, u.out())
    for _ in range(2):
        x = net.add(x, net.matmul(net.gelu(net.matmul(x, u.to(), m.out())), m.to(), u.out()))
    net.output(net.matmul(x, u.to(), CLASSES), STEPS, CLASSES)


def layer_norm_mlp(net):
    m, n = net.group("inner", 7, 12, dead=1, constants=1), net.group("inner of the second", 6, 11, dead=1)
    x = sequence(net)
    x = net.add(x, net.matmul(net.gelu(net.matmul(layer_norm(net, x), WIDTH, m.out())), m.to(), WIDTH))
    x = net.add(x, net.matmul(net.gelu(net.matmul(layer_norm_written_out(net, x), WIDTH, n.out())), n.to(), WIDTH))
    classes(net, x)


def gated_mlp(net, gate):
    m = net.group("inner", 7, 12, dead=1)
    x = sequence(net)
    y = rms_norm(net, x)
    y = net.mul(gate(net.matmul(y, WIDTH, m.out(), bias=False)), net.matmul(y, WIDTH, m.out(), bias=False))
    classes(net, net.add(x, net.matmul(y, m.to(), WIDTH, bias=False)))


def swiglu(net):
    gated_mlp(net, net.silu)


def geglu(net):
    gated_mlp(net, net.gelu)


def gated_mlp_fused(net):
    """Gate and value from one MatMul, parted by Split."""
    m = net.group("inner", 7, 12, dead=1)
    x = sequence(net)
    a, b = net.op("Split", net.matmul(rms_norm(net, x), WIDTH, m.out(lead=2)), net.const([net.w(m)] * 2), outputs=2, axis=-1)
    classes(net, net.add(x, net.matmul(net.mul(net.silu(a), b), m.to(), WIDTH)))


# Attention

def scores(net, q, k, size=SIZE):
    """Softmax of the scaled products of [N, heads, steps, size]."""
    product = net.op("MatMul", q, net.op("Transpose", k, perm=[0, 1, 3, 2]))
    return net.op("Softmax", net.op("Mul", product, net.const(size ** -0.5, np.float32)), axis=-1)


def attended(net, x, q, k, v, out, width, baked=True):
    """Attention over [N, heads, steps, size] values, joined and projected to the stream; then the end of the network."""
    y = net.op("Transpose", net.op("MatMul", scores(net, q, k), v), perm=[0, 2, 1, 3])
    y = net.op("Reshape", y, net.const([-1, STEPS, width]) if baked else batched(net, x, STEPS, width))
    classes(net, net.add(x, net.matmul(y, out, WIDTH)))


def batched(net, x, *sizes):
    """A shape made at run time: the batch of x, then constants, as the legacy exporter writes it."""
    batch = net.op("Unsqueeze", net.op("Gather", net.op("Shape", x), net.const(0), axis=0), net.const([0]))
    return net.op("Concat", batch, *[net.const([s]) for s in sizes], axis=0)


def heads_fused(net):
    """ViT: one projection, Reshape to 5 axes, Transpose, Gather."""
    h = net.group("heads", HEADS, 5)
    x = sequence(net)
    qkv = net.matmul(layer_norm(net, x), WIDTH, h.out(lead=3, block=SIZE))
    qkv = net.op("Transpose", net.op("Reshape", qkv, net.const([-1, STEPS, 3, net.w(h), SIZE])), perm=[2, 0, 3, 1, 4])
    q, k, v = (net.op("Gather", qkv, net.const(i), axis=0) for i in range(3))
    attended(net, x, q, k, v, h.to(block=SIZE), SIZE * net.w(h))


def heads_split(net):
    """GPT: one projection, Split, Reshape each; a causal mask."""
    h = net.group("heads", HEADS, 5)
    x = sequence(net)
    qkv = net.matmul(layer_norm(net, x), WIDTH, h.out(lead=3, block=SIZE))
    parts = net.op("Split", qkv, net.const([SIZE * net.w(h)] * 3), outputs=3, axis=2)
    q, k, v = (net.op("Transpose", net.op("Reshape", p, batched(net, x, STEPS, net.w(h), SIZE)), perm=[0, 2, 1, 3]) for p in parts)
    product = net.op("MatMul", q, net.op("Transpose", k, perm=[0, 1, 3, 2]))
    mask = net.const(np.tril(np.ones((1, 1, STEPS, STEPS))), np.bool_)
    product = net.op("Where", mask, net.op("Div", product, net.const(SIZE ** 0.5, np.float32)), net.const(-1e9, np.float32))
    y = net.op("Transpose", net.op("MatMul", net.op("Softmax", product, axis=-1), v), perm=[0, 2, 1, 3])
    y = net.op("Reshape", y, batched(net, x, STEPS, SIZE * net.w(h)))
    classes(net, net.add(x, net.matmul(y, h.to(block=SIZE), WIDTH)))


def three_projections(net, out, shape):
    x = sequence(net)
    y = layer_norm(net, x)
    heads = lambda axis: net.op("Transpose", net.op("Reshape", net.matmul(y, WIDTH, axis), shape(x)), perm=[0, 2, 1, 3])
    return x, [heads(out) for _ in range(3)]


def heads_legacy(net):
    """BERT by the legacy exporter: shapes by Shape, Gather, Unsqueeze, Concat."""
    h = net.group("heads", HEADS, 5)
    x, (q, k, v) = three_projections(net, h.out(block=SIZE), lambda x: batched(net, x, STEPS, net.w(h), SIZE))
    attended(net, x, q, k, v, h.to(block=SIZE), SIZE * net.w(h), baked=False)


def heads_dynamo(net):
    """Three projections by the dynamo exporter: constant shapes."""
    h = net.group("heads", HEADS, 5)
    x, (q, k, v) = three_projections(net, h.out(block=SIZE), lambda x: net.const([-1, STEPS, net.w(h), SIZE]))
    attended(net, x, q, k, v, h.to(block=SIZE), SIZE * net.w(h))


def head_widths(net, queries, values):
    """Three projections whose widths inside the heads are groups: q and k one, v another."""
    x = sequence(net)
    y = layer_norm(net, x)
    into = lambda axis, group: net.op(
        "Transpose", net.op("Reshape", net.matmul(y, WIDTH, axis), net.const([0, STEPS, HEADS, net.w(group)])), perm=[0, 2, 1, 3])
    q, k, v = into(queries.out(lead=HEADS), queries), into(queries.out(lead=HEADS), queries), into(values.out(lead=HEADS), values)
    y = net.op("Transpose", net.op("MatMul", scores(net, q, k), v), perm=[0, 2, 1, 3])
    y = net.op("Reshape", y, net.const([0, STEPS, HEADS * net.w(values)]))
    classes(net, net.add(x, net.matmul(y, values.to(lead=HEADS), WIDTH)))


def query_width(net):
    head_widths(net, net.group("queries and keys", 4, 7, kind="zeros"), net.group("values", 3, 3))


def value_width(net):
    head_widths(net, net.group("queries and keys", 4, 4), net.group("values", 3, 6))


def rotary(net):
    """Two layers of Llama: planted, they read one table of angles, and not the same places of it go."""
    angles = np.outer(np.arange(STEPS), 100.0 ** (-np.arange(7) / 7)).T
    x, tables = sequence(net), {}

    def turned(y, group, table):
        width = net.w(group)
        y = net.op("Transpose", net.op("Reshape", y, net.const([0, STEPS, HEADS, 2 * width])), perm=[0, 2, 1, 3])
        first, second = (net.op("Slice", y, *map(net.const, ([start], [end], [3]))) for start, end in ((0, width), (width, 2**31)))
        other = net.op("Concat", net.op("Neg", second), first, axis=3)
        return net.add(net.mul(y, f"cosines of {table}"), net.mul(other, f"sines of {table}"))

    for name in "first", "second":
        q, v = net.group(f"{name} queries and keys", 4, 7, kind="zeros"), net.group(f"{name} values", 4, 4)
        table = "all" if net.planted else name
        tables[table] = list(range(7)) if net.planted else list(q.written.argmax(0))
        y = rms_norm(net, x)
        queries, keys = (turned(net.matmul(y, WIDTH, q.out(lead=2 * HEADS), bias=False), q, table) for _ in range(2))
        values = net.op("Reshape", net.matmul(y, WIDTH, v.out(lead=HEADS)), net.const([0, STEPS, HEADS, net.w(v)]))
        y = net.op("MatMul", scores(net, queries, keys), net.op("Transpose", values, perm=[0, 2, 1, 3]))
        y = net.op("Reshape", net.op("Transpose", y, perm=[0, 2, 1, 3]), net.const([0, STEPS, HEADS * net.w(v)]))
        x = net.add(x, net.matmul(y, v.to(lead=HEADS), WIDTH))
        # Next to its weights the copies of a table are small, as they are in real networks.
        x = net.add(x, net.matmul(net.gelu(net.matmul(rms_norm(net, x), WIDTH, 96)), 96, WIDTH))
    classes(net, x)
    # Last, so that the random numbers of the weights do not depend on how many tables there are.
    for table, places in tables.items():
        for name, function in ("cosines", np.cos), ("sines", np.sin):
            values = np.tile(function(angles[places]).T, 2).astype(np.float32)
            net.weights.append(numpy_helper.from_array(values, f"{name} of {table}"))


def attention_operator(net):
    h = net.group("heads", HEADS, 5)
    x = sequence(net)
    y = layer_norm(net, x)
    q, k, v = (net.matmul(y, WIDTH, h.out(block=SIZE)) for _ in range(3))
    y = net.op("Attention", q, k, v, q_num_heads=net.w(h), kv_num_heads=net.w(h))
    y = net.matmul(net.add(x, net.matmul(y, h.to(block=SIZE), WIDTH)), WIDTH, CLASSES)
    net.output(y, STEPS, CLASSES)


attention_operator.opset = 23


def attention_in_a_stream(net):
    """Heads, widths of an MLP and a stream without normalisation in one block."""
    u, h, m = net.group("stream", 6, 10, kind="mixed"), net.group("heads", 2, 4), net.group("inner", 6, 10)
    x = net.matmul(sequence(net), WIDTH, u.out())
    part = lambda: net.op("Transpose", net.op("Reshape", net.matmul(x, u.to(), h.out(block=SIZE)),
                                              net.const([-1, STEPS, net.w(h), SIZE])), perm=[0, 2, 1, 3])
    q, k, v = part(), part(), part()
    y = net.op("Transpose", net.op("MatMul", scores(net, q, k), v), perm=[0, 2, 1, 3])
    x = net.add(x, net.matmul(net.op("Reshape", y, net.const([-1, STEPS, SIZE * net.w(h)])), h.to(block=SIZE), u.out()))
    x = net.add(x, net.matmul(net.gelu(net.matmul(x, u.to(), m.out())), m.to(), u.out()))
    net.output(net.matmul(x, u.to(), CLASSES), STEPS, CLASSES)


# Recurrent networks

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(net, kind, x, group, into, directions=1, bias=True, state=None, peepholes=False, **attributes):
    """The operator on [steps, N, into]; its three results."""
    gates = GATES[kind]
    operands = [x, net.weight(directions, group.out(lead=gates), into, scale=0.5),
                net.weight(directions, group.out(lead=gates), group.to(), scale=0.5),
                net.weight(directions, group.out(lead=2 * gates)) if bias else "", "", state or ""]
    if kind == "LSTM":
        operands += [state or "", net.weight(directions, group.out(lead=3)) if peepholes else ""]
    while not operands[-1]:
        operands.pop()
    return net.op(kind, *operands, outputs=3 if kind == "LSTM" else 2, hidden_size=net.w(group),
                  direction="bidirectional" if directions == 2 else "forward", **attributes)


def steps_first(net):
    return net.op("Transpose", sequence(net), perm=[1, 0, 2])


def lstm(net):
    h = net.group("hidden", 6, 10)
    y = recurrent(net, "LSTM", steps_first(net), h, WIDTH)[0]
    net.output(net.matmul(net.op("Transpose", net.op("Squeeze", y, net.const([1])), perm=[1, 0, 2]), h.to(), CLASSES), STEPS, CLASSES)


def lstm_last_state(net):
    """Two layers, the second's last state read by a Gemm; no bias."""
    h, i = net.group("hidden", 6, 10), net.group("hidden of the second", 5, 9)
    y = net.op("Squeeze", recurrent(net, "LSTM", steps_first(net), h, WIDTH, bias=False)[0], net.const([1]))
    last = recurrent(net, "LSTM", y, i, h.to(), bias=False)[1]
    net.output(net.gemm(net.op("Squeeze", last, net.const([0])), CLASSES, i.to()), CLASSES)


def lstm_bidirectional(net):
    """As PyTorch exports it: Transpose, Reshape [0, 0, -1]."""
    h = net.group("hidden", 5, 8)
    y = recurrent(net, "LSTM", steps_first(net), h, WIDTH, directions=2)[0]
    y = net.op("Reshape", net.op("Transpose", y, perm=[0, 2, 1, 3]), net.const([0, 0, -1]))
    net.output(net.matmul(net.op("Transpose", y, perm=[1, 0, 2]), h.to(lead=2), CLASSES), STEPS, CLASSES)


def lstm_peepholes_state(net):
    """Peepholes and an initial state that is expanded to the batch."""
    h = net.group("hidden", 6, 10)
    x = steps_first(net)
    batch = net.op("Unsqueeze", net.op("Gather", net.op("Shape", x), net.const(1), axis=0), net.const([0]))
    state = net.op("Expand", net.weight(1, 1, h.out()), net.op("Concat", net.const([1]), batch, net.const([net.w(h)]), axis=0))
    y = recurrent(net, "LSTM", x, h, WIDTH, state=state, peepholes=True)[0]
    y = net.op("Transpose", net.op("Squeeze", y, net.const([1])), perm=[1, 0, 2])
    net.output(net.matmul(y, h.to(), CLASSES, bias=False), STEPS, CLASSES)


def lstm_all_results(net):
    """Every step, the last state and the last cell are read."""
    h = net.group("hidden", 6, 10)
    y, last, cell = recurrent(net, "LSTM", steps_first(net), h, WIDTH)
    y = net.op("ReduceMean", net.op("Squeeze", y, net.const([1])), axes=[0], keepdims=0)
    last, cell = (net.op("Squeeze", v, net.const([0])) for v in (last, cell))
    net.output(net.add(net.gemm(y, CLASSES, h.to()), net.add(net.gemm(last, CLASSES, h.to()), net.gemm(cell, CLASSES, h.to()))), CLASSES)


def gru(net):
    """The form whose recurrent bias stands inside the reset gate, as PyTorch has it."""
    h = net.group("hidden", 6, 10)
    y = net.op("Squeeze", recurrent(net, "GRU", steps_first(net), h, WIDTH, linear_before_reset=1)[0], net.const([1]))
    net.output(net.matmul(net.op("Transpose", y, perm=[1, 0, 2]), h.to(), CLASSES), STEPS, CLASSES)


def gru_bidirectional(net):
    h = net.group("hidden", 5, 8)
    y = recurrent(net, "GRU", steps_first(net), h, WIDTH, directions=2)[1]
    y = net.op("Reshape", net.op("Transpose", y, perm=[1, 0, 2]), net.const([0, -1]))
    net.output(net.gemm(y, CLASSES, h.to(lead=2)), CLASSES)


def rnn(net):
    h = net.group("hidden", 6, 10)
    y = net.op("Squeeze", recurrent(net, "RNN", steps_first(net), h, WIDTH)[0], net.const([1]))
    net.output(net.matmul(net.op("Transpose", y, perm=[1, 0, 2]), h.to(), CLASSES), STEPS, CLASSES)


ALL = [residual_stream, layer_norm_mlp, swiglu, geglu, gated_mlp_fused, heads_fused, heads_split, heads_legacy, heads_dynamo, query_width,
       value_width, rotary, attention_operator, attention_in_a_stream, lstm, lstm_last_state, lstm_bidirectional, lstm_peepholes_state,
       lstm_all_results, gru, gru_bidirectional, rnn]
