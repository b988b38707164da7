"""How a shrunk network compares with its original: sizes from the files, outputs from ONNX Runtime. Shares nothing with the program's own
verification.

  parameters  elements of the floating-point and 8- and 4-bit initialisers, those of subgraphs and Constant nodes too (single constants aside)
  macs        multiply-accumulates of Conv, ConvTranspose, Gemm and MatMul for one sample, from the shapes of a run
  error       |y - y'| / |y| in the Euclidean norm over all samples, the largest of any floating-point output
  agreement   share of equal arg-max decisions in the first floating-point output, in per cent: over the last axis of rank 2 and 3 (one a
              sample, or a sample and step), over axis 1 of rank 4 (one a pixel); top1 the same with the labels
  latency     seconds of a pass of one sample on one thread
"""
import statistics, time
import numpy as np, onnx
from onnx import TensorProto as T, numpy_helper
import samples

FLOATS = {T.FLOAT, T.DOUBLE, T.FLOAT16, T.BFLOAT16}
WEIGHTS = FLOATS | {T.INT8, T.UINT8, T.INT4, T.UINT4, T.FLOAT8E4M3FN, T.FLOAT8E5M2}


def elements(tensor):
    return int(np.prod(tensor.dims, dtype=np.int64))


def parameters(graph):
    """Number of weights of a graph and the graphs within it."""
    count = sum(elements(t) for t in graph.initializer if t.data_type in WEIGHTS)
    for node in graph.node:
        for a in node.attribute:
            if a.type == onnx.AttributeProto.GRAPH:
                count += parameters(a.g)
            elif node.op_type == "Constant" and a.name == "value" and a.t.data_type in FLOATS and elements(a.t) > 1:
                count += elements(a.t)
    return count


def outputs(path, data):
    """Every output by name over all samples of a data file."""
    session = samples.session(str(path))
    return samples.run(session, samples.data_for(session, str(data)), 10 ** 9)


def compare(original, shrunk, data):
    """Parameters, error, agreement of two files, and `close`: whether all is within rtol 1e-4, atol 1e-5; `top1` = (original, shrunk) where
    the data has labels."""
    before, after = outputs(original, data), outputs(shrunk, data)
    figures = {"parameters": tuple(parameters(onnx.load(p).graph) for p in (original, shrunk)), "error": 0.0}
    figures["close"] = all(np.allclose(after[k], y, rtol=1e-4, atol=1e-5) for k, y in before.items())
    for name, y in before.items():
        if y.dtype.kind == "f":
            difference = np.linalg.norm((y.astype(np.float64) - after[name]).ravel())
            figures["error"] = max(figures["error"], float(difference / np.linalg.norm(y.astype(np.float64).ravel())))
    name = next((k for k, y in before.items() if y.dtype.kind == "f" and y.ndim in (2, 3, 4)), None)
    axis = 1 if name and before[name].ndim == 4 else -1
    if name is None or before[name].shape[axis] == 1:
        return figures
    decided = before[name].argmax(axis), after[name].argmax(axis)
    figures["agreement"] = 100 * float((decided[0] == decided[1]).mean())
    label = np.load(data)["label"] if str(data).endswith(".npz") and "label" in np.load(data).files else None
    if label is not None and before[name].ndim == 2:
        figures["top1"] = tuple(100 * float((d == label).mean()) for d in decided)
    return figures


LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def one_sample(path, data, threads=1):
    """A session and what feeds it one sample."""
    session = samples.session(str(path), threads)
    return session, next(samples.feeds(session, samples.data_for(session, str(data)), 1, 1))


def macs(path, data):
    """Multiply-accumulates for one sample, from shapes met in a run."""
    model = onnx.load(path)
    layers = [n for n in model.graph.node if n.op_type in LAYERS]
    shapes = {t.name: tuple(t.dims) for t in model.graph.initializer}
    _, feed = one_sample(path, data)
    shapes.update({k: v.shape for k, v in feed.items()})
    wanted = dict.fromkeys(v for n in layers for v in (*n.input[:2], n.output[0]) if v not in shapes)
    declared = {o.name for o in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=v) for v in wanted if v not in declared)
    session = samples.session(model.SerializeToString(), optimised=False)
    shapes.update({o.name: np.shape(v) for o, v in zip(session.get_outputs(), session.run(None, feed))})
    return sum(layer_macs(n, *(shapes[v] for v in (*n.input[:2], n.output[0]))) for n in layers)


def layer_macs(node, x, w, y):
    if node.op_type in ("Conv", "ConvTranspose"):
        return int(np.prod(y if node.op_type == "Conv" else x)) * int(np.prod(w[1:]))
    turned = any(a.name == "transA" and a.i for a in node.attribute)
    return int(np.prod(y)) * int(x[0] if turned else x[-1])


def latency(original, shrunk, data, seconds=2.0):
    """Medians of both over passes in turns, and shrunk / original: each pass beside its neighbour, so that a busy machine slows both."""
    sides = [one_sample(p, data) for p in (original, shrunk)]

    def passes(count):
        times = ([], [])
        for turn in range(count):
            for side in ((0, 1) if turn % 2 else (1, 0)):
                session, feed = sides[side]
                start = time.perf_counter()
                session.run(None, feed)
                times[side].append(time.perf_counter() - start)
        return times

    first = sum(map(statistics.median, passes(5)))
    before, after = map(statistics.median, passes(int(np.clip(seconds / first, 20, 1000))))
    return before, after, after / before


def weights(path):
    """The floating-point initialisers by name."""
    return {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer if t.data_type in FLOATS}


def largest_weight_difference(a, b):
    """The largest |w - w'| over two files of the same network, as a share of the larger of |w| and the root mean square of its tensor;
    infinite where names or shapes differ, or where a weight is not finite."""
    one, other = weights(a), weights(b)
    if {k: v.shape for k, v in one.items()} != {k: v.shape for k, v in other.items()}:
        return float("inf")
    worst = 0.0
    for name, w in one.items():
        w = w.astype(np.float64)
        if not (np.isfinite(w).all() and np.isfinite(other[name]).all()):
            return float("inf")
        scale = np.maximum(np.abs(w), np.sqrt(np.square(w).mean())) if w.size else w
        difference = np.abs(w - other[name])
        worst = max(worst, float(np.divide(difference, scale, out=np.zeros_like(w), where=difference > 0).max(initial=0)))
    return worst
