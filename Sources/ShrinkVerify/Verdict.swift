/// How two networks differ: plain data that can be printed and saved.
package struct Verdict: Sendable, Equatable, Codable {
  /// How one output differs.
  ///
  /// Errors are relative to the original's output.
  package struct Output: Sendable, Equatable, Codable {
    /// Its name.
    package var name: String
    /// ‖y − y'‖ / ‖y‖ over all samples; nil for outputs that are not floating-point numbers.
    package var relativeError: Double?
    /// The same of the worst single sample.
    package var worstError: Double?
    /// Largest absolute difference of two elements.
    package var maxDifference: Double
    /// Signal to noise: 20 log₁₀ ‖y‖ / ‖y − y'‖, in decibels; infinite when nothing differs.
    package var decibels: Double?
    /// Smallest cosine between the two outputs of a sample.
    package var minCosine: Double?
    /// Equal arg-max decisions in per cent; nil where it decides nothing.
    package var agreement: Double?
    /// Elements, and how many of them are equal within rtol 1e-4 and atol 1e-5.
    package var elements: Int
    package var close: Int
    /// Elements that are NaN or infinite, in the original and in the other network.
    package var notFinite: Pair<Int>
    /// What changed of its type or shape; nil when nothing did.
    package var change: String?

    /// Whether it is the same within rtol 1e-4 and atol 1e-5.
    package var isClose: Bool { close == elements && change == nil }
  }
  /// Something of both networks.
  package struct Pair<Element: Sendable & Equatable & Codable>: Sendable, Equatable, Codable {
    package var original: Element
    package var candidate: Element

    /// Makes a pair.
    package init(_ original: Element, _ candidate: Element) { (self.original, self.candidate) = (original, candidate) }
  }

  /// Size of the networks.
  package var size: Pair<NetworkSize>
  /// Number of samples compared.
  package var samples: Int
  /// One entry an output, in the original's order.
  package var outputs: [Output]
  /// What changed of the names, types and declared shapes of inputs and outputs; empty when nothing did.
  package var interface: [String]
  /// Right decisions in per cent, where the data holds labels.
  package var accuracy: Pair<Double>?

  /// Makes a verdict.
  package init(
    size: Pair<NetworkSize>, samples: Int, outputs: [Output], interface: [String] = [], accuracy: Pair<Double>? = nil
  ) {
    self.size = size
    self.samples = samples
    self.outputs = outputs
    self.interface = interface
    self.accuracy = accuracy
  }

  /// The largest relative error of any floating-point output; nil when there is no such output.
  package var relativeError: Double? { outputs.compactMap(\.relativeError).max() }
  /// The largest relative error of any sample.
  package var worstError: Double? { outputs.compactMap(\.worstError).max() }
  /// Agreement in the first output that decides.
  package var agreement: Double? { outputs.compactMap(\.agreement).first }
  /// Whether every output is the same within rtol 1e-4 and atol 1e-5.
  package var isClose: Bool { outputs.allSatisfy(\.isClose) }
}

/// What a network costs, counted from its file and a run.
package struct NetworkSize: Sendable, Equatable, Codable {
  /// Elements of its weights.
  package var parameters: Int
  /// Multiply-accumulates of one sample.
  package var macs: Int
  /// Bytes of the file, and of weights that stand outside of it.
  package var bytes: Int
  /// Number of nodes, Constants aside.
  package var nodes: Int

  /// Makes a size.
  package init(parameters: Int, macs: Int, bytes: Int, nodes: Int) {
    self.parameters = parameters
    self.macs = macs
    self.bytes = bytes
    self.nodes = nodes
  }
}
