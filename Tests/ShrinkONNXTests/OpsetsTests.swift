import ShrinkGraph
import Testing

@testable import ShrinkONNX

@Suite struct OpsetsTests {
  @Test(arguments: [3, 8, 14] as [Int64], [1, 28] as [Int64]) func knownVersionsAreRead(_ ir: Int64, _ opset: Int64)
    throws
  {
    let model = try Import.model(bytes: Wire.model(graph: [], ir: ir, opset: opset))
    #expect(model.irVersion == ir)
    #expect(model.graph.opsets == ["": Int(opset)])
  }

  @Test(arguments: [0, 2, 15, -1] as [Int64]) func otherFormatsAreRefused(_ ir: Int64) {
    let error = importError(Wire.model(graph: [], ir: ir))
    #expect(error?.code == .unsupportedVersion)
    #expect(error?.fact == "ONNX format version \(ir) is not among 3 to 14")
  }

  @Test(arguments: [0, -1, 29] as [Int64]) func otherOpsetsAreRefused(_ opset: Int64) {
    let error = importError(Wire.model(graph: [], opset: opset))
    #expect(error?.code == .unsupportedVersion)
    #expect(error?.place == "opset_import")
  }

  @Test func otherDomainsAreFine() throws {
    let bytes = Wire.model(graph: []) + Wire.message(8, Wire.message(1, "org.example") + Wire.number(2, 99))
    #expect(try Import.model(bytes: bytes).graph.opsets == ["": 17, "org.example": 99])
  }

  @Test func anOpsetIsNeededOnce() {
    #expect(importError(Wire.model(graph: [], opset: nil))?.fact.contains("which operator set") == true)
    let twice = Wire.model(graph: []) + Wire.message(8, Wire.message(1, "ai.onnx") + Wire.number(2, 18))
    #expect(importError(twice)?.fact == "domain '' is imported in two versions")
  }
}
