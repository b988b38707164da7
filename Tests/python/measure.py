"""How a shrunk network compares with its original: sizes from the files, outputs from ONNX Runtime. Shares nothing with the program's own
verification.

  parameters  elements of the floating-point and 8- and 4-bit initialisers, those of subgraphs and Constant nodes too (single constants aside)
  error       |y - y'| / |y| in the Euclidean norm over all samples, the largest of any floating-point output
  agreement   share of samples with the same arg-max in the first output of rank 2, in per cent; top1 the same with the labels
"""
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
    """The figures above for two files, as a dictionary; `top1` = (original, shrunk) where the data has labels."""
    before, after = outputs(original, data), outputs(shrunk, data)
    figures = {"parameters": tuple(parameters(onnx.load(p).graph) for p in (original, shrunk)), "error": 0.0}
    figures["close"] = all(np.allclose(after[k], y, rtol=1e-4, atol=1e-5) for k, y in before.items())
    for name, y in before.items():
        if y.dtype.kind == "f":
            difference = np.linalg.norm((y.astype(np.float64) - after[name]).ravel())
            figures["error"] = max(figures["error"], float(difference / np.linalg.norm(y.astype(np.float64).ravel())))
    decided = next(((y.argmax(1), after[k].argmax(1)) for k, y in before.items() if y.ndim == 2 and y.dtype.kind == "f"), None)
    if decided is None:
        return figures
    figures["agreement"] = 100 * float((decided[0] == decided[1]).mean())
    label = np.load(data)["label"] if str(data).endswith(".npz") and "label" in np.load(data).files else None
    if label is not None:
        figures["top1"] = tuple(100 * float((d == label).mean()) for d in decided)
    return figures


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
