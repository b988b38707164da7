import ShrinkGraph

/// What forbids that units go, as data and as a sentence.
package struct PinReason: Sendable, Hashable, Codable {
  /// Which sort of thing it is.
  package enum Kind: String, Sendable, Codable {
    /// An output of the model shows the units.
    case graphOutput = "graph_output"
    /// An input of the model brings them.
    case graphInput = "graph_input"
    /// A subgraph reads or makes them.
    case subgraph
    /// An operator that is not known touches them.
    case unknownOperator = "unknown_operator"
    /// Something behind an operator touches them whose shapes are not known.
    case unknownShape = "unknown_shape"
    /// An operator needs all of them.
    case `operator`
    /// A layer reads them whose weights cannot make up for what is missing.
    case reader
    /// The layer's own weights are of a kind that is not cut.
    case weights
    /// They are tied to each other in a way that lets none of them go alone.
    case ownTie = "own_tie"
    /// Nothing would be gained, or nothing makes up for a unit.
    case noReader = "no_reader"
    /// There is only one.
    case single
  }
  /// Which sort of thing it is.
  package let kind: Kind
  /// The operator, or what else it is: `Softmax`, `graph output`; empty where the units themselves are the reason.
  package let by: String
  /// Name of the node or value; empty where the units themselves are the reason.
  package let name: String
  /// How the sentence goes on: `normalises over all of them`.
  package let fact: String
  /// The whole sentence.
  package let text: String

  /// Makes a reason; the sentence begins with `by` and `name`.
  init(_ kind: Kind, by: String = "", name: String = "", _ fact: String) {
    self.kind = kind
    self.by = by
    self.name = name
    self.fact = fact
    text = [by, name.isEmpty ? "" : "'\(name)'", fact].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// A node is the reason.
  init(_ kind: Kind, _ graph: Graph, _ node: NodeID, _ fact: String) {
    self.init(kind, by: graph[node].operatorName, name: graph.label(node), fact)
  }
}

extension Node {
  /// The operator as people write it, with its domain unless that is ONNX's.
  package var operatorName: String { domain.isEmpty ? opType : "\(domain).\(opType)" }
}

extension Graph {
  /// What people find a node by: its name, or that of its first result.
  package func label(_ id: NodeID) -> String {
    let node = self[id]
    return node.name.isEmpty ? node.outputs.lazy.compactMap { $0 }.first.map { self[$0].name } ?? "" : node.name
  }
}

/// Why a class without a pin stays.
enum ClassReason: UInt8 {
  /// It is joined with what may not go because nothing else would be left.
  case held
  /// It stands in two factors of one axis.
  case twice
  /// No linear layer sums over it.
  case unread
  /// No weight would become smaller.
  case weightless
  /// No other class stands in the same places.
  case alone

  /// As a reason for people; `count` units stand on the axis.
  func reason(of count: Int) -> PinReason {
    switch self {
    case .held: PinReason(.ownTie, "nothing else would be left of an axis")
    case .twice: PinReason(.ownTie, "they are tied to themselves: each stands twice on one axis")
    case .unread: PinReason(.noReader, "no layer that reads them can make up for one")
    case .weightless: PinReason(.noReader, "no weight would become smaller")
    case .alone:
      count == 1
        ? PinReason(.single, "it is the only one")
        : PinReason(.single, "each is tied to other places than the rest, so that each is the only one of its kind")
    }
  }
}
