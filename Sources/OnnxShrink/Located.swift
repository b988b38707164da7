import ShrinkGraph

extension ShrinkError {
  /// The same error, with the file named that is to blame: the model for nodes and inputs, the data for samples.
  func located(model: String, data: [String]) -> ShrinkError {
    switch code {
    case .malformedModel, .unsupportedOperator, .usage: inFile(model)
    case .badData: inFile(place == nil ? data.joined(separator: ", ") : model)
    default: self
    }
  }
}
