import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct UniqueTests {
  private func unique(_ attributes: [String: Attribute.Value], _ x: Tensor) throws -> (Tensor, [[Int64]]) {
    let found = try results("Unique", outputs: 4, attributes, x)
    return (found[0], found.dropFirst().map { $0.elements(Int64.self) })
  }

  @Test func findsElements() throws {
    let x = Tensor(shape: [2, 3], [2, 1, 1, 3, 4, 3] as [Float])
    let (sorted, places) = try unique([:], x)
    #expect(sorted.floats == [1, 2, 3, 4])
    #expect(places == [[1, 0, 3, 4], [1, 0, 0, 2, 3, 2], [2, 1, 2, 1]])
    let (unsorted, others) = try unique(["sorted": .int(0)], x)
    #expect(unsorted.floats == [2, 1, 3, 4])
    #expect(others == [[0, 1, 3, 4], [0, 1, 1, 2, 3, 2], [1, 2, 2, 1]])
  }

  @Test func findsSlices() throws {
    let x = Tensor(shape: [3, 2], [1, 0, 1, 0, -1, 5] as [Int8])
    let (rows, places) = try unique(["axis": .int(0)], x)
    #expect(rows == Tensor(shape: [2, 2], [-1, 5, 1, 0] as [Int8]))
    #expect(places == [[2, 0], [1, 1, 0], [1, 2]])
  }

  @Test func countsWhatIsNoNumberOnce() throws {
    let (values, places) = try unique([:], Tensor(shape: [4], [.nan, 1, .nan, -.infinity] as [Float]))
    #expect(values.floats[..<2] == [-.infinity, 1] && values.floats[2].isNaN)
    #expect(places[2] == [1, 1, 2])
  }

  @Test func findsNothingInNothing() throws {
    let (values, places) = try unique([:], Tensor(shape: [0, 2], [] as [Float]))
    #expect(values.shape == [0] && places == [[], [], []])
    #expect(try unique([:], Tensor(Float(3))).0 == Tensor(shape: [1], [3] as [Float]))
  }

  @Test func itsShapeDependsOnData() {
    let node = NodeCase("Unique", outputs: 4, operands: [Tensor.counting([2])])
    #expect(#expect(throws: OperatorError.self) { try node.infer() } == .shapeDependsOnData)
  }

  @Test func refusesAnAxisThatIsNotThere() {
    for axis in [1, .min, .max] as [Int64] {
      #expect(throws: OperatorError.self) { try unique(["axis": .int(axis)], Tensor.counting([2])) }
    }
  }
}
