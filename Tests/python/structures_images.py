"""Structures of convolutional networks, each as a small one on pictures [N, 3, 8, 8]."""
import numpy as np

CLASSES = 4


def picture(net):
    return net.input(3, 8, 8)


def stem(net, group, **options):
    """Pictures to the units of a group, with Relu."""
    return net.relu(net.conv(picture(net), group.out(**options), 3))


def classes(net, x, into):
    net.output(net.pooled(x, CLASSES, into), CLASSES)


def plain_chain(net):
    u, v = net.group("u", 6, 12, kind="scaled", dead=1, constants=1), net.group("v", 7, 13, kind="scaled", dead=1, constants=1)
    x = net.op("MaxPool", stem(net, u), kernel_shape=[2, 2], strides=[2, 2])
    classes(net, net.relu(net.conv(x, v.out(), u.to())), v.to())


def residual_stage(net):
    """A block that keeps the stream, and one with a projection to another, BatchNormalization everywhere."""
    u, v = net.group("stream", 6, 11, dead=1), net.group("wide stream", 8, 13, dead=1)
    a, b = net.group("inner", 5, 10, kind="scaled", dead=1, constants=1), net.group("wide inner", 6, 11, kind="scaled", dead=1)
    x = net.relu(net.conv_norm(picture(net), u.each(), u.out(), 3))
    y = net.relu(net.conv_norm(x, a.each(), a.out(), u.to()))
    x = net.relu(net.add(net.conv_norm(y, u.each(), u.out(), a.to()), x))
    y = net.relu(net.conv_norm(x, b.each(), b.out(), u.to(), strides=[2, 2]))
    y = net.conv_norm(y, v.each(), v.out(), b.to())
    x = net.relu(net.add(y, net.conv_norm(x, v.each(), v.out(), u.to(), kernel=1, strides=[2, 2])))
    classes(net, x, v.to())


def csp(net):
    """C2f: the result is split in two, one half runs through a residual bottleneck, all is joined."""
    c, m = net.group("halves", 5, 9, dead=1), net.group("bottleneck", 4, 9, dead=1)
    x = net.silu(net.conv(picture(net), c.out(lead=2), 3, kernel=1))
    a, b = net.op("Split", x, net.const([net.w(c)] * 2), outputs=2, axis=1)
    inner = net.silu(net.conv(b, m.out(), c.to()))
    d = net.add(b, net.silu(net.conv(inner, c.out(), m.to())))
    joined = net.op("Concat", a, b, d, axis=1)
    last = net.group("last", 6, 10)
    classes(net, net.silu(net.conv(joined, last.out(), c.to(lead=3), kernel=1)), last.to())


def split_without_lengths(net):
    """Two halves that are redundant in units of their own; the node holds no lengths."""
    u, v = net.group("first half", 6, 10, dead=1), net.group("second half", 6, 10, dead=1)
    x = net.op("Concat", stem(net, u), net.relu(net.conv("x", v.out(), 3)), axis=1)
    a, b = net.op("Split", x, outputs=2, axis=1)
    classes(net, net.op("Concat", net.relu(b), a, axis=1), [v.to(), u.to()])


def dense_block(net):
    """DenseNet: each layer reads all before it."""
    u, g, h = net.group("u", 5, 9, dead=1), net.group("g", 4, 8, dead=1), net.group("h", 4, 7)
    x = stem(net, u)
    y = net.relu(net.conv(x, g.out(), u.to()))
    x = net.op("Concat", x, y, axis=1)
    z = net.relu(net.conv(x, h.out(), [u.to(), g.to()]))
    x = net.op("Concat", x, z, axis=1)
    classes(net, x, [u.to(), g.to(), h.to()])


def slices(net):
    """Two halves of one result by Slice, one the gate of the other."""
    u = net.group("u", 6, 10)
    x = net.conv(picture(net), u.out(lead=2), 3)
    axes, ends = net.const([1]), [net.w(u), 2 * net.w(u)]
    a = net.op("Slice", x, net.const([0]), net.const(ends[:1]), axes)
    b = net.op("Slice", x, net.const(ends[:1]), net.const(ends[1:]), axes)
    classes(net, net.mul(a, net.op("Sigmoid", b)), u.to())


def depthwise(net):
    u, v = net.group("u", 6, 11, dead=1), net.group("v", 5, 9)
    x = stem(net, u)
    x = net.relu(net.conv(x, u.each(), 1, bias=False, group=net.w(u)))
    classes(net, net.relu(net.conv(x, v.out(), u.to(), kernel=1)), v.to())


def grouped_whole(net):
    """Grouped Conv, redundant in whole groups: of 2 inputs and 3 outputs each."""
    g = net.group("groups", 4, 7)
    x = stem(net, g, block=2)
    x = net.relu(net.conv(x, g.out(block=3), 2, group=net.w(g)))
    classes(net, x, g.to(block=3))


def grouped_inner(net):
    """Grouped Conv, redundant within each of its 3 groups: inputs and outputs."""
    u, v = net.group("inputs", 4, 7), net.group("outputs", 5, 8)
    x = stem(net, u, lead=3)
    x = net.relu(net.conv(x, v.out(lead=3), u.to(), group=3))
    classes(net, x, v.to(lead=3))


def inverted_residual(net):
    """MobileNetV2: expansion, depthwise Conv, linear projection, sum; ReLU6."""
    u, e = net.group("stream", 5, 9, kind="mixed"), net.group("expanded", 8, 14, dead=2)
    six = lambda x: net.op("Clip", x, net.const(0, np.float32), net.const(6, np.float32))
    x = net.conv(picture(net), u.out(), 3)
    y = six(net.conv(x, e.out(), u.to(), kernel=1))
    y = six(net.conv(y, e.each(), 1, bias=False, group=net.w(e)))
    x = net.add(net.conv(y, u.out(), e.to(), kernel=1), x)
    head = net.group("head", 6, 10)
    classes(net, six(net.conv(x, head.out(), u.to(), kernel=1)), head.to())


def squeeze_excitation(net):
    u, s = net.group("u", 6, 11), net.group("squeezed", 3, 6, kind="scaled", dead=1)
    x = stem(net, u)
    gate = net.relu(net.conv(net.op("GlobalAveragePool", x), s.out(), u.to(), kernel=1))
    gate = net.op("HardSigmoid", net.conv(gate, u.out(), s.to(), kernel=1))
    classes(net, net.mul(x, gate), u.to())


def spatial_gate(net):
    """A gate of one channel for all: Mul by a branch that is broadcast over the units."""
    u = net.group("u", 6, 11, dead=1, constants=1)
    x = stem(net, u)
    classes(net, net.mul(x, net.op("Sigmoid", net.conv(x, 1, u.to(), kernel=1))), u.to())


def transposed_conv(net):
    u, v = net.group("u", 6, 11, kind="scaled", dead=1, constants=1), net.group("v", 5, 9, kind="scaled", dead=1)
    x = net.op("MaxPool", stem(net, u), kernel_shape=[2, 2], strides=[2, 2])
    x = net.op("ConvTranspose", x, net.weight(u.to(), v.out(), 2, 2), net.weight(v.out(), bias=True), strides=[2, 2])
    net.output(net.conv(net.relu(x), 2, v.to()), 2, 8, 8)


def resize_pad_pool(net):
    u = net.group("u", 6, 12, kind="scaled", dead=1, constants=1)
    x = net.op("Pad", stem(net, u), net.const([0, 0, 1, 1, 0, 0, 1, 1]))
    x = net.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = net.op("Resize", x, "", net.const([1, 1, 2, 2], np.float32), mode="nearest")
    x = net.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    net.output(net.conv(x, 2, u.to(), pads=[0] * 4), 2, 2, 2)


def resize_to_sizes(net):
    """As exporters write interpolation to the size of another value: the channels stand in the sizes, too."""
    u, v = net.group("u", 6, 11, dead=1), net.group("v", 5, 8, dead=1)
    x = stem(net, u)
    y = net.relu(net.conv(x, v.out(), u.to(), strides=[2, 2]))
    start = net.op("Slice", net.op("Shape", y), net.const([0]), net.const([2]), net.const([0]))
    y = net.op("Resize", y, "", "", net.op("Concat", start, net.const([8, 8]), axis=0), mode="linear")
    net.output(net.conv(net.op("Concat", x, y, axis=1), 2, [u.to(), v.to()]), 2, 8, 8)


def prelu(net):
    u, v = net.group("u", 6, 11), net.group("v", 5, 9, dead=1)
    x = net.conv(picture(net), u.out(), 3)
    x = net.op("PRelu", x, net.op("Reshape", net.weight(u.each()), net.const([net.w(u), 1, 1])))
    x = net.op("PRelu", net.conv(x, v.out(), u.to()), net.weight(1, shape=[1, 1, 1]))
    classes(net, x, v.to())


def depth_to_space(net):
    """Channels of the result are blocks of four of the operand, in both orders; and back."""
    u, v = net.group("u", 5, 9, dead=1), net.group("v", 4, 7, dead=1)
    x = net.op("DepthToSpace", net.conv(picture(net), u.out(lead=4), 3), blocksize=2, mode="DCR")
    x = net.relu(net.conv(net.relu(x), v.out(block=4), u.to(), strides=[2, 2]))
    x = net.op("DepthToSpace", x, blocksize=2, mode="CRD")
    x = net.op("SpaceToDepth", x, blocksize=2)
    net.output(net.conv(x, 2, v.to(lead=4)), 2, 8, 8)


def pixel_shuffle(net):
    """Pixel shuffle written out as Reshape, Transpose, Reshape."""
    u = net.group("u", 5, 9, dead=1)
    x = net.relu(net.conv(picture(net), u.out(block=4), 3))
    x = net.op("Reshape", x, net.const([-1, net.w(u), 2, 2, 8, 8]))
    x = net.op("Transpose", x, perm=[0, 1, 4, 2, 5, 3])
    x = net.op("Reshape", x, net.const([-1, net.w(u), 16, 16]))
    net.output(net.conv(x, 2, u.to()), 2, 16, 16)


def channel_shuffle(net):
    """ShuffleNet: 2 groups of channels are interleaved between two Convs."""
    u = net.group("u", 5, 9, dead=1)
    x = net.relu(net.conv(picture(net), u.out(lead=2), 3))
    x = net.op("Reshape", x, net.const([0, 2, net.w(u), 8, 8]))
    x = net.op("Transpose", x, perm=[0, 2, 1, 3, 4])
    x = net.op("Reshape", x, net.const([0, 2 * net.w(u), 8, 8]))
    classes(net, net.relu(net.conv(x, 5, u.to(block=2))), 5)


def shuffled_halves(net):
    """ShuffleNet V2: blocks that cut the channels in two, convolve one half, join and shuffle; cut 3 ways, the middle one uneven."""
    u, t, v, m = (net.group(n, b, p, **o) for n, b, p, o in (("u", 2, 3, {}), ("t", 2, 3, {"dead": 1}), ("v", 4, 6, {"dead": 1}), ("m", 5, 9, {})))

    def shuffle(x, channels):
        x = net.op("Reshape", x, net.const([0, 2, channels // 2, 8, 8]))
        return net.op("Reshape", net.op("Transpose", x, perm=[0, 2, 1, 3, 4]), net.const([0, channels, 8, 8]))

    def block(x, first, into, out):
        """The channels in front of `first` pass, the others are convolved to as many."""
        parts = [net.op("Slice", x, *map(net.const, ([start], [end], [1]))) for start, end in ((0, first), (first, 2 * first))]
        y = net.relu(net.conv(parts[1], m.out(), into, 1))
        y = net.conv(y, m.each(), 1, group=net.w(m))
        return shuffle(net.op("Concat", parts[0], net.relu(net.conv(y, out, m.to(), 1)), axis=1), 2 * first)

    x, half = picture(net), net.w(u) + net.w(t) + net.w(v)
    whole = lambda block=1: [g.out(block=block) for g in (u, t, v)]
    x = shuffle(net.op("Concat", *[net.relu(net.conv(x, whole(), 3)) for _ in range(2)], axis=1), 2 * half)
    x = block(x, half, v.to(block=2), [u.out(block=2), t.out(block=2)])
    x = block(x, half, t.to(block=4), u.out(block=4))
    classes(net, net.relu(net.conv(x, 5, u.to(block=8))), 5)


def channels_last(net):
    """A graph in NHWC around Convs in NCHW, as converters write it."""
    u, v = net.group("u", 6, 11, dead=1), net.group("v", 5, 9, dead=1)
    first, last = dict(perm=[0, 3, 1, 2]), dict(perm=[0, 2, 3, 1])
    x = net.op("Transpose", net.input(8, 8, 3), **first)
    x = net.op("Transpose", net.conv(x, u.out(), 3, bias=False), **last)
    x = net.relu(net.op("Add", net.op("Mul", x, net.weight(u.each(), low=0.5, high=1.5)), net.weight(u.out(), bias=True)))
    x = net.op("Transpose", net.conv(net.op("Transpose", x, **first), v.out(), u.to()), **last)
    x = net.op("ReduceMean", net.relu(x), axes=[1, 2], keepdims=0)
    net.output(net.gemm(x, CLASSES, v.to()), CLASSES)


def norm_after_activation(net):
    """Conv, Relu, BatchNormalization: it does not fold into that Conv."""
    u, v = net.group("u", 6, 11), net.group("v", 5, 9)
    x = net.norm(stem(net, u), u.each(), u.each())
    x = net.norm(net.relu(net.conv(x, v.out(), u.to())), v.each(), v.each())
    classes(net, x, v.to())


def norm_written_out(net):
    """BatchNormalization as Sub, Mul, Add with [C, 1, 1] constants."""
    u = net.group("u", 6, 11)
    x = stem(net, u)
    number = lambda: net.weight(u.each(), shape=[net.w(u), 1, 1], low=0.5, high=1.5)
    x = net.op("Add", net.op("Mul", net.op("Sub", x, number()), number()), number())
    classes(net, net.relu(x), u.to())


def instance_norm(net):
    u = net.group("u", 6, 11)
    x = net.conv(picture(net), u.out(), 3)
    x = net.relu(net.op("InstanceNormalization", x, net.weight(u.each(), low=0.5, high=1.5), net.weight(u.each())))
    net.output(net.conv(x, 2, u.to()), 2, 8, 8)


def group_norm(net):
    g = net.group("groups", 4, 7)
    x = net.conv(picture(net), g.out(block=2), 3)
    x = net.op("GroupNormalization", x, net.weight(g.each(block=2), low=0.5, high=1.5), net.weight(g.each(block=2)), num_groups=net.w(g))
    net.output(net.conv(net.relu(x), 2, g.to(block=2)), 2, 8, 8)


group_norm.opset = 21


def group_norm_exported(net):
    """GroupNorm as PyTorch exports it: Reshape, InstanceNormalization, Reshape, Mul, Add."""
    g = net.group("groups", 4, 7)
    x = net.conv(picture(net), g.out(block=2), 3)
    y = net.op("Reshape", x, net.const([0, net.w(g), -1]))
    y = net.op("InstanceNormalization", y, net.const(np.ones(net.w(g)), np.float32), net.const(np.zeros(net.w(g)), np.float32))
    y = net.op("Reshape", y, net.op("Shape", x))
    y = net.op("Mul", y, net.weight(g.each(block=2), shape=[2 * net.w(g), 1, 1], low=0.5, high=1.5))
    y = net.op("Add", y, net.weight(g.each(block=2), shape=[2 * net.w(g), 1, 1]))
    net.output(net.conv(net.relu(y), 2, g.to(block=2)), 2, 8, 8)


def pooled_reshape(net):
    u = net.group("u", 6, 12, kind="scaled", dead=1, constants=1)
    x = net.op("Reshape", net.op("GlobalAveragePool", stem(net, u)), net.const([-1, net.w(u)]))
    net.output(net.gemm(x, CLASSES, u.to()), CLASSES)


def pooled_squeeze(net):
    u = net.group("u", 6, 12, kind="scaled", dead=1, constants=1)
    x = net.op("Squeeze", net.op("GlobalMaxPool", stem(net, u)), net.const([2, 3]))
    net.output(net.gemm(x, CLASSES, u.to()), CLASSES)


def flattened(net):
    """A Gemm that reads every place of every channel."""
    u = net.group("u", 5, 9, kind="scaled", dead=1)
    x = net.op("MaxPool", stem(net, u), kernel_shape=[4, 4], strides=[4, 4])
    net.output(net.gemm(net.op("Flatten", x), CLASSES, u.to(block=4)), CLASSES)


def many_readers(net):
    """One value read by Conv, ConvTranspose, a pooled Gemm and a depthwise Conv."""
    u = net.group("u", 6, 11, dead=1)
    x = stem(net, u)
    y = net.op("ConvTranspose", x, net.weight(u.to(), 2, 1, 1))
    z = net.conv(net.conv(x, u.each(), 1, bias=False, group=net.w(u)), 2, u.to(), kernel=1)
    net.output(net.add(net.add(net.conv(x, 2, u.to()), y), z), 2, 8, 8)
    net.output(net.pooled(x, CLASSES, u.to()), CLASSES, name="classes")


ALL = [plain_chain, residual_stage, csp, split_without_lengths, dense_block, slices, depthwise, grouped_whole, grouped_inner, inverted_residual, squeeze_excitation,
       spatial_gate, transposed_conv, resize_pad_pool, resize_to_sizes, prelu, depth_to_space, pixel_shuffle, channel_shuffle, shuffled_halves,
       channels_last,
       norm_after_activation, norm_written_out, instance_norm, group_norm, group_norm_exported, pooled_reshape, pooled_squeeze, flattened,
       many_readers]
