import ShrinkGraph
import ShrinkMath
import ShrinkReduce
import ShrinkReport

extension Options {
  /// Throws `usage` naming the first option that makes no sense.
  func check() throws(ShrinkError) {
    try Self.check(target)
    for floor in floors {
      guard target.isSize, !floor.isSize, floor != .lossless else {
        throw .usage("only --keep-params and --keep-macs can be joined by --max-error or --min-agreement")
      }
      try Self.check(floor)
    }
    guard holdout.isFinite, holdout >= 0, holdout < 1 else { throw .usage("--holdout must be from 0 to below 1") }
    guard holdout > 0 || !verifyData.isEmpty else {
      throw .usage("--holdout 0 leaves no sample to verify on", hint: "name other data with --verify-data")
    }
    for (name, number) in [
      ("--samples", samples), ("--round-to", roundTo), ("--threads", threads), ("--memory", memory), ("--batch", batch),
    ] {
      guard number ?? 1 > 0 else { throw .usage("\(name) must be a positive number") }
    }
    guard method.map({ MethodTable.make($0) != nil }) ?? true else {
      throw .usage(
        "there is no method '\(method ?? "")'", hint: "choose one of \(methods.map(\.name).joined(separator: ", "))")
    }
  }

  private static func check(_ target: Target) throws(ShrinkError) {
    switch target {
    case .maxError(let error) where !(error.isFinite && error > 0):
      throw .usage("--max-error must be a number above 0")
    case .minAgreement(let percent) where !(percent > 0 && percent <= 100):
      throw .usage("--min-agreement must be above 0 and at most 100 per cent")
    case .keepParams(let share) where !(share > 0 && share <= 1):
      throw .usage("--keep-params must be above 0 and at most 1")
    case .keepMacs(let share) where !(share > 0 && share <= 1):
      throw .usage("--keep-macs must be above 0 and at most 1")
    default: break
    }
  }

  /// Lets the numerical libraries use as many threads as asked for.
  func setThreads() { Threads.set(threads ?? Threads.count) }

  /// The options of the reduction.
  var reduceOptions: ReduceOptions {
    ReduceOptions(
      target: ShrinkReduce.Target(target), floors: floors.map(ShrinkReduce.Target.init), roundTo: roundTo, only: only,
      exclude: exclude, method: methodName, seed: seed, memory: memory)
  }

  private var methodName: String { method ?? methods.first?.name ?? "" }

  /// The options as the report records them.
  func settings(data: [String]) -> Settings {
    Settings(
      target: ShrinkReduce.Target(target), floors: floors.map(ShrinkReduce.Target.init), data: data,
      verifyData: verifyData, take: samples, holdout: holdout, seed: seed, roundTo: roundTo, only: only,
      exclude: exclude, method: methodName, threads: Threads.count, memory: memory)
  }
}

extension Options.Target {
  /// Whether it asks for a size.
  var isSize: Bool {
    switch self {
    case .keepParams, .keepMacs: true
    default: false
    }
  }
}

extension ShrinkReduce.Target {
  /// The same target in the words of the reduction.
  init(_ target: Options.Target) {
    switch target {
    case .maxError(let error): self = .maxError(error)
    case .minAgreement(let percent): self = .minAgreement(percent)
    case .keepParams(let share): self = .keepParams(share)
    case .keepMacs(let share): self = .keepMacs(share)
    case .lossless: self = .lossless
    }
  }
}

extension ShrinkError {
  fileprivate static func usage(_ fact: String, hint: String? = "see onnx-shrink --help") -> ShrinkError {
    ShrinkError(.usage, fact, hint: hint)
  }
}
