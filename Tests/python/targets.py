"""What is promised of which network: the options of a run and what its result must show. No network has an option of its own beside its target."""
import re
from dataclasses import dataclass, field
import numpy as np, onnx
import measure


@dataclass
class Outcome:
    """One reduction: the files, the report, and what was measured of them in ONNX Runtime."""
    network: str
    target: str
    original: object
    small: object = None  # None: nothing was written
    message: str = ""
    report: dict = field(default_factory=dict)
    sound: bool = False
    seconds: float = 0.0
    memory: int = 0
    parameters: tuple = ()  # pairs: of the original, of the result
    macs: tuple = ()
    bytes: tuple = ()
    latency: tuple = ()
    slowdown: float = 0.0
    error: float = 0.0
    agreement: float | None = None
    top1: tuple | None = None

    def ratio(self, of):
        before, after = getattr(self, of)
        return after / before


# What must be shown: functions of an outcome that say what is asked, what was found, and whether that is enough.

def top1_within(points):
    def judge(o):
        return f"top-1 at most {points} under {o.top1[0]:.2f}", f"top-1 {o.top1[1]:.2f} %", o.top1[1] >= o.top1[0] - points - 1e-9
    return judge


def agreement_at_least(share):
    return lambda o: (f"agreement at least {share} %", f"agreement {o.agreement:.2f} %", o.agreement >= share)


def error_at_most(bound):
    return lambda o: (f"error at most {bound}", f"error {o.error:.4f}", o.error <= bound)


def share_kept(of, share):
    return lambda o: (f"at most {100 * share:.0f} % of the {of}", f"{100 * o.ratio(of):.1f} %", o.ratio(of) <= share + 1e-9)


def shrunk_through(kind, word, producers=1):
    """A group that shrank is passed on by such an operator."""
    def judge(o):
        count = sum(g["after"] < g["before"] and len(g["producers"]) >= producers and any(re.search(rf"\({kind}\)$", n) for n in g["between"])
                    for g in o.report["groups"])
        return f"{word} shrink", f"{count} {word}", count > 0
    return judge


def outside_the_embedding(share):
    """The parameters that go, as a share of those that are not looked up by Gather."""
    def judge(o):
        graph = onnx.load(o.original).graph
        tables = {n.input[0] for n in graph.node if n.op_type == "Gather"}
        embedding = sum(int(np.prod(t.dims)) for t in graph.initializer if t.name in tables and t.data_type in measure.FLOATS and len(t.dims) == 2)
        gone = (o.parameters[0] - o.parameters[1]) / (o.parameters[0] - embedding)
        return f"{100 * share:.0f} % of the parameters outside the embedding go", f"{100 * gone:.1f} % go", gone >= share
    return judge


def heads(o):
    """Heads that go as a whole, or that get narrower inside."""
    kinds = r"\((heads|query-key width|value width)\)$"
    count = sum(g["after"] < g["before"] and bool(re.search(kinds, g["name"])) for g in o.report["groups"])
    return "heads shrink", f"{count} groups of heads and widths inside heads", count > 0


STREAMS = shrunk_through("Add", "residual streams", producers=2)
DEPTHWISE = shrunk_through("Conv", "groups through depthwise Convs")
HALF, SIX, EIGHT = (("--keep-params", str(f)) for f in (0.5, 0.6, 0.8))
PROMISES = {
    "fm_resnet20": (HALF, [share_kept("parameters", 0.5), top1_within(0.6), STREAMS]),
    "fm_resnet20_bn": (HALF, [share_kept("parameters", 0.5), top1_within(0.6), STREAMS]),
    "fm_mobilenet": (SIX, [share_kept("parameters", 0.6), top1_within(1.5)]),
    "fm_vit": (SIX, [share_kept("parameters", 0.6), top1_within(1.5)]),
    "fm_vit_dynamo": (SIX, [share_kept("parameters", 0.6), top1_within(1.5)]),
    "efficientnet_lite0": (("--keep-macs", "0.85"), [share_kept("macs", 0.85), agreement_at_least(85), DEPTHWISE, STREAMS]),
    "crepe_tiny": (HALF, [share_kept("parameters", 0.5), error_at_most(0.15)]),
    "resemblyzer_voice_encoder": (EIGHT, [share_kept("parameters", 0.8), error_at_most(0.15)]),
    "ppocrv4_rec": (EIGHT, [share_kept("parameters", 0.8), agreement_at_least(95)]),
    "ppocrv2_cls": (EIGHT, [share_kept("parameters", 0.8), agreement_at_least(95)]),
    "ddddocr_det": (EIGHT, [share_kept("parameters", 0.8), error_at_most(0.10)]),
    "paraphrase_minilm_l3_v2": (("--max-error", "0.10"), [outside_the_embedding(0.15), shrunk_through("Erf", "groups of MLP units"),
                                                          heads]),
}
# Samples for statistics and for judging; the other networks have data of their own.
SAMPLES = {"efficientnet_lite0": (320, 128), "crepe_tiny": (2000, 1000), "resemblyzer_voice_encoder": (106, 43), "ppocrv4_rec": (400, 300),
           "ppocrv2_cls": (600, 400), "ddddocr_det": (64, 32), "paraphrase_minilm_l3_v2": (1000, 500)}
SLOWER = 1.03


def never_worse(o):
    """Of the default target: never larger, never slower."""
    larger = [of for of in ("parameters", "macs", "bytes") if o.ratio(of) > 1]
    found = ", ".join(f"{of} {100 * o.ratio(of):.1f} %" for of in ("parameters", "macs", "bytes")) + f", latency {100 * o.slowdown:.1f} %"
    return "nothing larger, at most 3 % slower", found, not larger and o.slowdown <= SLOWER
