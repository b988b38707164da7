import ShrinkGraph
@testable import ShrinkReduce
@testable import ShrinkVerify

@testable import ShrinkReport

/// A verdict with made-up figures.
func madeUpVerdict(error: Double = 0.0478, agreement: Double? = 98.5) -> Verdict {
  Verdict(
    size: Verdict.Pair(
      NetworkSize(parameters: 1_234_567, macs: 20_000, bytes: 4_938_268, nodes: 12),
      NetworkSize(parameters: 308_641, macs: 6_000, bytes: 1_234_564, nodes: 11)),
    samples: 102,
    outputs: [
      Verdict.Output(
        name: "logits", relativeError: error, worstError: 2 * error, maxDifference: 0.25, decibels: 26.41,
        minCosine: 0.9981,
        agreement: agreement, elements: 1_020, close: 12, notFinite: Verdict.Pair(0, 0))
    ], accuracy: Verdict.Pair(91.25, 91))
}

/// A report with made-up figures.
func madeUpReport(shrunk: Bool = true) throws -> Report {
  let change = try ReportJSON.read(
    GroupChange.self,
    """
    {"name": "conv1", "producers": ["conv1"], "readers": ["conv2"], "between": ["relu1"], "before": 32, \
    "after": \(shrunk ? 8 : 32)}
    """)
  let reduction = Reduction(
    graph: Graph(),
    plan: try ReportJSON.read(Plan.self, #"{"entries": [{"group": "conv1", "units": 4, "kept": [0, 2]}]}"#),
    groups: [change],
    pinned: [
      pinned(["fc"], 10, [shown("logits")]), pinned(["fc2"], 3, [shown("logits")]),
    ], before: Size(parameters: 4, macs: 4), after: Size(parameters: 2, macs: 2), expectedError: 0.04,
    expectedAgreement: nil, diagnostics: [])
  return Report(
    tool: Report.Tool(name: "onnx-shrink", version: "1.2.3"), input: "in.onnx", output: "out.onnx",
    settings: Settings(
      target: .maxError(0.05), floors: [], data: ["calib.bin"], verifyData: [], take: nil, holdout: 0.2, seed: 7,
      roundTo: nil, only: [], exclude: [], method: "elimination", threads: 2, memory: 4_000_000_000),
    samples: Report.Samples(statistics: 410, heldOut: 102), verdict: madeUpVerdict(), reduction: reduction, attempts: 1,
    warnings: [Diagnostic(place: "array 'extra'", fact: "is left unused")])
}

func pinned(_ layers: [String], _ units: Int, of all: Int? = nil, kind: String = "outputs", _ reasons: [PinReason])
  -> PinnedUnits
{
  PinnedUnits(kind: kind, units: units, of: all ?? units, tensor: "t", axis: 1, madeBy: layers, reasons: reasons)
}

/// A graph output as a reason.
func shown(_ name: String) -> PinReason { PinReason(.graphOutput, by: "graph output", name: name, "shows them") }
