/// What the compressed network must be.
package enum Target: Sendable, Equatable {
  /// The smallest network whose relative L2 error stays within this on every floating-point output.
  case maxError(Double)
  /// The smallest network whose arg-max agrees with the original's on this many per cent of the samples.
  case minAgreement(Double)
  /// The best network with at most this share of the parameters.
  case keepParams(Double)
  /// The best network with at most this share of the multiply-accumulates.
  case keepMacs(Double)
  /// Only what changes no output beyond rounding.
  case lossless
}

/// How a network is reduced.
package struct ReduceOptions: Sendable {
  /// What to reach.
  package var target: Target
  /// What a network of the size asked must keep to besides.
  package var floors: [Target]
  /// Widths are multiples of this; nil chooses by the width of the group.
  package var roundTo: Int?
  /// Patterns of node or weight names: only groups that match one shrink; empty for all.
  package var only: [String]
  /// Patterns of node or weight names: groups that match one do not shrink.
  package var exclude: [String]
  /// Name in `MethodTable`.
  package var method: String
  /// Seed of every random choice.
  package var seed: UInt64
  /// Bytes that live activations may take.
  package var memory: Int

  /// Whether widths keep to the blocks that kernels work on (`Alignment`).
  var isAligned: Bool { roundTo == nil && target != .lossless }

  /// Options with their defaults.
  package init(
    target: Target = .maxError(0.05), floors: [Target] = [], roundTo: Int? = nil, only: [String] = [],
    exclude: [String] = [], method: String = "elimination", seed: UInt64 = 0, memory: Int = 4 << 30
  ) {
    self.target = target
    self.floors = floors
    self.roundTo = roundTo
    self.only = only
    self.exclude = exclude
    self.method = method
    self.seed = seed
    self.memory = memory
  }
}
