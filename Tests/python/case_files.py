"""The layout of ONNX's backend tests: a folder with a model, and folders of inputs and of the outputs that belong to them."""
import numpy as np
import onnx
from onnx import numpy_helper


def write_set(folder, number, inputs, outputs):
    """One set of data of a case; `inputs` by their place among the graph's inputs, both as arrays or TensorProtos."""
    data = folder / f"test_data_set_{number}"
    data.mkdir(parents=True)
    for kind, arrays in (("input", inputs), ("output", dict(enumerate(outputs)))):
        for i, x in arrays.items():
            tensor = x if isinstance(x, onnx.TensorProto) else numpy_helper.from_array(np.asarray(x))
            (data / f"{kind}_{i}.pb").write_bytes(tensor.SerializeToString())


def write_case(folder, model, inputs, outputs):
    """A case with one set of data."""
    write_set(folder, 0, inputs, outputs)
    onnx.save(model, folder / "model.onnx")
