import ArgumentParser
import Foundation
import OnnxShrink

/// Options about data, shared by all subcommands that run a network.
struct DataOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      "Samples: raw .bin, .npy, .npz, or name:FILE for one of several inputs (repeatable).", valueName: "file"))
  var data: [String] = []

  @Option(help: ArgumentHelp("Take the first N samples.", valueName: "n"))
  var samples: Int?

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Size of an input with open axes, name:1,3,224,224 (repeatable).", valueName: "shape"))
  var shape: [NamedShape] = []

  @Option(help: ArgumentHelp("Threads that compute (default: one a processor).", valueName: "n"))
  var threads: Int?

  @Option(help: .hidden)
  var batch: Int?

  @Flag(help: "Print nothing but errors.")
  var quiet = false

  /// The shapes by name of input.
  var shapes: [String: [Int]] { Dictionary(shape.map { ($0.name, $0.sizes) }, uniquingKeysWith: { _, last in last }) }

  /// Options of the library with these put in.
  var options: OnnxShrink.Options {
    var options = OnnxShrink.Options()
    options.samples = samples
    options.threads = threads
    options.shapes = shapes
    options.batch = batch
    return options
  }

  /// Throws unless any data is named.
  func requireData() throws {
    if data.isEmpty { throw ValidationError("--data is missing: name a file with samples for the network's inputs") }
  }
}

/// The shape of one input, `name:1,3,224,224`.
struct NamedShape: ExpressibleByArgument {
  let name: String
  let sizes: [Int]

  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":") else { return nil }
    let texts = argument[argument.index(after: colon)...].split(separator: ",", omittingEmptySubsequences: false)
    let numbers = texts.compactMap { Int($0) }
    guard numbers.count == texts.count, numbers.allSatisfy({ $0 > 0 }), colon > argument.startIndex else { return nil }
    name = String(argument[..<colon])
    sizes = numbers
  }
}

/// A number of bytes, `500MB`, `4GB`, `2GiB`.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  private static let units: [(String, Double)] = [
    ("kib", 0x1p10), ("mib", 0x1p20), ("gib", 0x1p30), ("tib", 0x1p40), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9),
    ("tb", 1e12),
    ("b", 1),
  ]

  init?(argument: String) {
    let text = argument.lowercased()
    let unit = Self.units.first { text.hasSuffix($0.0) }
    let digits = text.dropLast(unit?.0.count ?? 0).trimmingCharacters(in: .whitespaces)
    guard let number = Double(digits), number > 0, number * (unit?.1 ?? 1) < 0x1p62 else { return nil }
    bytes = Int(number * (unit?.1 ?? 1))
  }
}
