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
      name: "LoMASuite",
      dependencies: ["LoMA", "LoMAReference", "LoMAVectors"],
      resources: [
        .embedInCode("Sensitivity/rates.template.md"), .embedInCode("Sensitivity/scores.template.md"),
        .embedInCode("Sensitivity/sensitivity.template.md"),
        .embedInCode("Training/losslessness.template.md"),
        .embedInCode("Training/losslessness-attention.template.md"),
        .embedInCode("Training/losslessness-recitals.template.md"),
      ],
      swiftSettings: strict),
    .target(
      name: "LoMAConformance",
      dependencies: ["LoMA", "LoMAVectors"],
      resources: [
        .embedInCode("Bounds/scoreboard.template.md"),
        .embedInCode("Explanation/mask.css"), .embedInCode("Explanation/mask.html"),
        .embedInCode("Explanation/mask.js"),
        .embedInCode("Process/watchman.sh"),
        .embedInCode("Reports/report.css"), .embedInCode("Reports/report.html"), .embedInCode("Reports/report.js"),
        .embedInCode("Skeletons/main.swift"), .embedInCode("Skeletons/port.c"), .embedInCode("Skeletons/port.py"),
      ],
      swiftSettings: strict),
    .executableTarget(name: "LoMACommand", dependencies: ["LoMASuite", "LoMAConformance"], swiftSettings: strict),
    .testTarget(name: "LoMATests", dependencies: ["LoMA"], swiftSettings: numeric),
    .testTarget(name: "LoMAReferenceTests", dependencies: ["LoMA", "LoMAReference"], swiftSettings: numeric),
    .testTarget(name: "LoMAVectorsTests", dependencies: ["LoMAVectors"], swiftSettings: numeric),
    .testTarget(
      name: "LoMASuiteTests",
      dependencies: ["LoMA", "LoMAReference", "LoMAVectors", "LoMASuite", "LoMAConformance"],
      swiftSettings: numeric),
    .testTarget(
      name: "LoMACommandTests",
      dependencies: ["LoMA", "LoMAReference", "LoMAVectors", "LoMASuite", "LoMACommand", "LoMAConformance"],
      swiftSettings: strict),
    .testTarget(
      name: "LoMAConformanceTests", dependencies: ["LoMA", "LoMAVectors", "LoMAConformance"], swiftSettings: strict),
    .testTarget(name: "HouseTests", swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
