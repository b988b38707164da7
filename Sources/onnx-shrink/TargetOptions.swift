import ArgumentParser
import OnnxShrink

/// Options about what to reach: one target, and floors beside a size.
struct TargetOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Smallest network within this relative L2 error (default: 0.05).", valueName: "e"))
  var maxError: Double?

  @Option(help: ArgumentHelp("Smallest network whose arg-max agrees on this many per cent.", valueName: "p"))
  var minAgreement: Double?

  @Option(
    help: ArgumentHelp(
      "Best network with this share of the parameters; an error or agreement beside it is a floor.", valueName: "f"))
  var keepParams: Double?

  @Option(help: ArgumentHelp("Best network with this share of the multiply-accumulates, 0 to 1.", valueName: "f"))
  var keepMacs: Double?

  @Flag(help: "Only what changes no output beyond rounding.")
  var lossless = false

  /// Puts target and floors in.
  ///
  /// Throws when more than one target is given.
  func apply(to options: inout OnnxShrink.Options) throws {
    let sizes: [OnnxShrink.Options.Target] = [
      keepParams.map { .keepParams($0) }, keepMacs.map { .keepMacs($0) },
    ].compactMap(\.self)
    let errors: [OnnxShrink.Options.Target] = [
      maxError.map { .maxError($0) }, minAgreement.map { .minAgreement($0) },
    ].compactMap(\.self)
    guard sizes.count <= 1 else { throw ValidationError("--keep-params and --keep-macs are two targets: give one") }
    if lossless {
      guard sizes.isEmpty, errors.isEmpty else {
        throw ValidationError("--lossless is a target of its own: give no other")
      }
      options.target = .lossless
    } else if let size = sizes.first {
      (options.target, options.floors) = (size, errors)
    } else {
      guard errors.count <= 1 else {
        throw ValidationError("--max-error and --min-agreement are two targets: give one")
      }
      if let target = errors.first { options.target = target }
    }
  }
}
