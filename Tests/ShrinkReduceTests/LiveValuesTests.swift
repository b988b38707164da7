import ShrinkGraph
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

@Suite struct LiveValuesTests {
  /// x - Relu a - Relu b - Relu c, with b an output as well.
  private static func chain() -> Graph {
    var sketch = GraphSketch()
    let b = sketch.relu(sketch.relu(sketch.input([4])))
    sketch.output(b)
    sketch.output(sketch.relu(b))
    return sketch.graph
  }

  private static func live(memory: Int, runs: Int = 1) -> LiveValues {
    var live = LiveValues(chain(), steps: (0..<3).map { NodeID($0) }, memory: memory)
    live.start(runs: runs)
    return live
  }

  private static func tensor(_ count: Int, seed: UInt64) -> Tensor {
    var rng = SplitMix64(seed: seed)
    return Tensor(shape: [count], (0..<count).map { _ in Float.random(in: -1...1, using: &rng) })
  }

  @Test func smallDeliversTheOriginalUntilItDiffers() throws {
    var live = Self.live(memory: 1 << 30, runs: 2)
    let (a, b, c) = (Self.tensor(4, seed: 1), Self.tensor(4, seed: 2), Self.tensor(3, seed: 3))
    try live.set(ValueID(0), run: 0, original: a, small: nil)
    try live.set(ValueID(0), run: 1, original: b, small: nil)
    #expect(!live.isTouched(ValueID(0)))
    #expect(live.tensor(ValueID(0), run: 1, small: true) == b)
    try live.setSmall(ValueID(0), run: 1, c)
    #expect(live.isTouched(ValueID(0)))
    #expect(live.tensor(ValueID(0), run: 1, small: true) == c && live.tensor(ValueID(0), run: 1, small: false) == b)
    #expect(live.tensor(ValueID(0), run: 0, small: false) == a)
    #expect(live.tensor(ValueID(3), run: 0, small: false) == nil)
  }

  @Test func valuesGoAfterTheirLastReaderAndOutputsStay() throws {
    var live = Self.live(memory: 1 << 30)
    for v in 0..<4 { try live.set(ValueID(v), run: 0, original: Self.tensor(4, seed: UInt64(v)), small: nil) }
    let present = { (live: LiveValues) in (0..<4).filter { live.tensor(ValueID($0), run: 0, small: false) != nil } }
    live.release(after: 0)
    #expect(present(live) == [1, 2, 3])
    live.release(after: 1)
    #expect(present(live) == [2, 3])
    live.release(after: 2)
    #expect(present(live) == [2, 3])
  }

  @Test func aRunIsReleasedOnItsOwn() throws {
    var live = Self.live(memory: 1 << 30, runs: 2)
    let tensor = Self.tensor(4, seed: 1)
    for r in 0..<2 { try live.set(ValueID(0), run: r, original: tensor, small: tensor) }
    live.release(after: 0, run: 0)
    #expect(live.isTouched(ValueID(0)))
    for isSmall in [false, true] {
      #expect(live.tensor(ValueID(0), run: 0, small: isSmall) == nil)
      #expect(live.tensor(ValueID(0), run: 1, small: isSmall) == tensor)
    }
  }

  /// Past the limit, elements stand in a file; they are the same ones.
  @Test func elementsSurviveTheSpill() throws {
    var live = Self.live(memory: 100, runs: 3)
    let tensors = (0..<3).map { Self.tensor(20_000, seed: UInt64($0)) }
    for (r, tensor) in tensors.enumerated() { try live.set(ValueID(1), run: r, original: tensor, small: nil) }
    try live.setSmall(ValueID(1), run: 2, tensors[0])
    for (r, tensor) in tensors.enumerated() {
      let kept = try #require(live.tensor(ValueID(1), run: r, small: false))
      #expect(kept == tensor && kept.storage !== tensor.storage)
    }
    #expect(live.tensor(ValueID(1), run: 2, small: true) == tensors[0])
  }

  /// A tensor read from the spill outlives its entry.
  @Test func spilledElementsOutliveTheirEntry() throws {
    var live = Self.live(memory: 0)
    let tensor = Self.tensor(40_000, seed: 9)
    try live.set(ValueID(0), run: 0, original: tensor, small: nil)
    let kept = try #require(live.tensor(ValueID(0), run: 0, small: false))
    live.release(after: 0)
    #expect(live.tensor(ValueID(0), run: 0, small: false) == nil)
    #expect(kept == tensor)
  }

  @Test func roomIsFreeAgainAfterTheRelease() throws {
    var live = Self.live(memory: 100_000)
    let (a, b) = (Self.tensor(20_000, seed: 1), Self.tensor(20_000, seed: 2))
    try live.set(ValueID(0), run: 0, original: a, small: nil)
    try live.set(ValueID(1), run: 0, original: b, small: nil)
    #expect(live.tensor(ValueID(0), run: 0, small: false)?.storage === a.storage)
    #expect(live.tensor(ValueID(1), run: 0, small: false)?.storage !== b.storage)
    live.release(after: 0)
    live.release(after: 1)
    try live.set(ValueID(2), run: 0, original: b, small: nil)
    #expect(live.tensor(ValueID(2), run: 0, small: false)?.storage === b.storage)
  }
}
