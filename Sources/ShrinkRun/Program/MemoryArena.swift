/// Places blocks with known lifetimes in one stretch of memory.
///
/// Greedy by size: the largest block first, each at the lowest place that is free while it lives.
/// Source: Pisarchyk and Lee, Efficient memory management for deep neural net inference, 2020.
struct MemoryArena {
  /// A block that lives from one step to another, both included.
  struct Block {
    let bytes: Int
    let first: Int
    let last: Int
  }
  /// Where each block starts; multiples of `alignment`.
  let offsets: [Int]
  /// Bytes in all.
  let bytes: Int
  /// A cache line, and what vector loads want.
  static let alignment = 64

  init(_ blocks: [Block]) {
    var offsets = [Int](repeating: 0, count: blocks.count)
    var placed: [Int] = []
    var total = 0
    for i in blocks.indices.sorted(by: { (blocks[$0].bytes, $1) > (blocks[$1].bytes, $0) }) {
      let size = Self.rounded(blocks[i].bytes)
      var offset = 0
      // Those that live at the same time, by place.
      let others = placed.filter { blocks[$0].first <= blocks[i].last && blocks[i].first <= blocks[$0].last }
        .sorted { offsets[$0] < offsets[$1] }
      for other in others {
        if offset + size <= offsets[other] { break }
        offset = max(offset, offsets[other] + Self.rounded(blocks[other].bytes))
      }
      offsets[i] = offset
      placed.append(i)
      total = max(total, offset + size)
    }
    self.offsets = offsets
    bytes = total
  }

  static func rounded(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }
}
