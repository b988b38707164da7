"""The real networks beside the package, and real inputs for them."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("ONNX_SHRINK_SHARED", ROOT.parent / "shared"))
CACHE = Path(os.environ.get("ONNX_SHRINK_ZOO", ROOT / "zoo-cache"))
# Fetched from public packages by the script of the zoo.
FETCHED = ["ppocrv4_rec", "ppocrv2_cls", "ddddocr_det", "paraphrase_minilm_l3_v2"]
BENCH = ["fm_vgg", "efficientnet_lite0", "ppocrv4_rec", "paraphrase_minilm_l3_v2", "resemblyzer_voice_encoder",
         "crepe_tiny"]


def names():
    """Every network that is there."""
    local = sorted(p.stem for folder in ("models", "zoo/models") for p in (SHARED / folder).glob("*.onnx"))
    fetched = [name for name in FETCHED if network(name)]
    for name in set(FETCHED) - set(fetched):
        print(f"{name} is not there: left out")
    return local + fetched


def network(name):
    """The file of a network; None where it is not there and cannot be fetched."""
    for folder in (SHARED / "models", SHARED / "zoo/models", CACHE):
        if (folder / f"{name}.onnx").exists():
            return folder / f"{name}.onnx"
    script = SHARED / "zoo/fetch.py"
    if name in FETCHED and script.exists():
        subprocess.run([sys.executable, str(script), "--to", str(CACHE), name], stdout=subprocess.DEVNULL)
        return next((p for p in [CACHE / f"{name}.onnx"] if p.exists()), None)
    return None


def samples(name, count, part="calib"):
    """An .npz with at least `count` samples of the inputs, by their names, or all that there are; None without them. The part `dev` is for
    judging."""
    if (SHARED / "models" / f"{name}.onnx").exists():
        data = SHARED / "data" / ("fm_calib_1024.npz" if part == "calib" else "fm_dev_5000.npz")
        return data if data.exists() else None
    script = SHARED / "zoo/inputs.py"
    out = CACHE / (f"{name}_{count}.npz" if part == "calib" else f"{name}_{part}_{count}.npz")
    if not out.exists() and script.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, str(script), name, "--part", part, "--count", str(count), "--out", str(out)],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return out if out.exists() else None


def feeds(name, count):
    """The first `count` samples of every input, by name."""
    with np.load(samples(name, count)) as arrays:
        return {key: arrays[key][:count] for key in arrays.files}
