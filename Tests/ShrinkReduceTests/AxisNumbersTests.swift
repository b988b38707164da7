import ShrinkGraph
import ShrinkOps
import Testing

@testable import ShrinkReduce

@Suite struct AxisNumbersTests {
  @Test func axesTooLongToFollowAreLeftOut() {
    let types = [[4, 1 << 40], [3], [1 << 22]].map { TensorType(.float32, $0) }
    #expect(AxisNumbers(types).types.map { $0?.shape } == [nil, [3], [1 << 22]])
    let many = AxisNumbers([TensorType](repeating: types[2], count: 20))
    #expect(many.types.count { $0 != nil } == 16)
  }

  @Test func axesAreNumberedInOrderAndUnknownTypesHaveNone() {
    let axes = AxisNumbers([nil, TensorType(.float32, [2, 3]), nil, TensorType(.float32, []), TensorType(.int64, [7])])
    #expect(axes.sizes == [2, 3, 7])
    #expect(axes.number(ValueAxis(ValueID(1), 1)) == 1 && axes.number(ValueAxis(ValueID(4), 0)) == 2)
    #expect(axes.number(ValueAxis(ValueID(0), 0)) == nil && axes.number(ValueAxis(ValueID(3), 0)) == nil)
    #expect(axes.shape(ValueID(1)) == [2, 3] && axes.shape(ValueID(2)).isEmpty)
  }
}
