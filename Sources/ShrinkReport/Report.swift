import ShrinkGraph
import ShrinkReduce
import ShrinkVerify

/// What a run did, as plain data: everything that the summary and the report files say.
package struct Report: Sendable, Codable {
  /// The program that wrote it.
  package struct Tool: Sendable, Codable, Equatable {
    package var name: String
    package var version: String

    /// Names a program.
    package init(name: String, version: String) { (self.name, self.version) = (name, version) }
  }
  /// How many samples served what.
  package struct Samples: Sendable, Codable, Equatable {
    package var statistics: Int
    package var heldOut: Int

    /// Counts samples.
    package init(statistics: Int, heldOut: Int) { (self.statistics, self.heldOut) = (statistics, heldOut) }
  }

  /// The program.
  package var tool: Tool
  /// File that was reduced, and file that was written, as they were named.
  package var input: String
  package var output: String
  /// What was asked for, defaults included.
  package var settings: Settings
  /// How many samples served what.
  package var samples: Samples
  /// How the written file differs from the original, on the samples held out.
  package var verdict: Verdict
  /// Error and agreement that the statistics promised, on calibration samples kept aside.
  package var expectedError: Double?
  package var expectedAgreement: Double?
  /// How often the network was reduced until verification was content.
  package var attempts: Int
  /// Every group of units, changed or not.
  package var groups: [GroupChange]
  /// Units that were left alone, and why.
  package var leftAlone: [PinnedUnits]
  /// Weights that are held in another form than in the original.
  package var weightForms: [WeightForm]
  /// Which units of each group stay.
  package var plan: Plan
  /// What the user should know.
  package var warnings: [Diagnostic]

  /// Collects what is known of a run.
  package init(
    tool: Tool, input: String, output: String, settings: Settings, samples: Samples, verdict: Verdict,
    reduction: Reduction, forms: [WeightForm] = [], attempts: Int, warnings: [Diagnostic]
  ) {
    self.tool = tool
    self.input = input
    self.output = output
    self.settings = settings
    self.samples = samples
    self.verdict = verdict
    expectedError = reduction.expectedError
    expectedAgreement = reduction.expectedAgreement
    self.attempts = attempts
    groups = reduction.groups
    leftAlone = reduction.pinned
    weightForms = forms
    plan = reduction.plan
    self.warnings = warnings + reduction.diagnostics
  }

  /// Whether any group has fewer units than before.
  package var hasShrunk: Bool { groups.contains { $0.after < $0.before } }
}

/// What was asked for.
package struct Settings: Sendable, Codable, Equatable {
  /// The target, and what the network must keep to besides.
  package var target: Target
  package var floors: [Target]
  /// Data for statistics, and for verification where that has its own.
  package var data: [String]
  package var verifyData: [String]
  /// How many samples were taken; nil for all.
  package var take: Int?
  /// Share of the samples held out.
  package var holdout: Double
  /// Seed of every random choice.
  package var seed: UInt64
  /// Widths are multiples of this; nil chooses by group.
  package var roundTo: Int?
  /// Patterns of names.
  package var only: [String]
  package var exclude: [String]
  /// How units are ranked.
  package var method: String
  /// Threads that computed.
  package var threads: Int
  /// Bytes that live activations may take.
  package var memory: Int

  /// Records what was asked for.
  package init(
    target: Target, floors: [Target], data: [String], verifyData: [String], take: Int?, holdout: Double, seed: UInt64,
    roundTo: Int?, only: [String], exclude: [String], method: String, threads: Int, memory: Int
  ) {
    self.target = target
    self.floors = floors
    self.data = data
    self.verifyData = verifyData
    self.take = take
    self.holdout = holdout
    self.seed = seed
    self.roundTo = roundTo
    self.only = only
    self.exclude = exclude
    self.method = method
    self.threads = threads
    self.memory = memory
  }
}
