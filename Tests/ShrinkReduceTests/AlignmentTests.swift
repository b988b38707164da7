import ShrinkGraph
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

@Suite struct AlignmentTests {
  private static func multiples(_ graph: Graph) throws -> [Int] {
    let sketch = try CoupledSketch(graph)
    return Alignment(sketch.coupled, types: sketch.types).multiples
  }

  /// Convolutions of `width` hidden channels over images of this size.
  private static func images(_ width: Int, size: Int = 4) -> Graph {
    var sketch = GraphSketch()
    let hidden = sketch.relu(sketch.conv(sketch.input([3, size, size]), 3, width))
    sketch.output(sketch.conv(hidden, width, 2))
    return sketch.graph
  }

  @Test(arguments: [(7, 1), (8, 4), (50, 4)]) func channelsOfImagesComeInFours(width: Int, multiple: Int) throws {
    #expect(try Self.multiples(Self.images(width)) == [multiple])
  }

  @Test func otherUnitsComeInAnyNumber() throws {
    #expect(try Self.multiples(Self.images(16, size: 1)) == [1])
    var sketch = GraphSketch()
    sketch.output(sketch.gemm(sketch.relu(sketch.gemm(sketch.input([6]), 6, 16)), 16, 4))
    #expect(try Self.multiples(sketch.graph) == [1])
  }

  @Test(arguments: [(50, 1, 1), (50, 2, 0), (50, 3, 1), (16, 5, 1), (16, 4, 0), (16, 0, 0)])
  func unitsComeBackToFillABlock(count: Int, removed: Int, back: Int) throws {
    let sketch = try CoupledSketch(Self.images(count))
    #expect(Alignment(sketch.coupled, types: sketch.types).short(0, of: count, without: removed) == back)
  }
}
