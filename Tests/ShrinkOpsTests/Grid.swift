/// Every index of a tensor of this shape, row-major.
func grid(_ shape: [Int]) -> [[Int]] {
  shape.reduce([[]]) { prefixes, size in prefixes.flatMap { prefix in (0..<size).map { prefix + [$0] } } }
}

/// Where an index stands in a row-major tensor; axes of length 1 are broadcast.
func flat(_ index: [Int], in shape: [Int]) -> Int {
  var result = 0
  for (i, size) in zip(index, shape) { result = result * size + (size == 1 ? 0 : i) }
  return result
}
