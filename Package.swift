// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors in every target; the numeric targets are optimised in debug builds too, since a plain
// `swift test` would otherwise spend minutes in unoptimised loops.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let numeric = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
  name: "loma",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "loma", targets: ["LoMACommand"]),
    .library(name: "LoMA", targets: ["LoMA"]),
    .library(name: "LoMAReference", targets: ["LoMAReference"]),
    .library(name: "LoMAVectors", targets: ["LoMAVectors"]),
  ],
  dependencies: [],
  targets: [
    .target(name: "LoMA", swiftSettings: numeric),
    .target(name: "LoMAReference", dependencies: ["LoMA"], swiftSettings: numeric),
    .target(name: "LoMAVectors", swiftSettings: numeric),
    .target(
      name: "LoMAModels", dependencies: ["LoMA", "LoMAReference", "LoMAVectors"], swiftSettings: numeric),
    .target(
      name: "LoMATraining", dependencies: ["LoMA", "LoMAReference", "LoMAVectors", "LoMAModels"], swiftSettings: numeric
    ),
    .target(
      name: "LoMASuite", dependencies: ["LoMA", "LoMAReference", "LoMAVectors", "LoMAModels"], swiftSettings: strict),
    .target(name: "LoMAProcess", dependencies: ["LoMAVectors"], swiftSettings: strict),
    .target(name: "LoMAJudgement", dependencies: ["LoMA", "LoMAVectors"], swiftSettings: numeric),
    .target(
      name: "LoMAConformance", dependencies: ["LoMA", "LoMAVectors", "LoMAProcess", "LoMAJudgement"],
      swiftSettings: strict),
    .target(
      name: "LoMADiagnosis",
      dependencies: [
        "LoMA", "LoMAReference", "LoMAVectors", "LoMAModels", "LoMASuite", "LoMAJudgement", "LoMAConformance",
      ],
      swiftSettings: strict),
    .target(name: "LoMAExplanation", dependencies: ["LoMA", "LoMAVectors"], swiftSettings: strict),
    .executableTarget(
      name: "LoMACommand",
      dependencies: [
        "LoMATraining", "LoMASuite", "LoMAJudgement", "LoMAConformance", "LoMADiagnosis", "LoMAExplanation",
      ],
      swiftSettings: strict),
    .testTarget(name: "LoMATests", dependencies: ["LoMA"], swiftSettings: numeric),
    .testTarget(name: "LoMAReferenceTests", dependencies: ["LoMA", "LoMAReference"], swiftSettings: numeric),
    .testTarget(name: "LoMAVectorsTests", dependencies: ["LoMAVectors"], swiftSettings: numeric),
    .testTarget(
      name: "LoMASuiteTests",
      dependencies: [
        "LoMA", "LoMAReference", "LoMAVectors", "LoMAModels", "LoMATraining", "LoMASuite", "LoMAJudgement",
        "LoMAConformance",
        "LoMADiagnosis",
      ],
      swiftSettings: numeric),
    .testTarget(
      name: "LoMACommandTests",
      dependencies: [
        "LoMA", "LoMAReference", "LoMAVectors", "LoMAModels", "LoMATraining", "LoMASuite", "LoMAJudgement",
        "LoMAConformance",
        "LoMADiagnosis", "LoMAExplanation", "LoMACommand",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "LoMAConformanceTests",
      dependencies: ["LoMA", "LoMAVectors", "LoMAProcess", "LoMAJudgement", "LoMAConformance", "LoMAExplanation"],
      swiftSettings: strict),
    .testTarget(name: "HouseTests", swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
