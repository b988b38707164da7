#!/usr/bin/env python3
"""What onnxsim's structured pruning makes of a network, given the same unlabelled samples; runs in an environment of its own.

    peer.py MODEL.onnx --calib CALIB.npz --out FOLDER [--ratios 0.3,0.5,0.7]

For each share of channels removed: pruning by L2 norm, by Wanda, and Wanda followed by its ridge re-fit. Prints one JSON object a line: method,
removed, and the file, or the error. Where nothing was pruned there is nothing to re-fit, and no file.
"""
import argparse, json, os, warnings
import numpy as np, onnx

warnings.filterwarnings("ignore")
import onnxsim


def calibration(model, path, batch):
    """The samples as feeds; a fixed batch size is kept to."""
    weights = {t.name for t in model.graph.initializer}
    inputs = {i.name: i.type.tensor_type.shape.dim for i in model.graph.input if i.name not in weights}
    fixed = [d[0].dim_value for d in inputs.values() if d and d[0].dim_value]
    with np.load(path) as arrays:
        keys = [k for k in arrays.files if k != "label"]
        data = {k if k in inputs else next(iter(inputs)): arrays[k] for k in keys}
    step = fixed[0] if fixed else batch
    count = min(len(v) for v in data.values())
    return [{k: v[i:i + step] for k, v in data.items()} for i in range(0, count - count % step if fixed else count, step)]


def elements(model):
    return sum(int(np.prod(t.dims)) for t in model.graph.initializer) + sum(
        int(np.prod(a.t.dims)) for n in model.graph.node if n.op_type == "Constant" for a in n.attribute if a.name == "value")


def pruned(model, feeds, ratio):
    """Yields each method with its network; None for a network as large as before."""
    smaller = lambda made: made if elements(made) < elements(model) else None
    yield "l2", lambda: smaller(onnxsim.apply_structured_pruning(model, sparsity=ratio))
    wanda = onnxsim.apply_structured_wanda_pruning(model, calibration_data=feeds, sparsity=ratio)
    yield "wanda", lambda: smaller(wanda)
    if smaller(wanda):
        yield "wanda+refit", lambda: onnxsim.apply_pruning_finetune(model, wanda, calibration_data=feeds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model"), parser.add_argument("--calib", required=True), parser.add_argument("--out", required=True)
    parser.add_argument("--ratios", default="0.3,0.5,0.7")
    parser.add_argument("--batch", type=int, default=64)
    options = parser.parse_args()
    model = onnx.load(options.model)
    feeds = calibration(model, options.calib, options.batch)
    for ratio in map(float, options.ratios.split(",")):
        method = "l2"
        try:
            for method, make in pruned(model, feeds, ratio):
                made = make()
                file = made and os.path.join(options.out, f"{method}-{ratio}.onnx")
                if made:
                    onnx.save(made, file)
                print(json.dumps({"method": method, "removed": ratio, "file": file}), flush=True)
        except Exception as error:
            said = f"{type(error).__name__}: {error}".splitlines()[0][:160]
            print(json.dumps({"method": f"after {method}", "removed": ratio, "file": None, "error": said}), flush=True)


if __name__ == "__main__":
    main()
