import ShrinkGraph
import Testing

@testable import ShrinkRun

@Suite struct ChannelAffineTests {
  private func affine(_ opType: String, _ inputs: [String], shape: [Int] = [2]) throws -> ChannelAffine? {
    let graph = toyGraph(
      ["c": Tensor(shape: shape, [4, -0.5] as [Float])], outputs: ["y"], [.init(opType, inputs, ["y"])])
    return ChannelAffine(try #require(graph.nodes.last), in: graph)
  }

  @Test func factorsAndShifts() throws {
    for (opType, inputs, factors, shifts) in [
      ("Add", ["x", "c"], [1, 1], [4, -0.5]), ("Sub", ["x", "c"], [1, 1], [-4, 0.5]),
      ("Sub", ["c", "x"], [-1, -1], [4, -0.5]), ("Mul", ["c", "x"], [4, -0.5], [0, 0]),
      ("Div", ["x", "c"], [0.25, -2], [0, 0]),
    ] as [(String, [String], [Double], [Double])] {
      let found = try #require(try affine(opType, inputs)?.channels(2, rank: 2))
      #expect(found.factors == factors && found.shifts == shifts)
    }
    #expect(try affine("Div", ["c", "x"]) == nil)
    #expect(try affine("Max", ["x", "c"]) == nil)
  }

  @Test func channelsStandOnAxis1() throws {
    #expect(try affine("Add", ["x", "c"], shape: [2, 1, 1])?.channels(2, rank: 4) != nil)
    #expect(try affine("Add", ["x", "c"], shape: [1, 2, 1])?.channels(2, rank: 4) == nil)
    #expect(try affine("Add", ["x", "c"])?.channels(2, rank: 4) == nil)
    #expect(try affine("Add", ["x", "c"])?.channels(3, rank: 2) == nil)
  }
}
