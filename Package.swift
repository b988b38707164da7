// swift-tools-version: 6.1
import PackageDescription

/// Targets stand in the order in which data flows; each imports only those above it.
let package = Package(
  name: "onnx-shrink",
  products: [
    .executable(name: "onnx-shrink", targets: ["onnx-shrink"]),
    .library(name: "OnnxShrink", targets: ["OnnxShrink"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    // C libraries; nothing else may name them.
    .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .systemLibrary(name: "CMinizip", pkgConfig: "minizip", providers: [.apt(["libminizip-dev", "zlib1g-dev"])]),
    .target(name: "COnnxProto", dependencies: ["CProtobufC"]),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("openblas")]),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp")]),
    .target(name: "CKernels"),
    // The flow.
    .target(name: "ShrinkGraph"),
    .target(name: "ShrinkONNX", dependencies: ["ShrinkGraph", "COnnxProto"]),
    .target(name: "ShrinkMath", dependencies: ["COpenBLAS", "COneDNN", "CKernels"]),
    .target(name: "ShrinkOps", dependencies: ["ShrinkGraph", "ShrinkMath"]),
    .target(name: "ShrinkRun", dependencies: ["ShrinkGraph", "ShrinkMath", "ShrinkOps"]),
    .target(name: "ShrinkData", dependencies: ["ShrinkGraph", "CMinizip"]),
    .target(name: "ShrinkReduce", dependencies: ["ShrinkGraph", "ShrinkMath", "ShrinkOps", "ShrinkRun"]),
    .target(name: "ShrinkVerify", dependencies: ["ShrinkGraph", "ShrinkONNX", "ShrinkOps", "ShrinkRun", "ShrinkData"]),
    .target(name: "ShrinkReport", dependencies: ["ShrinkGraph", "ShrinkReduce", "ShrinkVerify"]),
    .target(name: "ShrinkConformance", dependencies: ["ShrinkGraph", "ShrinkONNX", "ShrinkOps", "ShrinkRun"]),
    .target(
      name: "OnnxShrink",
      dependencies: [
        "ShrinkGraph", "ShrinkONNX", "ShrinkMath", "ShrinkOps", "ShrinkRun", "ShrinkData", "ShrinkReduce",
        "ShrinkVerify", "ShrinkReport", "ShrinkConformance",
      ]),
    .executableTarget(
      name: "onnx-shrink",
      dependencies: ["OnnxShrink", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    // Tests: one target a target, one file a source file.
    .target(
      name: "ShrinkTestSupport", dependencies: ["ShrinkGraph", "ShrinkOps"], path: "Tests/ShrinkTestSupport"),
    .testTarget(name: "ShrinkGraphTests", dependencies: ["ShrinkGraph", "ShrinkTestSupport"]),
    .testTarget(name: "ShrinkONNXTests", dependencies: ["ShrinkONNX", "ShrinkTestSupport"]),
    .testTarget(name: "ShrinkMathTests", dependencies: ["ShrinkMath"]),
    .testTarget(name: "ShrinkOpsTests", dependencies: ["ShrinkOps", "ShrinkTestSupport"]),
    .testTarget(name: "ShrinkRunTests", dependencies: ["ShrinkRun", "ShrinkONNX", "ShrinkData", "ShrinkTestSupport"]),
    .testTarget(name: "ShrinkDataTests", dependencies: ["ShrinkData", "ShrinkTestSupport"]),
    .testTarget(
      name: "ShrinkReduceTests", dependencies: ["ShrinkReduce", "ShrinkONNX", "ShrinkData", "ShrinkTestSupport"]),
    .testTarget(name: "ShrinkVerifyTests", dependencies: ["ShrinkVerify", "ShrinkTestSupport"]),
    .testTarget(name: "ShrinkReportTests", dependencies: ["ShrinkReport", "ShrinkTestSupport"]),
    .testTarget(name: "ShrinkConformanceTests", dependencies: ["ShrinkConformance"]),
    .testTarget(name: "CLITests", dependencies: ["OnnxShrink", "ShrinkTestSupport", "onnx-shrink"]),
  ],
  swiftLanguageModes: [.v6]
)
