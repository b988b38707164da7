import ShrinkGraph
import Testing

@testable import ShrinkRun

@Suite struct MemoryArenaTests {
  @Test func blocksThatLiveTogetherStandApart() {
    var rng = SplitMix64(seed: 7)
    for _ in 0..<50 {
      let blocks = (0..<Int.random(in: 1...40, using: &rng)).map { _ in
        let first = Int.random(in: 0..<30, using: &rng)
        return MemoryArena.Block(
          bytes: Int.random(in: 0...5000, using: &rng), first: first, last: first + Int.random(in: 0..<8, using: &rng))
      }
      let arena = MemoryArena(blocks)
      for (i, a) in blocks.enumerated() {
        #expect(arena.offsets[i] % MemoryArena.alignment == 0 && arena.offsets[i] + a.bytes <= arena.bytes)
        for (j, b) in blocks.enumerated() where j < i && a.first <= b.last && b.first <= a.last {
          let apart =
            arena.offsets[i] + a.bytes <= arena.offsets[j] || arena.offsets[j] + b.bytes <= arena.offsets[i]
          #expect(apart || a.bytes == 0 || b.bytes == 0)
        }
      }
      let together = (0..<40).map { step in
        blocks.filter { $0.first <= step && step <= $0.last }.reduce(0) { $0 + MemoryArena.rounded($1.bytes) }
      }
      #expect(arena.bytes >= together.max() ?? 0)
      #expect(Double(arena.bytes) <= 1.5 * Double(together.max() ?? 0))
    }
  }

  @Test func aChainNeedsTwoBlocks() {
    let blocks = (0..<10).map { MemoryArena.Block(bytes: 640, first: $0, last: $0 + 1) }
    #expect(MemoryArena(blocks).bytes == 1280)
  }
}
