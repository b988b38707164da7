import ShrinkGraph

/// Operators that the engine does not run on purpose, and why.
package enum LeftOut {
  /// Operators that are left out for one reason.
  package struct Family: Sendable {
    /// What they are.
    package let name: String
    /// Why they are left out, as a sentence without a full stop.
    package let reason: String
    /// Operator domain; empty for ai.onnx.
    package let domain: String
    /// Operators, as ONNX spells them.
    package let operators: [String]
  }

  static let strings = "tensors of strings are carried through, and not computed with"

  /// All families, for messages and for the page of operators.
  package static let families = [
    Family(
      name: "training", reason: "gradients and optimisers belong to training, and only inference is run",
      domain: "ai.onnx.preview.training", operators: ["Adagrad", "Adam", "Gradient", "GraphCall", "Momentum"]),
    Family(
      name: "text", reason: strings, domain: "",
      operators: ["RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"]),
    Family(
      name: "encoded pictures", reason: "decoders differ, and files are decoded in front of a network", domain: "",
      operators: ["ImageDecoder"]),
    Family(
      name: "random generators",
      reason: "what they give differs from run to run, so that no two files could be compared",
      domain: "",
      operators: [
        "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
      ]),
    Family(
      name: "sequences and optionals", reason: "only tensors are supported, no values of type Sequence or Optional",
      domain: "",
      operators: [
        "ConcatFromSequence", "Optional", "OptionalGetElement", "OptionalHasElement", "SequenceAt",
        "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SequenceMap",
        "SplitToSequence",
      ]),
  ]

  /// The family that an operator belongs to.
  package static func family(of node: Node) -> Family? {
    families.first { $0.domain == node.domain && $0.operators.contains(node.opType) }
  }
}
