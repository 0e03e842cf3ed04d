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
    .library(name: "NaiveLlama", targets: ["NaiveLlama"]),
    .library(name: "LoMAReference", targets: ["LoMAReference"]),
    .library(name: "LoMAVectors", targets: ["LoMAVectors"]),
  ],
  dependencies: [],
  targets: [
    .target(name: "LoMA", swiftSettings: numeric),
    .target(name: "NaiveLlama", exclude: ["README.md"], swiftSettings: numeric),
    .target(
      name: "LoMAReference", dependencies: ["LoMA", "NaiveLlama"], exclude: ["README.md"], swiftSettings: numeric),
    .target(name: "LoMAVectors", swiftSettings: numeric),
    .target(
      name: "LoMASuite", dependencies: ["LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors"], swiftSettings: strict),
    .target(name: "LoMAConformance", dependencies: ["LoMA", "LoMAVectors"], swiftSettings: strict),
    .executableTarget(name: "LoMACommand", dependencies: ["LoMASuite", "LoMAConformance"], swiftSettings: strict),
    .testTarget(name: "LoMATests", dependencies: ["LoMA"], swiftSettings: numeric),
    .testTarget(name: "NaiveLlamaTests", dependencies: ["NaiveLlama"], swiftSettings: numeric),
    .testTarget(
      name: "LoMAReferenceTests", dependencies: ["LoMA", "NaiveLlama", "LoMAReference"], swiftSettings: numeric),
    .testTarget(name: "LoMAVectorsTests", dependencies: ["LoMAVectors"], swiftSettings: numeric),
    .testTarget(
      name: "LoMASuiteTests",
      dependencies: ["LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors", "LoMASuite", "LoMAConformance"],
      swiftSettings: numeric),
    .testTarget(
      name: "LoMACommandTests",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors", "LoMASuite", "LoMACommand", "LoMAConformance",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "LoMAConformanceTests", dependencies: ["LoMA", "LoMAVectors", "LoMAConformance"], swiftSettings: strict),
    .testTarget(name: "HouseTests", swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
