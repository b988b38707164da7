import Foundation
import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

/// Runs the nodes of fixtures/nodes and compares with what ONNX Runtime computed.
@Suite struct NodeFixtureTests {
  /// One node as `fixtures/make_nodes.py` writes it.
  struct Fixture: Decodable {
    struct Attribute: Decodable {
      let int: Int64?, float: Float?, string: String?, ints: [Int64]?, floats: [Float]?

      var value: ShrinkGraph.Attribute.Value {
        if let int { return .int(int) }
        if let float { return .float(float) }
        if let string { return .string(Array(string.utf8)) }
        if let ints { return .ints(ints) }
        return .floats(floats ?? [])
      }
    }
    struct Elements: Decodable {
      let dtype: String, shape: [Int], bytes: Data

      var tensor: Tensor? {
        let types: [String: DType] = [
          "float32": .float32, "float64": .float64, "int64": .int64, "int32": .int32, "int16": .int16, "int8": .int8,
          "uint8": .uint8, "uint16": .uint16, "uint32": .uint32, "uint64": .uint64, "bool": .bool, "float16": .float16,
        ]
        guard let type = types[dtype], type.byteCount(Tensor.count(shape)) == bytes.count else { return nil }
        let storage = TensorStorage(byteCount: bytes.count)
        bytes.withUnsafeBytes {
          if let base = $0.baseAddress { storage.bytes.copyMemory(from: base, byteCount: $0.count) }
        }
        return Tensor(dtype: type, shape: shape, storage: storage)
      }
    }
    let opset: Int
    let attributes: [String: Attribute]
    let inputs: [Elements?]
    let outputs: [Elements]
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/nodes")

  static let operators: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()

  @Test func findsTheFixtures() { #expect(!Self.operators.isEmpty) }

  @Test(arguments: operators) func agreesWithONNXRuntime(_ opType: String) throws {
    let data = try Data(contentsOf: Self.folder.appending(path: opType + ".json"))
    for (number, fixture) in try JSONDecoder().decode([Fixture].self, from: data).enumerated() {
      let operands = fixture.inputs.map { $0?.tensor }
      // Integers and booleans are shapes, axes and modes: they are known before the network runs.
      let constants = operands.indices.filter { $0 > 0 && operands[$0]?.dtype.isFloat == false }
      let node = NodeCase(
        opType, opset: fixture.opset, outputs: fixture.outputs.count, fixture.attributes.mapValues(\.value),
        operands: operands, constants: Set(constants))
      let results = try node.run()
      #expect(try node.infer().map(\.shape) == fixture.outputs.map(\.shape), "\(opType) \(number), inferred")
      #expect(results.count == fixture.outputs.count)
      for (result, output) in zip(results, fixture.outputs) {
        let wanted = try #require(output.tensor, "\(opType) \(number)")
        #expect(result.difference(from: wanted, tolerance: 1e-5) == nil, "\(opType) \(number): \(fixture.attributes)")
      }
    }
  }
}
