import ShrinkGraph
import ShrinkOps
import ShrinkReduce
import ShrinkReport
import ShrinkVerify

/// Version of this library and of the program.
public let version = "0.1.0"

/// Shrinks the network in the file `input`, verifies the result on samples held out, and puts it at `output`.
///
/// `data` are files as `--data` names them: `calib.bin`, `name:file.bin`, `.npy`, `.npz`. `progress` is told every stage
/// and the share of it that is done; it stops the run by returning false. On any failure nothing stands at `output` that
/// did not stand there before. Throws `Failure`, of kind `missed` when the target was missed on the held-out samples.
public func shrink(
  input: String, output: String, data: [String], options: Options = Options(),
  progress: @escaping ProgressHandler = { _, _ in true }
) throws(Failure) -> Outcome {
  try reported { () throws(ShrinkError) in
    let job = ShrinkJob(input: input, output: output, data: data, options: options, progress: stoppable(progress))
    return try Outcome(job.run())
  }
}

/// Lists what is in the network in the file `input`: which groups of units can shrink, which layers cannot and why.
///
/// Without data, symbolic axes take their sizes from `shapes`, a full shape by name of input.
public func inspect(
  input: String, data: [String] = [], shapes: [String: [Int]] = [:]
) throws(Failure) -> Document {
  try reported { () throws(ShrinkError) in
    let inventory = try InspectJob(input: input, data: data, shapes: shapes).run()
    return Document(
      json: try ReportJSON.text(inventory), text: ReportText.lines(inventory), warnings: sentences(inventory.warnings))
  }
}

/// Compares the outputs of two networks on all samples of `data`.
///
/// Of the options, those that concern data and threads are used.
public func verify(
  original: String, candidate: String, data: [String], options: Options = Options(),
  progress: @escaping ProgressHandler = { _, _ in true }
) throws(Failure) -> Document {
  try reported { () throws(ShrinkError) in
    let job = VerifyJob(
      original: original, candidate: candidate, data: data, options: options, progress: stoppable(progress))
    let (verdict, warnings) = try job.run()
    return Document(
      json: try ReportJSON.text(verdict), text: ReportText.lines(verdict, original: original, candidate: candidate),
      warnings: sentences(warnings))
  }
}

/// Runs the network in the file `input` on all samples of `data` and writes every output to the `.npz` file `output`,
/// samples stacked on axis 0.
///
/// Of the options, those that concern data and threads are used.
public func run(
  input: String, output: String, data: [String], options: Options = Options(),
  progress: @escaping ProgressHandler = { _, _ in true }
) throws(Failure) {
  try reported { () throws(ShrinkError) in
    try RunJob(input: input, output: output, data: data, options: options, progress: stoppable(progress)).run()
  }
}

/// What to reach and how.
public struct Options: Sendable {
  /// What the network must be.
  public enum Target: Sendable, Equatable {
    /// The smallest whose relative L2 error stays within this on every floating-point output.
    case maxError(Double)
    /// The smallest whose arg-max agrees with the original's on this many per cent of the samples.
    case minAgreement(Double)
    /// The best with at most this share of the parameters.
    case keepParams(Double)
    /// The best with at most this share of the multiply-accumulates.
    case keepMacs(Double)
    /// Only what changes no output beyond rounding.
    case lossless
  }
  /// What to reach.
  public var target = Target.maxError(0.05)
  /// What a network of a size asked for must keep to besides: `maxError` or `minAgreement`.
  public var floors: [Target] = []
  /// Data for verification; empty to hold samples of the data out.
  public var verifyData: [String] = []
  /// Takes the first samples only; nil for all.
  public var samples: Int?
  /// Share of the samples that is kept for verification.
  public var holdout = 0.2
  /// Seed of every random choice.
  public var seed: UInt64 = 0
  /// Kept widths are multiples of this; nil chooses by the width of the group.
  public var roundTo: Int?
  /// Patterns of node or weight names: only groups that match one shrink; empty for all.
  public var only: [String] = []
  /// Patterns of node or weight names: groups that match one do not shrink.
  public var exclude: [String] = []
  /// How units are ranked, one of `methods`; nil for the first of them.
  public var method: String?
  /// Threads that compute; nil for one a processor.
  public var threads: Int?
  /// Bytes that live activations may take.
  public var memory = 500_000_000
  /// Full shape of inputs with symbolic axes, by name.
  public var shapes: [String: [Int]] = [:]
  /// Most samples in one run; nil chooses by the size of a sample.
  public var batch: Int?

  /// Options with their defaults.
  public init() {}
}

/// Names of the methods that rank units, and what each does, the default first.
public var methods: [(name: String, summary: String)] { MethodTable.all.map { ($0.name, $0.summary) } }

/// An operator that has a kernel.
public struct KnownOperator: Sendable, Equatable {
  /// Domain of its operator set; empty for ai.onnx.
  public let domain: String
  /// Name, as its operator set spells it.
  public let name: String
  /// Versions of the operator set that are implemented.
  public let opsets: ClosedRange<Int>
  /// Whether a layer with constant weights can take over the work of units that it reads.
  public let absorbs: Bool
}

/// Every operator that has a kernel, by domain and name.
public var operators: [KnownOperator] {
  OperatorTable.all.flatMap { type in
    type.names.map {
      KnownOperator(
        domain: type.domain, name: $0, opsets: OperatorTable.opsets(of: $0, type),
        absorbs: type is any LinearOperator.Type)
    }
  }.sorted { ($0.domain, $0.name, $0.opsets.lowerBound) < ($1.domain, $1.name, $1.opsets.lowerBound) }
}

/// Operators that are not run on purpose.
public struct LeftOutOperators: Sendable {
  /// What they are.
  public let name: String
  /// Why they are not run.
  public let reason: String
  /// Their names, with the domain in front unless it is ai.onnx.
  public let operators: [String]
}

/// Operators that are not run on purpose, by family.
public var leftOut: [LeftOutOperators] {
  LeftOut.families.map { family in
    let prefix = family.domain.isEmpty ? "" : family.domain + "."
    return LeftOutOperators(name: family.name, reason: family.reason, operators: family.operators.map { prefix + $0 })
  }
}

/// Told a stage and the share of it that is done, from 0 to 1; returns whether to go on.
public typealias ProgressHandler = @Sendable (_ stage: String, _ share: Double) -> Bool

/// Something that can be read by people and by programs.
public struct Document: Sendable {
  /// As JSON with sorted keys.
  public let json: String
  /// As lines of text.
  public let text: [String]
  /// What the user should know besides, a sentence each.
  public let warnings: [String]
}

/// What came of shrinking a network.
public struct Outcome: Sendable {
  /// What a network costs.
  public struct Size: Sendable, Equatable {
    /// Elements of the weights.
    public let parameters: Int
    /// Multiply-accumulates of one sample.
    public let macs: Int
    /// Bytes of the file and of weights outside of it.
    public let bytes: Int
  }
  /// A group of units that are removed together, one by one.
  public struct Group: Sendable, Equatable {
    /// Its name: the layer that makes the units.
    public let name: String
    /// Units before.
    public let before: Int
    /// Units after.
    public let after: Int
  }
  /// Cost of the original.
  public let before: Size
  /// Cost of the result.
  public let after: Size
  /// Largest relative L2 error of any floating-point output on the held-out samples; nil without such an output.
  public let error: Double?
  /// Equal arg-max decisions on them in per cent; nil where nothing is decided.
  public let agreement: Double?
  /// Every group, changed or not.
  public let groups: [Group]
  /// The whole report.
  public let report: Document
}

/// Why nothing was done.
public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
  /// Kinds of failure.
  public enum Kind: Sendable {
    /// It could not be done: unreadable model, data that does not fit, an operator without a kernel, no space.
    case impossible
    /// The target or a floor was missed on the held-out samples.
    case missed
    /// What was asked for makes no sense.
    case usage
    /// `progress` asked to stop.
    case interrupted
  }
  /// Kind of failure.
  public let kind: Kind
  /// A stable word for the cause, `bad-data` for instance.
  public let code: String
  /// File, place and fact in one sentence, and a line with a hint.
  public let description: String
}

extension Failure {
  /// The same failure in the words of this module.
  init(_ error: ShrinkError) {
    switch error.code {
    case .missedTarget: kind = .missed
    case .usage: kind = .usage
    case .interrupted: kind = .interrupted
    default: kind = .impossible
    }
    code = error.code.rawValue
    description = error.description
  }
}

extension Outcome {
  /// The same report in the words of this module.
  init(_ report: Report) throws(ShrinkError) {
    func size(_ size: NetworkSize) -> Size { Size(parameters: size.parameters, macs: size.macs, bytes: size.bytes) }
    before = size(report.verdict.size.original)
    after = size(report.verdict.size.candidate)
    error = report.verdict.relativeError
    agreement = report.verdict.agreement
    groups = report.groups.map { Group(name: $0.name, before: $0.before, after: $0.after) }
    self.report = Document(
      json: try ReportJSON.text(report), text: ReportText.lines(report), warnings: sentences(report.warnings))
  }
}

private func sentences(_ warnings: [Diagnostic]) -> [String] {
  warnings.map { $0.place.isEmpty ? $0.fact : "\($0.place): \($0.fact)" }
}

func reported<Result>(_ body: () throws(ShrinkError) -> Result) throws(Failure) -> Result {
  do throws(ShrinkError) { return try body() } catch { throw Failure(error) }
}

/// Turns the answer of `progress` into an error.
private func stoppable(_ progress: @escaping ProgressHandler) -> Reducer.Progress {
  { (stage, share) throws(ShrinkError) in
    guard progress(stage, share) else {
      throw ShrinkError(.interrupted, "the run was interrupted: nothing was written")
    }
  }
}
