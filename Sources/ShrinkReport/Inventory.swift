import ShrinkGraph
import ShrinkReduce

/// What is in a network: which groups of units can shrink, and which layers cannot and why.
package struct Inventory: Sendable, Codable, Equatable {
  /// An input or output.
  package struct Port: Sendable, Codable, Equatable {
    package var name: String
    package var type: String

    /// Describes an input or output.
    package init(name: String, type: String) { (self.name, self.type) = (name, type) }
  }
  /// Units that are removed together, one by one.
  package struct Group: Sendable, Codable, Equatable {
    package var name: String
    package var units: Int
    package var madeBy: [String]
    package var readBy: [String]
    package var passesThrough: [String]

    /// Describes a group; `passesThrough` names operators.
    package init(name: String, units: Int, madeBy: [String], readBy: [String], passesThrough: [String]) {
      self.name = name
      self.units = units
      self.madeBy = madeBy
      self.readBy = readBy
      self.passesThrough = passesThrough
    }
  }

  /// The file, as it was named.
  package var file: String
  /// Version of the file format, and of each operator set by domain.
  package var irVersion: Int64
  package var opsets: [String: Int]
  /// Inputs and outputs as declared.
  package var inputs: [Port]
  package var outputs: [Port]
  /// Weights, and multiply-accumulates of one sample where the shapes are known.
  package var parameters: Int
  package var macs: Int
  /// How often each operator occurs.
  package var operators: [String: Int]
  /// Groups that can shrink, in the order of the graph.
  package var groups: [Group]
  /// Layers that cannot, and why.
  package var leftAlone: [PinnedLayer]
  /// What the user should know.
  package var warnings: [Diagnostic]

  /// Collects what is known of a network.
  package init(
    file: String, irVersion: Int64, opsets: [String: Int], inputs: [Port], outputs: [Port], parameters: Int, macs: Int,
    operators: [String: Int], groups: [Group], leftAlone: [PinnedLayer], warnings: [Diagnostic]
  ) {
    self.file = file
    self.irVersion = irVersion
    self.opsets = opsets
    self.inputs = inputs
    self.outputs = outputs
    self.parameters = parameters
    self.macs = macs
    self.operators = operators
    self.groups = groups
    self.leftAlone = leftAlone
    self.warnings = warnings
  }
}
