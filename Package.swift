// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors in every target. The numeric targets are optimised in debug builds too, each as one module, since
// a plain `swift test` would otherwise spend minutes in unoptimised loops; one thread per module builds them fastest.
// The others hold little arithmetic, or, as LoMAPeersReference, take longer to optimise than they save. Who may import
// whom is in Tests/HouseTests/Rooms.swift.
//
// A debug build indexes what it compiles, for editors; the standard library is not ours, and its index took a tenth of a
// first build.
let unindexed = ["-Xfrontend", "-index-ignore-stdlib", "-Xfrontend", "-index-ignore-clang-modules"]
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error), .unsafeFlags(unindexed, .when(configuration: .debug)),
]
let optimised = ["-O", "-wmo", "-num-threads", "1", "-disable-batch-mode", "-gline-tables-only"]
let numeric = strict + [.unsafeFlags(optimised, .when(configuration: .debug))]

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
    .target(name: "LoMAPeers", dependencies: ["LoMA"], exclude: ["README.md"], swiftSettings: numeric),
    .target(
      name: "LoMAPeersReference", dependencies: ["LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers"],
      swiftSettings: strict),
    .target(name: "LoMAVectors", swiftSettings: numeric),
    .target(
      name: "LoMAModels",
      dependencies: ["LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors"],
      swiftSettings: strict),
    .target(
      name: "LoMATraining",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels",
      ],
      resources: [
        .embedInCode("losslessness.template.md"), .embedInCode("losslessness-attention.template.md"),
        .embedInCode("losslessness-recitals.template.md"), .embedInCode("Budget/budget.css"),
        .embedInCode("Budget/budget.template.md"),
      ],
      swiftSettings: strict),
    .target(
      name: "LoMAAnswers",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels",
      ],
      swiftSettings: strict),
    .target(
      name: "LoMAMutants",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAAnswers",
      ],
      exclude: ["README.md"],
      swiftSettings: strict),
    .target(
      name: "LoMACatalogue",
      dependencies: ["LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors", "LoMAModels", "LoMAAnswers"],
      swiftSettings: strict),
    .target(
      name: "LoMAPeersCatalogue",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels", "LoMAAnswers",
        "LoMACatalogue",
      ],
      swiftSettings: strict),
    .target(
      name: "LoMASuite",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels",
        "LoMAAnswers", "LoMACatalogue", "LoMAPeersCatalogue",
      ],
      swiftSettings: strict),
    .target(
      name: "LoMAProcess", dependencies: ["LoMAVectors"], resources: [.embedInCode("watchman.sh")],
      swiftSettings: strict),
    .target(
      name: "LoMAJudgement", dependencies: ["LoMA", "LoMAPeers", "LoMAVectors"],
      resources: [.embedInCode("Bounds/scoreboard.template.md")], swiftSettings: strict),
    .target(
      name: "LoMAConformance", dependencies: ["LoMA", "LoMAVectors", "LoMAProcess", "LoMAJudgement"],
      exclude: ["README.md"],
      resources: [
        .embedInCode("Reports/report.css"), .embedInCode("Reports/report.html"), .embedInCode("Reports/report.js"),
      ],
      swiftSettings: strict),
    .target(
      name: "LoMADiagnosis",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAVectors", "LoMAModels", "LoMATraining", "LoMAAnswers",
        "LoMAMutants", "LoMACatalogue", "LoMASuite", "LoMAJudgement", "LoMAConformance",
      ],
      exclude: ["README.md"],
      resources: [
        .embedInCode("Sensitivity/peer-sensitivity.template.md"),
        .embedInCode("Sensitivity/rates.template.md"), .embedInCode("Sensitivity/scores.template.md"),
        .embedInCode("Sensitivity/sensitivity.template.md"),
      ],
      swiftSettings: strict),
    .target(
      name: "LoMAOwnModel",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors", "LoMAModels", "LoMAAnswers", "LoMAMutants",
      ],
      exclude: ["README.md"],
      swiftSettings: numeric),
    .target(
      name: "LoMAExplanation", dependencies: ["LoMA", "LoMAPeers", "LoMAVectors"],
      resources: [
        .embedInCode("Clauses/clauses.template.md"),
        .embedInCode("mask.css"), .embedInCode("mask.html"), .embedInCode("mask.js"),
        .embedInCode("names.css"),
        .embedInCode("Templates/main.swift"), .embedInCode("Templates/port.c"), .embedInCode("Templates/port.py"),
      ],
      swiftSettings: strict),
    .target(
      name: "LoMALessons",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors", "LoMAModels", "LoMAAnswers", "LoMAMutants",
        "LoMAProcess", "LoMAConformance", "LoMAExplanation",
      ],
      resources: [
        .embedInCode("Programs/asked.py"), .embedInCode("Programs/asked.swift"), .embedInCode("Programs/evening.py"),
        .embedInCode("Programs/evening.swift"),
      ],
      swiftSettings: strict),
    .target(
      name: "LoMAOwnRun",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAVectors", "LoMAModels", "LoMAProcess", "LoMAJudgement", "LoMAConformance",
        "LoMAOwnModel",
      ],
      exclude: ["README.md"],
      swiftSettings: strict),
    .executableTarget(
      name: "LoMACommand",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels",
        "LoMATraining", "LoMAAnswers", "LoMAMutants", "LoMACatalogue", "LoMAPeersCatalogue", "LoMASuite", "LoMAProcess",
        "LoMAJudgement", "LoMAConformance", "LoMADiagnosis", "LoMAExplanation", "LoMALessons", "LoMAOwnModel",
        "LoMAOwnRun",
      ],
      resources: [.embedInCode("Completions/completions.bash"), .embedInCode("Completions/completions.zsh")],
      swiftSettings: strict),
    .testTarget(name: "LoMATests", dependencies: ["LoMA"], swiftSettings: numeric),
    .testTarget(name: "NaiveLlamaTests", dependencies: ["NaiveLlama"], swiftSettings: strict),
    .testTarget(
      name: "LoMAReferenceTests", dependencies: ["LoMA", "NaiveLlama", "LoMAReference"], swiftSettings: strict),
    .testTarget(
      name: "LoMAPeersTests",
      dependencies: ["LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference"],
      swiftSettings: strict),
    .testTarget(name: "LoMAVectorsTests", dependencies: ["LoMAVectors"], swiftSettings: strict),
    .testTarget(
      name: "LoMASuiteTests",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels",
        "LoMATraining", "LoMAAnswers", "LoMAMutants", "LoMACatalogue", "LoMAPeersCatalogue", "LoMASuite", "LoMAProcess",
        "LoMAJudgement", "LoMAConformance", "LoMADiagnosis",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "LoMABoundsTests",
      dependencies: ["LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors", "LoMAAnswers"], swiftSettings: numeric),
    .testTarget(
      name: "LoMACommandTests",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAPeers", "LoMAPeersReference", "LoMAVectors", "LoMAModels",
        "LoMATraining", "LoMAAnswers", "LoMAMutants", "LoMACatalogue", "LoMAPeersCatalogue", "LoMASuite", "LoMAProcess",
        "LoMAJudgement", "LoMAConformance", "LoMADiagnosis", "LoMAExplanation", "LoMALessons", "LoMAOwnModel",
        "LoMAOwnRun", "LoMACommand",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "LoMAConformanceTests",
      dependencies: [
        "LoMA", "LoMAPeers", "LoMAVectors", "LoMAProcess", "LoMAJudgement", "LoMAConformance", "LoMAExplanation",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "LoMAOwnModelTests",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors", "LoMAModels", "LoMAAnswers", "LoMAMutants",
        "LoMACatalogue", "LoMASuite", "LoMADiagnosis", "LoMAOwnModel",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "LoMAOwnRunTests",
      dependencies: [
        "LoMA", "NaiveLlama", "LoMAVectors", "LoMAModels", "LoMAProcess", "LoMAJudgement", "LoMAConformance",
        "LoMAOwnModel", "LoMAOwnRun",
      ],
      swiftSettings: strict),
    .testTarget(name: "HouseTests", swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
