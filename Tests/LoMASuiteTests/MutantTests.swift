// TOL-1: every mutant answers some request otherwise than the reference, in types where its mistake is one.

import LoMA
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMAConformance
@testable import LoMAMutants

@Suite("12 Tolerances: mutants")
struct MutantTests {
  /// The recorded models and a few that the corpus has none of.
  private static let models: Result<[String: Model], any Error> = Result {
    try RareRequests.models(beside: StoredModels(vectors: projectRoot + "/Vectors").models)
  }

  private func mutant(_ id: String) throws -> Mutant { try #require(Mutant.all.first { $0.id == id }) }

  /// The type in which a mutant's mistake shows, of those it is asked in; none where it answers as the reference does.
  private func difference(_ mutant: Mutant, _ request: Request) throws -> ElementType? {
    let models = try Self.models.get()
    let types: [ElementType] = [.f64, .f32, .bf16, .f16]
    let wrong = ReferenceCandidate(port: mutant.deviation, types: types, models: models)
    let right = ReferenceCandidate(port: nil, types: types, models: models)
    return types.first { type in
      guard wrong.isMistaken(about: request, in: type) else { return false }
      switch (wrong.respond(to: request, in: type), right.respond(to: request, in: type)) {
      case (.tensors(let a), .tensors(let b)): return a != b
      case (.rejection(let a), .rejection(let b)): return a != b
      case (.tensors, .rejection): return true
      // A refusal is no difference that a comparison would see.
      case (.rejection, .tensors), (.unsupported, _), (_, .unsupported): return false
      }
    }
  }

  @Test func `TOL-1 every mutant answers some request otherwise than the reference`() throws {
    // The smallest requests of every operation first, since one difference is enough.
    let cases = Catalogue.cases.filter { $0.level != .property && !$0.id.contains("lossless") }
      .sorted { Self.size($0.request) < Self.size($1.request) }
    let rare = RareRequests.all
    #expect(Set(rare.keys).isSubset(of: Mutant.all.map { $0.id }))
    for mutant in Mutant.all {
      let own = cases.filter { ($0.level == .rejection) == (mutant.family == .rejections) }.map { $0.request }
      let asked = rare[mutant.id].map { [$0] } ?? own
      #expect(try asked.contains { try difference(mutant, $0) != nil }, "\(mutant.id): \(mutant.sentence)")
    }
  }

  private static func size(_ request: Request) -> Int {
    request.input.arrays.reduce(0) { sum, array in sum + array.shape.reduce(1, *) }
  }

  @Test func `TOL-4 a mistake that a type allows is not asked there`() throws {
    let models = try Self.models.get()
    let request = ModelCases.request(
      .generate, .mha, c: 2, t: 2, [CaseInputs.text(9, below: 11, seed: 1)], .base,
      parameters: ["generate": .integer(2)])
    let asked: [(String, Set<ElementType>)] = [
      ("M231", [.f64, .f32]), ("M232", [.f64, .f32]), ("M234", [.f64]), ("M236", [.f64]), ("M237", [.f64]),
      ("M244", [.bf16, .f16]), ("M245", [.bf16]), ("M246", [.bf16, .f16]), ("M029", [.f64, .f32, .bf16, .f16]),
    ]
    for (id, types) in asked {
      let mutant = ReferenceCandidate(port: try mutant(id).deviation, types: Array(types), models: models)
      for type in [ElementType.f64, .f32, .bf16, .f16] {
        #expect(mutant.isMistaken(about: request, in: type) == types.contains(type), "\(id) in \(type)")
      }
    }
  }

  @Test func `OPS-1 a request that leaves no room for a mistake is not asked`() throws {
    let models = try Self.models.get()
    let one = ModelCases.request(
      .forward, .gqa, c: 2, t: 2, [CaseInputs.text(3, below: 11, seed: 1)], .base)
    for id in [
      "M200", "M201", "M202", "M204", "M206", "M210", "M212", "M216", "M220", "M221", "M222", "M224", "M238", "M240",
      "M250", "M252", "M253", "M256", "M257", "M260", "M263", "M264", "M270", "M280", "M287", "M292", "M294", "M296",
    ] {
      let candidate = ReferenceCandidate(port: try mutant(id).deviation, types: [.f64], models: models)
      #expect(!candidate.isMistaken(about: one, in: .f64), "\(id)")
    }
  }

  /// Error over bound of a mutant's answer to a stage in a type.
  private func margin(_ id: String, _ request: Request, _ type: ElementType) throws -> Double {
    let right = try ReferenceAnswers(models: [:], workers: .single).answer(request)
    let wrong = ReferenceCandidate(port: try mutant(id).deviation, types: [type], models: [:])
    let precision = try #require(Precision.of(type))
    guard case .tensors(let arrays) = wrong.respond(to: request, in: type) else { return 0 }
    func values(_ name: String) -> [Double] {
      guard case .doubles(let values)? = right.first(where: { $0.name == name })?.content else { return [] }
      return values
    }
    return try arrays.map { array in
      let (expected, a, r) = (
        values(array.name), values(array.name + ".accumulation"), values(array.name + ".rounding")
      )
      return try array.doubles().enumerated().map { index, value in
        precision.ratio(value, expected: expected[index], accumulation: a[index], rounding: r[index])
      }.max() ?? 0
    }.max() ?? 0
  }

  @Test func `TOL-2 sums in a type of 16 bits exceed the bound where they are long`() throws {
    for (id, requests) in RareRequests.longSums {
      // In f16 attention of a size that the corpus has room for hides it (NarrowSumMutants).
      for type in id == "M245" ? [ElementType.bf16] : [.bf16, .f16] {
        var best = 0.0
        for (what, request) in requests {
          let margin = try margin(id, request, type)
          print("mistake \(id), \(what), \(type.rawValue): \(margin)")
          best = max(best, margin)
        }
        #expect(best >= 4, "\(id) in \(type)")
      }
    }
  }

  @Test func `MSK-12 a kernel that loses keys at borders of tiles exceeds the bound`() throws {
    for id in ["M212", "M213", "M214", "M215", "M216", "M217", "M218", "M219", "M220"] {
      for type in [ElementType.f64, .f32, .bf16, .f16] {
        let margin = try margin(id, RareRequests.manyRows, type)
        print("mistake \(id), attention of 273 rows, \(type.rawValue): \(margin)")
        #expect(margin >= 4, "\(id) in \(type)")
      }
    }
  }

  @Test func `TOL-2 a number is rounded to 16 bits as the container rounds it`() throws {
    var numbers = SeededNumbers(seed: 7)
    for (type, format) in [(ElementType.bf16, NarrowFloat.bfloat16), (.f16, .float16)] {
      let sums = try #require(NarrowSums(type))
      // From below the subnormal numbers of binary16 to above its largest, and ties.
      var values = [0, -0.0, 1 + 0x1p-8, 1 + 3 * 0x1p-8, 1 + 0x1p-11, 1 + 3 * 0x1p-11, 0x1p-24, 0x1p-25, 0x1.8p-24]
      values += [65504, 65519, 65520, -65520]
      for _ in 0..<20_000 {
        let power = Elementary.power(2, Double(numbers.integer(below: 44)) - 26)
        values.append((numbers.unitInterval() - 0.5) * power)
      }
      let wrong = zip(values, format.rounded(values)).filter { sums.rounded($0) != $1 }
      #expect(wrong.isEmpty, "\(type): \(wrong.prefix(3))")
    }
    #expect(NarrowSums(.f32) == nil)
  }
}
