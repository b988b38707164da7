"""Networks that are built from a seed at two widths and compute the same function: exact redundancy in structures of every kind.

A builder writes one network and marks the axes of its weights that belong to a group of units. `build(builder)` gives the network as it is
meant, `build(builder, planted=True)` the same with more units in every group: its weights are those of the first, multiplied along each
marked axis. With x the units of the base and x' = M x those of the planted network,

  written   axes along which units are made are multiplied by M: scaled copies of other units, mixtures, zeros
  read      axes along which units are read are multiplied by a matrix N with N M = 1: a unit's weights are split among its copies
  copied    numbers of single units that do not scale with them (means, variances, slopes, filters of a depthwise Conv)

A unit that is always zero is read with random weights, two that are always the same constant with opposite ones.
"""
import zlib
from dataclasses import dataclass
import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper

BASE_OPSET = 17


@dataclass(frozen=True)
class Axis:
    """An axis of a weight over the units of a group: [lead, units, block] in one."""
    group: "Group"
    role: str
    lead: int = 1
    block: int = 1

    def matrix(self, planted):
        units = self.group.matrix(self.role) if planted else np.eye(self.group.base)
        return np.kron(np.eye(self.lead), np.kron(units, np.eye(self.block)))


class Group:
    """A group with its width in the base and in the planted network, and the matrices between the two.

    kind: 'copies'; 'scaled' copies, where functions between are positively homogeneous; 'mixed', where they are linear; 'positive', the same
    with mixtures that stay positive; 'zeros', where zero slots change nothing. `dead` and `constants` add units that are always zero (where
    functions between map 0 to 0) and constant ones (where every maker has a bias).
    """

    def __init__(self, name, base, planted, kind="copies", dead=0, constants=0):
        self.name, self.base, self.planted, self.kind = name, base, planted, kind
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        copies = planted - base - dead - 2 * constants
        assert copies >= 0, name
        source = np.concatenate([np.arange(base), rng.integers(0, base, planted - base)])
        self.written, self.read = np.zeros((planted, base)), np.zeros((base, planted))
        self.copied, self.constant = np.eye(base)[source], np.zeros(planted)
        filled = slice(0, base + copies)
        if kind in ("mixed", "positive"):
            self.mix(filled, rng)
        elif kind == "zeros":
            self.written[:base] = self.read[:, :base] = np.eye(base)
        else:
            self.copy(source[filled], rng)
        self.read[:, base + copies:base + copies + dead] = rng.normal(0, 0.5, (base, dead))
        for at in range(base + copies + dead, planted, 2):
            self.constant[at:at + 2] = rng.uniform(0.3, 1)
            column = rng.normal(0, 0.5, base)
            self.read[:, at], self.read[:, at + 1] = column, -column
            self.copied[at + 1] = self.copied[at]
        order = rng.permutation(planted)
        self.written, self.copied, self.constant, self.read = (
            self.written[order], self.copied[order], self.constant[order], self.read[:, order])
        assert np.allclose(self.read @ self.written, np.eye(base))

    def copy(self, source, rng):
        """Copies; a unit's weights are split at random eighths, which half precision can hold."""
        for unit in range(self.base):
            at = np.flatnonzero(source == unit)
            scale = 2.0 ** rng.integers(-1, 2, len(at)) if self.kind == "scaled" else np.ones(len(at))
            shares = rng.integers(1, 8, len(at)) / 8
            shares[-1] = 1 - shares[:-1].sum()
            self.written[at, unit], self.read[unit, at] = scale, shares / scale

    def mix(self, filled, rng):
        """Mixtures, read by one of the many left inverses."""
        shape = self.written[filled].shape
        m = rng.uniform(0.1, 1, shape) if self.kind == "positive" else rng.normal(0, 1, shape)
        inverse = np.linalg.pinv(m)
        self.written[filled] = m
        self.read[:, filled] = inverse + rng.normal(0, 0.3, inverse.shape) @ (np.eye(len(m)) - m @ inverse)

    def matrix(self, role):
        return {"written": self.written, "read": self.read.T, "copied": self.copied}[role]

    def out(self, lead=1, block=1):
        return Axis(self, "written", lead, block)

    def to(self, lead=1, block=1):
        return Axis(self, "read", lead, block)

    def each(self, lead=1, block=1):
        return Axis(self, "copied", lead, block)


class Net:
    """A network that is being written. Sizes of weights are numbers, `Axis` values, or lists of both that stand side by side."""

    def __init__(self, planted, opset=BASE_OPSET):
        self.planted, self.opset, self.domains = planted, opset, {}
        self.groups, self.nodes, self.weights, self.inputs, self.outputs, self.functions = {}, [], [], [], [], []

    # Groups and values

    def group(self, name, base, planted, **options):
        """A group; `w(group)` is its width in this network."""
        return self.groups.setdefault(name, Group(name, base, planted, **options))

    def w(self, group):
        return group.planted if self.planted else group.base

    def input(self, *shape, name="x"):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape]))
        return name

    def output(self, value, *shape, name="y"):
        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"{name}.out"))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape]))

    def fresh(self, word):
        return f"{word}_{len(self.nodes) + len(self.weights)}"

    def op(self, kind, *inputs, outputs=1, domain="", **attributes):
        """Adds a node; the name of its output, or of its outputs."""
        name = self.fresh(kind)
        results = [name] if outputs == 1 else [f"{name}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), results, name=f"{name}.node", domain=domain, **attributes))
        if domain:
            self.domains.setdefault(domain, 1)
        return name if outputs == 1 else results

    # Weights

    def const(self, values, dtype=np.int64):
        name = self.fresh("constant")
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def spread(self, array, sizes):
        """The array at base widths, brought to this network's."""
        for position, size in enumerate(sizes):
            parts = size if isinstance(size, list) else [size]
            blocks = [p.matrix(self.planted) if isinstance(p, Axis) else np.eye(p) for p in parts]
            whole = np.zeros((sum(len(b) for b in blocks), sum(b.shape[1] for b in blocks)))
            row = column = 0
            for block in blocks:
                whole[row:row + len(block), column:column + block.shape[1]] = block
                row, column = row + len(block), column + block.shape[1]
            array = np.moveaxis(np.tensordot(whole, array, (1, position)), 0, position)
        return array

    def base_shape(self, sizes):
        part = lambda p: p.lead * p.group.base * p.block if isinstance(p, Axis) else p
        return [sum(part(p) for p in (s if isinstance(s, list) else [s])) for s in sizes]

    def values(self, *sizes, low=None, high=None, scale=None, bias=False, at_least=0.0):
        """Random numbers of that shape: uniform within [low, high], else normal with deviation `scale`. `bias` gives constant units theirs."""
        shape = self.base_shape(sizes)
        rng = np.random.default_rng(len(self.nodes) * 1000 + len(self.weights))
        made = rng.uniform(low, high, shape) if low is not None else rng.normal(0, 0.3 if scale is None else scale, shape)
        made = self.spread(made + at_least, sizes)
        if bias and self.planted:
            made = made + sum(self.constants(size) for size in sizes)
        return made

    def constants(self, size):
        parts = size if isinstance(size, list) else [size]
        return np.concatenate([np.tile(np.repeat(p.group.constant, p.block), p.lead) if isinstance(p, Axis) and p.role == "written"
                               else np.zeros(self.spread(np.zeros(self.base_shape([p])), [p]).shape) for p in parts])

    def weight(self, *sizes, shape=None, **options):
        """A weight of random numbers; `shape` gives it other axes of size 1."""
        name = self.fresh("weight")
        made = self.values(*sizes, **options)
        self.weights.append(numpy_helper.from_array((made.reshape(shape) if shape else made).astype(np.float32), name))
        return name

    def deviation(self, *sizes):
        """A scale that keeps the size of what is summed up over these sizes."""
        return float(np.prod(self.base_shape(sizes))) ** -0.5

    # Layers

    def conv(self, x, out, into, kernel=3, bias=True, **attributes):
        attributes.setdefault("pads", [kernel // 2] * 4)
        operands = [x, self.weight(out, into, kernel, kernel, scale=self.deviation(into, kernel, kernel))]
        return self.op("Conv", *operands, *([self.weight(out, bias=True)] if bias else []), **attributes)

    def conv_norm(self, x, makers, out, into, kernel=3, **attributes):
        """Conv without bias and BatchNormalization; `out` scales in the normalisation, `makers` is the same axis, copied."""
        x = self.conv(x, makers, into, kernel, bias=False, **attributes)
        return self.norm(x, makers, out)

    def norm(self, x, each, out):
        return self.op("BatchNormalization", x, self.weight(out, low=0.5, high=1.5), self.weight(out, bias=True), self.weight(each),
                       self.weight(each, low=0.5, high=1.5))

    def gemm(self, x, out, into, at_least=0.0):
        return self.op("Gemm", x, self.weight(out, into, scale=self.deviation(into)), self.weight(out, bias=True, at_least=at_least), transB=1)

    def matmul(self, x, into, out, bias=True):
        y = self.op("MatMul", x, self.weight(into, out, scale=self.deviation(into)))
        return self.op("Add", y, self.weight(out, bias=True)) if bias else y

    def relu(self, x):
        return self.op("Relu", x)

    def add(self, a, b):
        return self.op("Add", a, b)

    def mul(self, a, b):
        return self.op("Mul", a, b)

    def silu(self, x):
        return self.mul(x, self.op("Sigmoid", x))

    def gelu(self, x):
        """As PyTorch writes it out."""
        erf = self.op("Erf", self.op("Div", x, self.const(2 ** 0.5, np.float32)))
        return self.mul(self.mul(x, self.op("Add", erf, self.const(1, np.float32))), self.const(0.5, np.float32))

    def pooled(self, x, out, into):
        """Global mean, Flatten, Gemm: the end of many networks."""
        return self.gemm(self.op("Flatten", self.op("GlobalAveragePool", x)), out, into)

    def model(self, name):
        opsets = [helper.make_opsetid("", self.opset)] + [helper.make_opsetid(d, v) for d, v in self.domains.items()]
        graph = helper.make_graph(self.nodes, name, self.inputs, self.outputs, self.weights)
        return helper.make_model(graph, opset_imports=opsets, functions=self.functions, ir_version=8 if self.opset < 21 else 10,
                                 producer_name="onnx-shrink tests")


def build(builder, planted=False):
    """The model, and what is needed to judge it: the groups' base and planted widths."""
    net = Net(planted, getattr(builder, "opset", BASE_OPSET))
    builder(net)
    model = net.model(builder.__name__)
    onnx.checker.check_model(model, full_check=not net.domains)
    return model, {g.name: (g.base, g.planted) for g in net.groups.values()}


def samples(model, count, seed=0):
    """Random inputs of a model: uniform within [-1, 1]. Open axes have another size with another count."""
    rng = np.random.default_rng(seed)
    shape = lambda value: [count, *(d.dim_value or 4 + 2 * (count % 4) for d in value.type.tensor_type.shape.dim[1:])]
    return {v.name: rng.uniform(-1, 1, shape(v)).astype(np.float32) for v in model.graph.input}
