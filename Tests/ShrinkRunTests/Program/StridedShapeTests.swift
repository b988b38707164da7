import Testing

@testable import ShrinkRun

@Suite struct StridedShapeTests {
  @Test func laysAxesOut() {
    #expect(StridedShape.dense([2, 3, 4]) == [12, 4, 1])
    #expect(StridedShape.channelsLast([2, 3, 4, 5]) == [60, 1, 15, 3])
    #expect(StridedShape.densePermutation([2, 3, 4, 5], [60, 1, 15, 3]) == [0, 2, 3, 1])
    #expect(StridedShape.densePermutation([2, 3], [4, 1]) == nil)
    #expect(StridedShape.agree([9, 1], [3, 1], [1, 3]) && !StridedShape.agree([9, 1], [3, 1], [2, 3]))
  }

  @Test func reshapesWithoutCopyWhereItCan() {
    #expect(StridedShape.reshaped([2, 6], [6, 1], to: [2, 2, 3]) == [6, 3, 1])
    #expect(StridedShape.reshaped([2, 3, 4], [12, 4, 1], to: [24]) == [1])
    #expect(StridedShape.reshaped([3, 2], [1, 3], to: [6]) == nil)
    #expect(StridedShape.reshaped([2, 3, 4], [4, 8, 1], to: [2, 3, 2, 2]) == [4, 8, 2, 1])
    #expect(StridedShape.reshaped([2, 1, 3], [3, 7, 1], to: [6, 1])?[0] == 1)
  }

  @Test func findsMatrices() {
    #expect(StridedShape.matrix([2, 3, 4], [12, 4, 1]) == [12, 4, 1])
    #expect(StridedShape.matrix([3, 4], [1, 3]) == [1, 3])
    #expect(StridedShape.matrix([12, 1], [1, 3]) == [1, 1])
    #expect(StridedShape.matrix([1, 4], [9, 2]) == [1, 2])
    #expect(StridedShape.matrix([3, 4], [8, 2]) == nil && StridedShape.matrix([4], [1]) == nil)
  }

  @Test func joinsAxesThatAreOne() {
    let space = StridedShape.collapsed([2, 1, 3, 4], [[12, 5, 4, 1], [0, 0, 0, 0]])
    #expect(space.dims == [24] && space.strides == [[1], [0]])
    let split = StridedShape.collapsed([2, 3], [[3, 1], [0, 1]])
    #expect(split.dims == [2, 3] && split.strides == [[3, 1], [0, 1]])
    #expect(StridedShape.collapsed([], [[]]).dims == [1])
  }
}
