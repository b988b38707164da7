"""Where the built program and the large reference models are, and how to run the program."""
import json, os, pathlib, subprocess, tempfile, time, unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIXTURES = ROOT / "fixtures"
SHARED = pathlib.Path(os.environ.get("ONNX_SHRINK_SHARED", ROOT.parent / "shared"))


def binary():
    """The newest program built here, ONNX_SHRINK_BINARY instead of it, and whether it is the fast one."""
    if "ONNX_SHRINK_BINARY" in os.environ:
        return pathlib.Path(os.environ["ONNX_SHRINK_BINARY"]).resolve(), True
    built = [p for p in (ROOT / ".build" / kind / "onnx-shrink" for kind in ("release", "debug")) if p.exists()]
    if not built:
        raise unittest.SkipTest("onnx-shrink is not built: run `make build`")
    newest = max(built, key=lambda p: p.stat().st_mtime)
    return newest, newest.parent.name == "release"


def run(*words):
    """Runs the program; exit code, stdout, stderr."""
    done = subprocess.run([str(binary()[0]), *map(str, words)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def shrink(model, out, data, *options):
    """Exit code and the report of one reduction; the message on stderr where there is no report."""
    code, report, message = run(model, out, "--data", data, *options, "--json", "--quiet")
    return code, json.loads(report) if report.strip() else {"message": message.strip()}


def measured(model, out, data, *options):
    """As `shrink`, with the seconds and the peak memory in bytes of the run."""
    words = [str(w) for w in (binary()[0], model, out, "--data", data, *options, "--json", "--quiet")]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        start = time.monotonic()
        process = subprocess.Popen(words, stdout=said, stderr=complained)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode, seconds = os.waitstatus_to_exitcode(status), time.monotonic() - start
        texts = []
        for file in (said, complained):
            file.seek(0)
            texts.append(file.read().decode().strip())
    report = json.loads(texts[0]) if texts[0] else {"message": texts[1]}
    return process.returncode, report, seconds, usage.ru_maxrss * 1024


def kept_units(report):
    """The units that stay, by group."""
    return {entry["group"]: entry["kept"] for entry in report["plan"]["entries"]}


def reported_error(report):
    """The largest relative error of any output that the program reports for the held-out samples."""
    return max(o["relative_error"] for o in report["verdict"]["outputs"] if o.get("relative_error") is not None)
