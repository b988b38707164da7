"""Structures whose shapes are computed, as PyTorch's exporters write them: several open sizes, states over the samples, computed pads.

Sequences are [N, S, 10], pictures [N, 3, H, W]; H and W are even.
"""
import numpy as np
from onnx import numpy_helper
import structures_sequences
from structures_sequences import CLASSES, HEADS, SIZE, WIDTH


def sequence(net):
    return net.input("S", WIDTH)


def pictures(net, u, v):
    """Two layers, the second of half the size."""
    x = net.relu(net.conv(net.input(3, "H", "W"), u.out(), 3))
    return x, net.relu(net.conv(x, v.out(), u.to(), strides=[2, 2]))


def size(net, x, axis):
    return net.op("Unsqueeze", net.op("Gather", net.op("Shape", x), net.const(axis), axis=0), net.const([0]))


def shape(net, *parts):
    return net.op("Concat", *(part if isinstance(part, str) else net.const([part]) for part in parts), axis=0)


def halved(net, x, u, v):
    return net.output(net.conv(x, 2, [u.to(), v.to()], 1), 2, "H", "W")


# States over the samples

def recurrent(net, kind, state, **options):
    h = net.group("hidden", 6, 10)
    x = net.op("Transpose", sequence(net), perm=[1, 0, 2])
    y = structures_sequences.recurrent(net, kind, x, h, WIDTH, state=state(net, x, h), **options)[0]
    y = net.op("Reshape", net.op("Transpose", y, perm=[2, 0, 1, 3]), net.const([0, 0, -1]))
    net.output(net.matmul(y, h.to(lead=options.get("directions", 1)), CLASSES), "S", CLASSES)


def state_tiled(net):
    """A learned state for each direction, by Tile."""
    recurrent(net, "GRU", lambda net, x, h: net.op("Tile", net.weight(2, 1, h.out()), shape(net, 1, size(net, x, 1), 1)), directions=2)


def state_filled(net):
    """The same number everywhere, by ConstantOfShape."""
    half = numpy_helper.from_array(np.array([0.5], np.float32))
    recurrent(net, "RNN", lambda net, x, h: net.op("ConstantOfShape", shape(net, 1, size(net, x, 1), net.w(h)), value=half))


def state_expanded_number(net):
    """The same by Expand of a number, as the dynamo exporter has it."""
    recurrent(net, "LSTM", lambda net, x, h: net.op("Expand", net.const(0.5, np.float32), shape(net, 1, size(net, x, 1), net.w(h))))


# What was one number is one for each unit.
state_filled.added = state_expanded_number.added = 6


def class_token(net):
    """A learned token in front of every sequence; the stream is a group."""
    u, m = net.group("stream", 6, 10, kind="mixed"), net.group("inner", 6, 10)
    x = sequence(net)
    token = net.op("Expand", net.weight(1, 1, u.out()), shape(net, size(net, x, 0), 1, net.w(u)))
    x = net.op("Concat", token, net.matmul(x, WIDTH, u.out(), bias=False), axis=1)
    x = net.add(x, net.matmul(net.gelu(net.matmul(x, u.to(), m.out())), m.to(), u.out()))
    x = net.op("Gather", x, net.const(0), axis=1)
    net.output(net.gemm(x, CLASSES, u.to()), CLASSES)


# Reshapes to several open sizes

def rows_and_back(net):
    """[N, S, C] as rows for a Gemm, and back."""
    u, v = net.group("u", 6, 10), net.group("v", 5, 9)
    x = sequence(net)
    y = net.relu(net.matmul(x, WIDTH, u.out()))
    rows = net.op("Reshape", y, shape(net, net.op("Mul", size(net, x, 0), size(net, x, 1)), net.w(u)))
    rows = net.relu(net.gemm(rows, v.out(), u.to()))
    y = net.op("Reshape", rows, shape(net, size(net, x, 0), size(net, x, 1), net.w(v)), allowzero=1)
    net.output(net.matmul(y, v.to(), CLASSES), "S", CLASSES)


def heads_in_the_batch(net):
    """torch.bmm: samples and heads are one axis, whose size is computed."""
    h = net.group("heads", HEADS, 5)
    x = sequence(net)
    samples, steps = size(net, x, 0), size(net, x, 1)
    both = net.op("Mul", samples, net.const([net.w(h)]))

    def part():
        y = net.op("Reshape", net.matmul(x, WIDTH, h.out(block=SIZE)), shape(net, samples, steps, net.w(h), SIZE))
        return net.op("Reshape", net.op("Transpose", y, perm=[0, 2, 1, 3]), shape(net, both, steps, SIZE))

    scores = net.op("Softmax", net.op("MatMul", part(), net.op("Transpose", part(), perm=[0, 2, 1])), axis=-1)
    y = net.op("Reshape", net.op("MatMul", scores, part()), shape(net, samples, net.w(h), steps, SIZE))
    y = net.op("Reshape", net.op("Transpose", y, perm=[0, 2, 1, 3]), shape(net, samples, steps, SIZE * net.w(h)))
    net.output(net.add(x, net.matmul(y, h.to(block=SIZE), WIDTH)), "S", WIDTH)


def tokens_and_back(net):
    """Pictures as sequences of pixels, and back."""
    u, v = net.group("u", 6, 10), net.group("v", 5, 9)
    _, y = pictures(net, u, v)
    x = net.op("Transpose", net.op("Reshape", y, net.const([0, 0, -1])), perm=[0, 2, 1])
    x = net.op("Transpose", net.silu(x), perm=[0, 2, 1])
    x = net.op("Reshape", x, shape(net, size(net, y, 0), net.w(v), size(net, y, 2), size(net, y, 3)))
    net.output(net.conv(x, 2, v.to(), 1), 2, "H/2", "W/2")


def shuffled_open(net):
    """A channel shuffle of pictures of any size."""
    u, v = net.group("u", 6, 10), net.group("v", 5, 9)
    x = net.relu(net.conv(net.input(3, "H", "W"), u.out(), 3))
    x = net.relu(net.conv(x, v.out(lead=2), u.to()))
    sizes = size(net, x, 2), size(net, x, 3)
    y = net.op("Reshape", x, shape(net, size(net, x, 0), 2, net.w(v), *sizes), allowzero=1)
    y = net.op("Reshape", net.op("Transpose", y, perm=[0, 2, 1, 3, 4]), shape(net, size(net, x, 0), 2 * net.w(v), *sizes), allowzero=1)
    net.output(net.conv(y, 2, v.to(block=2), 1), 2, "H", "W")


def group_norm_open(net):
    """GroupNorm as both exporters write it, back to the Shape of the operand."""
    u, v = net.group("u", 6, 10), net.group("groups", 3, 5)
    x = net.relu(net.conv(net.input(3, "H", "W"), u.out(), 3))
    x = net.conv(x, v.out(block=2), u.to())
    ones = [net.const(np.full(net.w(v), value), np.float32) for value in (1, 0)]
    y = net.op("InstanceNormalization", net.op("Reshape", x, net.const([0, net.w(v), -1])), *ones)
    y = net.op("Reshape", y, net.op("Shape", x))
    y = net.add(net.mul(y, net.weight(v.each(block=2), shape=[2 * net.w(v), 1, 1])), net.weight(v.each(block=2), shape=[2 * net.w(v), 1, 1]))
    net.output(net.conv(net.relu(y), 2, v.to(block=2), 1), 2, "H", "W")


# Pictures of any size

def resize_gathered(net):
    """Sizes by Gather, one by one; the channels' is a number by then."""
    u, v = net.group("u", 6, 10), net.group("v", 5, 8)
    x, y = pictures(net, u, v)
    y = net.op("Resize", y, "", "", shape(net, size(net, y, 0), size(net, y, 1), size(net, x, 2), size(net, x, 3)), mode="linear")
    halved(net, net.op("Concat", x, y, axis=1), u, v)


def resize_computed_scales(net):
    u, v = net.group("u", 6, 10), net.group("v", 5, 8)
    x, y = pictures(net, u, v)
    sizes = [net.op("Cast", net.op("Slice", net.op("Shape", z), net.const([2]), net.const([4])), to=1) for z in (x, y)]
    scales = net.op("Concat", net.const([1, 1], np.float32), net.op("Div", *sizes), axis=0)
    halved(net, net.op("Concat", x, net.op("Resize", y, "", scales, mode="nearest"), axis=1), u, v)


def pads_computed(net):
    """What a U-Net does where the sizes of its two sides differ."""
    u, v = net.group("u", 6, 10), net.group("v", 5, 8)
    x, y = pictures(net, u, v)
    missing = [net.op("Sub", size(net, x, axis), size(net, y, axis)) for axis in (2, 3)]
    before = [net.op("Div", m, net.const([2])) for m in missing]
    behind = [net.op("Sub", m, b) for m, b in zip(missing, before)]
    halved(net, net.op("Concat", x, net.op("Pad", y, shape(net, 0, 0, *before, 0, 0, *behind)), axis=1), u, v)


def gate_expanded(net):
    """Squeeze-and-excitation whose gate is expanded to the size of the picture."""
    u, v, s = net.group("u", 6, 10), net.group("v", 5, 9), net.group("squeezed", 4, 7)
    _, y = pictures(net, u, v)
    g = net.op("Reshape", net.op("GlobalAveragePool", y), shape(net, size(net, y, 0), size(net, y, 1)))
    g = net.op("Sigmoid", net.gemm(net.relu(net.gemm(g, s.out(), v.to())), v.each(), s.to()))
    g = net.op("Reshape", g, shape(net, size(net, y, 0), size(net, y, 1), 1, 1))
    y = net.mul(y, net.op("Expand", g, shape(net, size(net, y, 0), net.w(v), size(net, y, 2), size(net, y, 3))))
    net.output(net.conv(y, 2, v.to(), 1), 2, "H/2", "W/2")


def mask_expanded(net):
    """A mask of the steps, repeated for every unit before it is applied."""
    u = net.group("u", 6, 10)
    x = sequence(net)
    y = net.relu(net.matmul(x, WIDTH, u.out()))
    mask = net.op("Cast", net.op("Greater", net.op("ReduceMax", x, axes=[2]), net.const(0.7, np.float32)), to=1)
    y = net.mul(y, net.op("Expand", mask, net.op("Shape", y)))
    net.output(net.matmul(y, u.to(), CLASSES), "S", CLASSES)


ALL = [state_tiled, state_filled, state_expanded_number, class_token, rows_and_back, heads_in_the_batch, tokens_and_back, shuffled_open,
       group_norm_open, resize_gathered, resize_computed_scales, pads_computed, gate_expanded, mask_expanded]
