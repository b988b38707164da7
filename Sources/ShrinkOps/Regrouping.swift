/// How the axes of two shapes with the same elements in the same order correspond.
///
/// Both shapes are cut into the shortest runs of axes with equal products. Axes of size 1 say nothing. A run of one axis on
/// both sides is the same axis. Where several become one, index i of the outermost is a block of the one; the others
/// cannot be named too, or all indices would fall together.
enum Regrouping {
  /// Ties the axes of operand 0 with those of result 0.
  static func couple(_ c: inout Coupling) {
    let (input, output) = (c.inputs[0].shape, c.outputs[0].shape)
    for (from, to) in runs(input, output) {
      if from.count == 1, to.count >= 1 {
        c.tie(.output(0, to[0]), .input(0, from[0]), block: block(output, to))
      } else if to.count == 1, from.count > 1 {
        c.tie(.input(0, from[0]), .output(0, to[0]), block: block(input, from))
      }
    }
  }

  /// Elements of a run for each index of its outermost axis.
  private static func block(_ shape: [Int], _ run: [Int]) -> Int { run.dropFirst().reduce(1) { $0 * shape[$1] } }

  /// The runs, without axes of size 1.
  ///
  /// Empty when a size is 0.
  static func runs(_ input: [Int], _ output: [Int]) -> [(from: [Int], to: [Int])] {
    guard !input.contains(0), !output.contains(0) else { return [] }
    let from = input.indices.filter { input[$0] != 1 }
    let to = output.indices.filter { output[$0] != 1 }
    var result: [(from: [Int], to: [Int])] = []
    var (i, j) = (0, 0)
    while i < from.count, j < to.count {
      var run = (from: [from[i]], to: [to[j]])
      var (a, b) = (input[from[i]], output[to[j]])
      while a != b {
        if a < b {
          i += 1
          guard i < from.count else { return result }
          run.from.append(from[i])
          a *= input[from[i]]
        } else {
          j += 1
          guard j < to.count else { return result }
          run.to.append(to[j])
          b *= output[to[j]]
        }
      }
      result.append(run)
      i += 1
      j += 1
    }
    return result
  }
}
