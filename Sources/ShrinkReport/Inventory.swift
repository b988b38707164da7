import ShrinkGraph
import ShrinkReduce

/// What is in a network: which groups of units can shrink, and which units cannot go and why.
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
    /// One axis that shrinks with the group.
    package struct Axis: Sendable, Codable, Equatable {
      package var tensor: String
      package var axis: Int
      package var size: Int
      /// How many of its indices go with a unit.
      package var perUnit: Int
      /// Whether the tensor is a weight.
      package var isWeight: Bool

      /// Describes an axis.
      package init(tensor: String, axis: Int, size: Int, perUnit: Int, isWeight: Bool) {
        self.tensor = tensor
        self.axis = axis
        self.size = size
        self.perUnit = perUnit
        self.isWeight = isWeight
      }
    }
    package var name: String
    /// What the units are, for people: `channels of a residual stream`.
    package var kind: String
    package var units: Int
    /// How many stand beside each other, those of other groups included.
    package var of: Int
    /// Outputs of the layers that make the units that go with each.
    package var outputsPerUnit: Int
    /// Parameters that stand on the units, and their share of all in per cent.
    package var parameters: Int
    package var parameterShare: Double
    package var madeBy: [String]
    /// Operators, in the order of the graph.
    package var passesThrough: [String]
    package var readBy: [String]
    /// Nodes that multiply the units with each other.
    package var multipliedBy: [String]
    package var axes: [Axis]

    /// Describes a group.
    package init(
      name: String, kind: String, units: Int, of: Int? = nil, outputsPerUnit: Int = 1, parameters: Int,
      parameterShare: Double, madeBy: [String], passesThrough: [String], readBy: [String],
      multipliedBy: [String] = [], axes: [Axis] = []
    ) {
      self.name = name
      self.kind = kind
      self.units = units
      self.of = of ?? units
      self.outputsPerUnit = outputsPerUnit
      self.parameters = parameters
      self.parameterShare = parameterShare
      self.madeBy = madeBy
      self.passesThrough = passesThrough
      self.readBy = readBy
      self.multipliedBy = multipliedBy
      self.axes = axes
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
  /// Units that layers make and that cannot go, and why.
  package var leftAlone: [PinnedUnits]
  /// What the user should know.
  package var warnings: [Diagnostic]

  /// Collects what is known of a network.
  package init(
    file: String, irVersion: Int64, opsets: [String: Int], inputs: [Port], outputs: [Port], parameters: Int, macs: Int,
    operators: [String: Int], groups: [Group], leftAlone: [PinnedUnits], warnings: [Diagnostic]
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
