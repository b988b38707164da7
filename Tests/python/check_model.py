#!/usr/bin/env python3
"""Checks that a shrunk model is a sound ONNX file with the original's interface, and that onnxruntime runs every output.

    check_model.py ORIGINAL.onnx SHRUNK.onnx [--data D.npz]

Prints one JSON object: checker, interface, opsets, runs, and `ok`; exit 1 where `ok` is false. Without --data inputs are made up: ones,
symbolic axes of size 2.
"""
import argparse, json, sys
import numpy as np, onnx
import samples


def interface(model):
    """Names, element types and declared shapes (symbols as they are written, None without a shape) of the inputs and outputs."""
    weights = {t.name for t in model.graph.initializer}

    def described(values):
        result = []
        for value in values:
            tensor = value.type.tensor_type
            dims = [d.dim_param or (d.dim_value if d.HasField("dim_value") else "?") for d in tensor.shape.dim]
            result.append([value.name, tensor.elem_type, dims if tensor.HasField("shape") else None])
        return result

    return {"inputs": described(v for v in model.graph.input if v.name not in weights), "outputs": described(model.graph.output)}


def checker(path):
    """'ok' or the complaint; by path, so that external data counts."""
    try:
        onnx.checker.check_model(path, full_check=True)
        return "ok"
    except Exception as error:
        return str(error).splitlines()[0][:300]


def made_up(session):
    """One run's inputs of ones; equal symbols get the same size."""
    types = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16, "tensor(int64)": np.int64,
             "tensor(int32)": np.int32, "tensor(bool)": np.bool_, "tensor(uint8)": np.uint8, "tensor(int8)": np.int8}
    return {i.name: np.ones([d if isinstance(d, int) else 2 for d in i.shape], types[i.type]) for i in session.get_inputs()}


def runs(path, data):
    """'ok' or what onnxruntime complains of, or an output that is not as declared."""
    try:
        session = samples.session(path)
        feed = next(samples.feeds(session, samples.data_for(session, data), 8)) if data else made_up(session)
        for output, value in zip(session.get_outputs(), session.run(None, feed)):
            fixed = [(s, d) for s, d in zip(value.shape, output.shape) if isinstance(d, int)]
            if len(output.shape) not in (0, value.ndim) or any(s != d for s, d in fixed):
                return f"output {output.name} has shape {value.shape}, declared {output.shape}"
        return "ok"
    except Exception as error:
        return str(error).splitlines()[0][:300]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("original"), parser.add_argument("shrunk")
    parser.add_argument("--data")
    options = parser.parse_args()
    original, shrunk = (onnx.load(p, load_external_data=False) for p in (options.original, options.shrunk))
    before, after = interface(original), interface(shrunk)
    opsets = [{o.domain: o.version for o in m.opset_import} for m in (original, shrunk)]
    report = {
        "checker": checker(options.shrunk),
        "interface": "same" if before == after else {"original": before, "shrunk": after},
        "opsets": "same" if opsets[0] == opsets[1] else opsets,
        "runs": runs(options.shrunk, options.data),
    }
    report["ok"] = report["checker"] == "ok" and report["interface"] == "same" and report["runs"] == "ok"
    print(json.dumps(report))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
