/// In reports a target is an object with one key: its name, with the number asked for, `{"keep_params": 0.25}`.
///
/// `lossless` has true.
extension Target: Codable {
  private enum Name: String, CodingKey { case maxError, minAgreement, keepParams, keepMacs, lossless }

  /// Reads what `encode` wrote.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    guard container.allKeys.count == 1, let name = container.allKeys.first else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: container.codingPath, debugDescription: "a target has one key, its name"))
    }
    func number() throws -> Double { try container.decode(Double.self, forKey: name) }
    self =
      switch name {
      case .maxError: .maxError(try number())
      case .minAgreement: .minAgreement(try number())
      case .keepParams: .keepParams(try number())
      case .keepMacs: .keepMacs(try number())
      case .lossless: .lossless
      }
  }

  /// Writes the name with its number.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    switch self {
    case .maxError(let number): try container.encode(number, forKey: .maxError)
    case .minAgreement(let number): try container.encode(number, forKey: .minAgreement)
    case .keepParams(let number): try container.encode(number, forKey: .keepParams)
    case .keepMacs(let number): try container.encode(number, forKey: .keepMacs)
    case .lossless: try container.encode(true, forKey: .lossless)
    }
  }
}
