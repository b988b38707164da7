"""Sample data for a model in onnxruntime: which arrays count samples, and how they make up runs."""
import numpy as np
import onnxruntime as ort


def load(path, input_names, raw_shape=None):
    """Arrays by input name. `label` is passed over; with one input a lone array may have any name; .bin needs `raw_shape`."""
    if path.endswith(".bin"):
        return {input_names[0]: np.fromfile(path, np.float32).reshape(raw_shape)}
    data = np.load(path)
    if isinstance(data, np.ndarray):
        return {input_names[0]: data}
    arrays = {k: data[k] for k in data.files if k != "label"}
    if len(input_names) == 1 and len(arrays) == 1:
        return {input_names[0]: next(iter(arrays.values()))}
    return {k: arrays[k] for k in input_names}


def session(path, threads=2, optimised=True):
    """A session for a file, or the bytes of one."""
    options = ort.SessionOptions()
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feeds(model, data, limit, batch=64):
    """One feed a run. An array with one axis more than its input holds a run's whole input per entry; an array whose first axis does not
    count samples is the same for every run; a fixed batch size is kept to, and a rest that does not fill it is left out."""
    shapes = {i.name: i.shape for i in model.get_inputs()}
    whole = {k for k, v in data.items() if v.ndim == len(shapes[k]) + 1}
    most = max(len(v) for v in data.values() if v.ndim)
    count = min(limit, most)
    if whole:
        for i in range(count):
            yield {k: v[i] if k in whole else v[i:i + 1] if v.ndim and len(v) == most else v for k, v in data.items()}
        return
    fixed = [s[0] for s in shapes.values() if s and isinstance(s[0], int)]
    step = fixed[0] if fixed else batch
    for i in range(0, count - (count % step if fixed else 0), step):
        yield {k: v[i:min(i + step, count)] if v.ndim and len(v) == most else v for k, v in data.items()}


def run(model, data, limit, batch=64):
    """Every output by name, samples stacked on axis 0."""
    runs = [model.run(None, f) for f in feeds(model, data, limit, batch)]
    return {o.name: np.concatenate([np.atleast_1d(r[j]) for r in runs]) for j, o in enumerate(model.get_outputs())}


def data_for(model, path):
    """`load` for the inputs of a session; a raw file takes its sample shape from the model."""
    inputs = model.get_inputs()
    raw_shape = [-1] + list(inputs[0].shape[1:]) if path.endswith(".bin") else None
    return load(path, [i.name for i in inputs], raw_shape)
