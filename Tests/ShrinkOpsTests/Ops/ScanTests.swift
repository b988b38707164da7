import ShrinkGraph
import Testing

@testable import ShrinkOps

@Suite struct ScanTests {
  /// Running sums, carried and stacked.
  private let sums = ToyBodies(
    operands: 2, inputs: 2, outputs: 2,
    bodies: [
      "body": { inputs, _ in
        let (a, b) = (inputs[0].elements(Float.self), inputs[1].elements(Float.self))
        let sum = Tensor(shape: inputs[0].shape, zip(a, b).map { $0 + $1 })
        return [sum, sum]
      }
    ])
  private let zero = Tensor(shape: [2], [0, 0] as [Float])

  private func run(_ x: Tensor, _ values: [String: Attribute.Value] = [:]) throws -> [Tensor] {
    var values = values
    values["num_scan_inputs"] = .int(1)
    return try result(Scan.self, values, [zero, x], sums)
  }

  @Test func walksOverSlices() throws {
    let x = Tensor(shape: [3, 2], [1, 2, 3, 4, 5, 6] as [Float])
    let results = try run(x)
    #expect(results[0].elements() as [Float] == [9, 12])
    #expect(results[1] == Tensor(shape: [3, 2], [1, 2, 4, 6, 9, 12] as [Float]))
    let backward = try run(x, ["scan_input_directions": .ints([1]), "scan_output_directions": .ints([1])])
    #expect(backward[1] == Tensor(shape: [3, 2], [9, 12, 8, 10, 5, 6] as [Float]))
  }

  @Test func axesMayBeChosen() throws {
    let x = Tensor(shape: [2, 3], [1, 3, 5, 2, 4, 6] as [Float])
    let results = try run(x, ["scan_input_axes": .ints([-1]), "scan_output_axes": .ints([1])])
    #expect(results[1] == Tensor(shape: [2, 3], [1, 4, 9, 2, 6, 12] as [Float]))
  }

  @Test func noSlicesLeaveTheDeclaredShape() throws {
    let results = try run(Tensor(shape: [0, 2], [] as [Float]))
    #expect(results[0] == zero && results[1].shape == [0, 3, 0])
  }

  @Test func sequencesOfABatchMayEndEarly() throws {
    var batched = sums
    batched.operands = 3
    let x = Tensor(shape: [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8] as [Float])
    let start = Tensor(shape: [2, 2], repeating: Float(0))
    let results = try result(
      Scan.self, ["num_scan_inputs": .int(1)], opset: 8, [Tensor(shape: [2], [Int64(2), 1]), start, x], batched)
    #expect(results[0] == Tensor(shape: [2, 2], [4, 6, 5, 6] as [Float]))
    #expect(results[1] == Tensor(shape: [2, 2, 2], [1, 2, 4, 6, 5, 6, 0, 0] as [Float]))
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor(shape: [3, 2], repeating: Float(0))
    for values in [
      ["scan_input_axes": .ints([2])], ["scan_input_axes": .ints([0, 1])], ["scan_output_axes": .ints([3])],
      ["scan_output_axes": .ints([0, 1])], ["scan_input_directions": .ints([0, 0])],
    ] as [[String: Attribute.Value]] {
      #expect(throws: OperatorError.self) { try run(x, values) }
    }
    #expect(throws: OperatorError.self) { try run(Tensor(Float(0))) }
    #expect(throws: OperatorError.self) { try result(Scan.self, ["num_scan_inputs": .int(3)], [zero, x], sums) }
    #expect(throws: OperatorError.self) { try result(Scan.self, [:], [zero, x], sums) }
  }
}
