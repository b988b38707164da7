"""Ways in which weights are kept, exact dependences, and what stands beside a chain, on vectors [N, 8]."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

INPUTS, CLASSES = 8, 4


def vector(net):
    return net.input(INPUTS)


def hidden(net, **options):
    return net.group("hidden", 6, 12, **{"kind": "scaled", "dead": 1, "constants": 1, **options})


def wrapped(net, wrap):
    """Two MatMuls whose weights come through `wrap`, which is given the weight as [into, out] sizes."""
    u = hidden(net)
    x = net.relu(net.op("Add", net.op("MatMul", vector(net), wrap(INPUTS, u.out())), net.weight(u.out(), bias=True)))
    net.output(net.op("MatMul", x, wrap(u.to(), CLASSES)), CLASSES)


def constant_nodes(net):
    """Weights as Constant nodes."""
    def wrap(*sizes):
        value = numpy_helper.from_array(net.values(*sizes).astype(np.float32))
        return net.op("Constant", value=value)

    wrapped(net, wrap)


def behind_transpose(net):
    wrapped(net, lambda into, out: net.op("Transpose", net.weight(out, into), perm=[1, 0]))


def behind_identity(net):
    wrapped(net, lambda *sizes: net.op("Identity", net.weight(*sizes)))


def behind_cast(net):
    """Stored in half precision, in steps that stay exact when they are split."""
    def wrap(*sizes):
        coarse = np.round(net.values(*net.base_shape(sizes)) * 32) / 32
        return net.op("Cast", net.const(net.spread(coarse, sizes), np.float16), to=TensorProto.FLOAT)

    wrapped(net, wrap)


def behind_dequantize(net):
    """Stored in 8 bits: one scale for each unit that is made or read."""
    u = hidden(net, dead=0, constants=0)
    first = net.op("DequantizeLinear", whole(net, INPUTS, u.each()), net.weight(u.out(), low=0.002, high=0.005), axis=1)
    second = net.op("DequantizeLinear", whole(net, u.each(), CLASSES), net.weight(u.to(), low=0.002, high=0.005), axis=0)
    x = net.relu(net.op("Add", net.op("MatMul", vector(net), first), net.weight(u.out(), bias=True)))
    net.output(net.op("MatMul", x, second), CLASSES)


def whole(net, *sizes, step=1, most=100):
    """Integers of 8 bits: multiples of `step` at the base's widths."""
    made = np.round(net.values(*net.base_shape(sizes), low=-most, high=most) / step) * step
    return net.const(net.spread(made, sizes), np.int8)


def dequantize_tensor(net):
    """One scale for each weight; what reads copies holds eighths. (ONNX Runtime rounds the data of products with such weights, not of Convs.)"""
    u = net.group("hidden", 6, 11)
    first = net.op("DequantizeLinear", whole(net, u.each(), 3, 3, 3), net.const(0.004, np.float32), net.const(0, np.int8))
    second = net.op("DequantizeLinear", whole(net, CLASSES, u.to(), 1, 1, step=8, most=60), net.const(0.003, np.float32))
    x = net.relu(net.op("Conv", net.input(3, 6, 6), first, net.weight(u.out())))
    net.output(net.op("Conv", x, second), CLASSES, 4, 4)


def dequantize_then_transpose(net):
    """A scale for each output of either layer, weights stored the other way round, under names that other nodes copy."""
    u = net.group("hidden", 6, 11)
    def stored(*sizes, scale, **options):
        form = net.op("DequantizeLinear", net.op("Identity", whole(net, *sizes, **options)), scale, axis=0)
        return net.op("Transpose", net.op("Identity", form), perm=[1, 0])

    first = stored(u.each(), INPUTS, scale=net.weight(u.each(), low=0.002, high=0.005))
    second = stored(CLASSES, u.to(), step=8, most=60, scale=net.weight(CLASSES, low=0.002, high=0.005))
    x = net.relu(net.op("Add", net.op("MatMul", vector(net), first), net.weight(u.out())))
    net.output(net.op("MatMul", x, second), CLASSES)


def dequantize_blocks(net):
    """Scales for blocks of two and four along the axes that no unit stands on."""
    u = net.group("hidden", 6, 11)
    first = net.op("DequantizeLinear", whole(net, INPUTS, u.each()), net.weight(2, u.each(), low=0.002, high=0.005), axis=0, block_size=4)
    second = net.op("DequantizeLinear", whole(net, u.each(), CLASSES), net.weight(u.to(), 2, low=0.002, high=0.005), axis=1, block_size=2)
    x = net.relu(net.op("Add", net.op("MatMul", vector(net), first), net.weight(u.out())))
    net.output(net.op("MatMul", x, second), CLASSES)


dequantize_blocks.opset = 21


def chains_of_identities(net):
    def wrap(into, out):
        value = net.op("Identity", net.op("Identity", net.weight(out, into)))
        return net.op("Identity", net.op("Transpose", net.op("Identity", value), perm=[1, 0]))

    wrapped(net, wrap)


def transposed_for_two(net):
    """One weight, transposed once and read by two products."""
    u = hidden(net)
    first, bias = net.op("Transpose", net.weight(u.out(), INPUTS, scale=0.4), perm=[1, 0]), net.weight(u.out(), bias=True)
    a, b = (net.relu(net.op("Add", net.op("MatMul", net.input(INPUTS, name=name), first), bias)) for name in ("x", "z"))
    net.output(net.op("Sub", net.gemm(a, CLASSES, u.to()), net.gemm(b, CLASSES, u.to())), CLASSES)


def shared_bias(net):
    """Three layers of one width share a vector of zeros as their bias, and a vector of ones as a scale."""
    groups = [net.group(f"hidden{i}", 6, 10) for i in range(3)]
    zeros, ones = (net.const(np.full(net.w(groups[0]), number), np.float32) for number in (0, 1))
    x, into = vector(net), INPUTS
    for u in groups:
        x = net.op("Tanh", net.op("Gemm", x, net.weight(u.out(), into, scale=0.4), zeros, transB=1))
        x, into = net.op("Tanh", net.mul(x, ones)), u.to()
    net.output(net.gemm(x, CLASSES, into), CLASSES)


def shared_scalar(net):
    """One number, of one axis and of none, in layers of two widths."""
    u, v = net.group("u", 6, 10), net.group("v", 5, 9)
    scalar, single = net.const(0.7, np.float32), net.const([0.5], np.float32)
    x, into = vector(net), INPUTS
    for group in (u, v):
        x = net.op("Tanh", net.mul(net.op("Tanh", net.mul(net.gemm(x, group.out(), into), scalar)), single))
        into = group.to()
    net.output(net.mul(net.gemm(x, CLASSES, into), scalar), CLASSES)


def many_readers(net):
    """One tensor read by a Gemm, a product, a gate and a scale for each unit."""
    u = net.group("hidden", 6, 11)
    x = net.op("Tanh", net.gemm(vector(net), u.out(), INPUTS))
    gate = net.mul(x, net.op("Sigmoid", x))
    scaled = net.gemm(net.mul(x, net.weight(u.each())), CLASSES, u.to())
    net.output(net.add(net.add(net.gemm(x, CLASSES, u.to()), net.matmul(x, u.to(), CLASSES)), net.add(net.gemm(gate, CLASSES, u.to()), scaled)), CLASSES)


def shared_weights(net):
    """One first layer for two inputs, one second layer for both results."""
    u = hidden(net)
    first, bias, second = net.weight(u.out(), INPUTS, scale=0.4), net.weight(u.out(), bias=True), net.weight(CLASSES, u.to())
    for name in ("x", "z"):
        y = net.relu(net.op("Gemm", net.input(INPUTS, name=name), first, bias, transB=1))
        net.output(net.op("Gemm", y, second, transB=1), CLASSES, name=f"y{name}")


def shared_first_layer(net):
    """A shared first layer whose two results are read by layers of their own and by their difference."""
    u = hidden(net)
    first, bias = net.weight(u.out(), INPUTS, scale=0.4), net.weight(u.out(), bias=True)
    a, b = (net.relu(net.op("Gemm", net.input(INPUTS, name=name), first, bias, transB=1)) for name in ("x", "z"))
    net.output(net.add(net.gemm(a, CLASSES, u.to()), net.gemm(b, CLASSES, u.to())), CLASSES)
    net.output(net.gemm(net.op("Sub", a, b), CLASSES, u.to()), CLASSES, name="difference")


def tied_layers(net):
    """The same square weight twice in a row: its rows and columns are the same units."""
    u = net.group("hidden", 6, 10)
    first, bias = net.weight(u.out(), u.to(), scale=0.4), net.weight(u.out())
    x = net.op("Tanh", net.gemm(vector(net), u.out(), INPUTS))
    for _ in range(2):
        x = net.op("Tanh", net.op("Gemm", x, first, bias, transB=1))
    net.output(net.gemm(x, CLASSES, u.to()), CLASSES)


def linear_linear(net):
    """Nothing between two layers: their interface needs no more units than its rank."""
    u = net.group("interface", 5, 11, kind="mixed")
    net.output(net.gemm(net.gemm(vector(net), u.out(), INPUTS), CLASSES + 4, u.to()), CLASSES + 4)


def linear_convs(net):
    """The same with convolutions, as in a factorised layer."""
    u, v = net.group("interface", 4, 9, kind="mixed"), net.group("v", 5, 9, kind="scaled", dead=1)
    x = net.conv(net.input(3, 8, 8), u.out(), 3)
    x = net.relu(net.conv(x, v.out(), u.to(), kernel=1))
    net.output(net.pooled(x, CLASSES, v.to()), CLASSES)


def always_on(net):
    """Units that Relu lets through on all data are linear: no more of them are needed than there are inputs."""
    u = net.group("hidden", 6, 14, kind="positive")
    x = net.relu(net.gemm(vector(net), u.out(), INPUTS, at_least=4))
    net.output(net.gemm(x, CLASSES + 4, u.to()), CLASSES + 4)


# Beside a chain

def beside(net, use):
    """A chain that can shrink, plus what `use` makes of another layer's five units."""
    u = hidden(net)
    x = vector(net)
    touched = net.relu(net.gemm(x, 5, INPUTS))
    y = net.relu(net.gemm(x, u.out(), INPUTS))
    net.output(net.add(net.gemm(y, CLASSES, u.to()), net.gemm(use(touched, x), CLASSES, 5)), CLASSES)


def body(name, nodes, inputs, outputs):
    info = lambda values: [helper.make_tensor_value_info(n, t, s) for n, t, s in values]
    return helper.make_graph(nodes, name, info(inputs), info(outputs))


def beside_if(net):
    """Either branch reads a value from outside; which one, the data say."""
    def use(touched, x):
        branch = lambda kind: body(kind, [helper.make_node(kind, [touched], [f"{kind}.result"])], [],
                                   [(f"{kind}.result", TensorProto.FLOAT, ["N", 5])])
        positive = net.op("Greater", net.op("ReduceMax", x, keepdims=0), net.const(0.5, np.float32))
        return net.op("If", positive, then_branch=branch("Tanh"), else_branch=branch("Sigmoid"))

    beside(net, use)


def branch_taken(net):
    """torch.tile by the legacy exporter: Ifs compare ranks, which no input changes, and read the units in the branch that is taken."""
    u = net.group("u", 5, 9, dead=1)
    x = net.relu(net.gemm(vector(net), u.out(), INPUTS))
    shape = net.op("Shape", x)
    more = net.op("Sub", net.op("Size", shape), net.const(2))
    zero, one, repeats = net.const(0), net.const([1]), net.const([1, 2])

    def branch(name, nodes, kind, dims):
        return body(name, nodes, [], [(name, kind, dims)])

    times = net.op("If", net.op("Greater", more, zero),
                   then_branch=branch("longer", [helper.make_node("Reshape", [more, one], ["count"]),
                                                 helper.make_node("Expand", [one, "count"], ["ones"]),
                                                 helper.make_node("Concat", ["ones", repeats], ["longer"], axis=0)], TensorProto.INT64, [None]),
                   else_branch=branch("same", [helper.make_node("Identity", [repeats], ["same"])], TensorProto.INT64, [2]))
    y = net.op("If", net.op("Less", more, zero),
               then_branch=branch("wider", [helper.make_node("Abs", [more], ["rank"]), helper.make_node("Reshape", ["rank", one], ["count"]),
                                            helper.make_node("Expand", [one, "count"], ["ones"]),
                                            helper.make_node("Concat", ["ones", shape], ["target"], axis=0),
                                            helper.make_node("Reshape", [x, "target"], ["wider"])], TensorProto.FLOAT, None),
               else_branch=branch("as it is", [helper.make_node("Identity", [x], ["as it is"])], TensorProto.FLOAT, ["N", net.w(u)]))
    y = net.op("Tile", y, net.op("Cast", times, to=TensorProto.INT64))
    net.output(net.gemm(y, CLASSES, u.to(lead=2)), CLASSES)


def beside_loop(net):
    def use(touched, x):
        matrix = net.weight(5, 5)
        nodes = [helper.make_node("MatMul", ["state", matrix], ["product"]), helper.make_node("Tanh", ["product"], ["next"]),
                 helper.make_node("Identity", ["going"], ["on"])]
        graph = body("steps", nodes, [("step", TensorProto.INT64, []), ("going", TensorProto.BOOL, []), ("state", TensorProto.FLOAT, ["N", 5])],
                     [("on", TensorProto.BOOL, []), ("next", TensorProto.FLOAT, ["N", 5])])
        return net.op("Loop", net.const(3), net.const(True, np.bool_), touched, body=graph)

    beside(net, use)


def beside_scan(net):
    def use(touched, x):
        nodes = [helper.make_node("Mul", ["item", "one"], ["scaled"]), helper.make_node("Add", ["state", "scaled"], ["next"])]
        nodes.insert(0, helper.make_node("Constant", [], ["one"], value=numpy_helper.from_array(np.full(1, 0.5, np.float32))))
        graph = body("steps", nodes, [("state", TensorProto.FLOAT, ["N", 5]), ("item", TensorProto.FLOAT, ["N", 5])],
                     [("next", TensorProto.FLOAT, ["N", 5])])
        items = net.op("Unsqueeze", touched, net.const([0]))
        return net.op("Scan", touched, net.op("Concat", items, items, axis=0), num_scan_inputs=1, body=graph)

    beside(net, use)


def beside_unknown(net):
    """An operator that no ONNX standard has reads another layer; nobody reads its result."""
    def use(touched, x):
        net.op("QuickGelu", touched, domain="com.microsoft")
        return touched

    beside(net, use)


def unknown_reads_the_chain(net):
    """The same operator reads one of two layers of the chain: that one is pinned, the other is not."""
    u, v = hidden(net), net.group("pinned", 5, 5)
    y = net.relu(net.gemm(vector(net), u.out(), INPUTS))
    z = net.relu(net.gemm(y, v.out(), u.to()))
    net.op("QuickGelu", z, domain="com.microsoft")
    net.output(net.gemm(z, CLASSES, v.to()), CLASSES)


def model_function(net):
    """An operator that the model defines itself as a function."""
    net.functions.append(helper.make_function(
        "org.example", "Softsquare", ["a"], ["b"], [helper.make_node("Softsign", ["a"], ["s"]), helper.make_node("Mul", ["s", "s"], ["b"])],
        [helper.make_opsetid("", net.opset)]))
    beside(net, lambda touched, x: net.op("Softsquare", touched, domain="org.example"))


ALL = [constant_nodes, behind_transpose, behind_identity, behind_cast, behind_dequantize, dequantize_tensor,
       dequantize_then_transpose, dequantize_blocks, chains_of_identities, transposed_for_two, shared_bias, shared_scalar, many_readers,
       shared_weights, shared_first_layer, tied_layers,
       linear_linear, linear_convs, always_on, beside_if, branch_taken, beside_loop, beside_scan, beside_unknown,
       unknown_reads_the_chain, model_function]
