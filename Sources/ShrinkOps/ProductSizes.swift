/// Sizes of a product of stacks of matrices: a vector counts as a row on the left, as a column on the right.
struct ProductSizes {
  let m: Int, n: Int, k: Int
  /// The axes before the last two, of the result and of the operands, each as many.
  let batch: [Int], batchA: [Int], batchB: [Int]
  /// The result's.
  let shape: [Int]

  init(_ a: [Int], _ b: [Int]) throws(OperatorError) {
    let (left, right) = (a.count == 1 ? [1] + a : a, b.count == 1 ? b + [1] : b)
    guard left.count > 1, right.count > 1, left[left.count - 1] == right[right.count - 2] else {
      throw .invalid("multiplies \(a) by \(b)")
    }
    (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
    let rank = max(left.count, right.count) - 2
    let ones = { (shape: [Int]) in [Int](repeating: 1, count: rank - shape.count + 2) + shape.dropLast(2) }
    (batchA, batchB) = (ones(left), ones(right))
    guard zip(batchA, batchB).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 }) else {
      throw .invalid("multiplies \(a) by \(b): the axes before the last two do not fit")
    }
    batch = zip(batchA, batchB).map { $0 == 1 ? $1 : $0 }
    shape = batch + (a.count == 1 ? [] : [m]) + (b.count == 1 ? [] : [n])
  }

  /// Number of the matrix of an operand that belongs to a matrix of the result.
  func matrix(_ flat: Int, _ own: [Int]) -> Int {
    var (rest, index, stride) = (flat, 0, 1)
    for axis in batch.indices.reversed() {
      if own[axis] > 1 { index += rest % batch[axis] * stride }
      rest /= batch[axis]
      stride *= own[axis]
    }
    return index
  }
}
