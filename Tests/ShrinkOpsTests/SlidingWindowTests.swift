import ShrinkGraph
import Testing

@testable import ShrinkOps

@Suite struct SlidingWindowTests {
  private func place(
    _ input: [Int], _ kernel: [Int64], _ attributes: [String: Attribute.Value] = [:]
  ) throws -> PlacedWindow {
    let given = attributes.merging(["kernel_shape": .ints(kernel)]) { $1 }
    return try SlidingWindow(Attributes("MaxPool", opset: 17, given)).placed(on: input)
  }

  @Test(arguments: ["SAME_UPPER", "SAME_LOWER"]) func keepsTheLength(_ auto: String) throws {
    for input in 1...9 {
      for kernel in 1...4 as ClosedRange<Int64> {
        for stride in 1...4 as ClosedRange<Int64> {
          let w = try place([input], [kernel], ["strides": .ints([stride]), "auto_pad": .string(Array(auto.utf8))])
          #expect(w.output == [(input + Int(stride) - 1) / Int(stride)])
          let room = input + w.padsBegin[0] + w.padsEnd[0] - Int(kernel)
          #expect(room / Int(stride) + 1 == w.output[0], "the pads give the same length")
          #expect(abs(w.padsBegin[0] - w.padsEnd[0]) <= 1)
        }
      }
    }
  }

  @Test func roundsUp() throws {
    #expect(try place([6], [3], ["strides": .ints([2])]).output == [2])
    #expect(try place([6], [3], ["strides": .ints([2]), "ceil_mode": .int(1)]).output == [3])
    #expect(try place([2], [1], ["strides": .ints([2]), "ceil_mode": .int(1)]).output == [1])
  }

  @Test func readsThePaddingOrNot() throws {
    #expect(try !place([5], [3]).readsPadding)
    #expect(try place([5], [3], ["pads": .ints([1, 0])]).readsPadding)
    #expect(try place([5], [3], ["pads": .ints([0, 1])]).readsPadding)
    #expect(try !place([5], [2], ["pads": .ints([0, 1]), "strides": .ints([3])]).readsPadding)
  }

  @Test func findsWhatTheTapsRead() throws {
    let w = try place([3, 4], [2, 2], ["pads": .ints([1, 0, 0, 1]), "dilations": .ints([1, 2])])
    #expect(w.output == [3, 3])
    var taps = [Int](repeating: 0, count: 4)
    var reads: [[Int]] = []
    for stop in 0..<9 {
      taps.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { w.reads(at: stop, into: base) } }
      reads.append(taps)
    }
    #expect(reads[0] == [-1, -1, 0, 2])
    #expect(reads[2] == [-1, -1, 2, -1])
    #expect(reads[4] == [1, 3, 5, 7])
    #expect(reads[8] == [6, -1, 10, -1])
  }

  @Test func refusesLengthsWithoutBound() {
    let most = Int64.max
    for attributes in [
      ["strides": Attribute.Value.ints([most])], ["dilations": .ints([most])], ["pads": .ints([0, most])],
    ] {
      #expect(throws: OperatorError.self) { try place([5], [2], attributes) }
    }
    #expect(throws: OperatorError.self) { try place([5], [most]) }
    #expect(throws: OperatorError.self) { try place([5, 5, 5, 5], [1, 1, 1, 1]) }
    #expect(throws: OperatorError.self) { try place([], []) }
  }
}
