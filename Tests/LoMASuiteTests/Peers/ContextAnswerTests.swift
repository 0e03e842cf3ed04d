// Chapter 16 over the protocol and against itself: the recorded answers, ports in F32, and the bounds of the two stages.

import Foundation
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMAPeersCatalogue
@testable import LoMASuite

@Suite("Chapter 16: answers")
struct ContextAnswerTests {
  private static let vectors = projectRoot + "/Vectors/peers"

  private func numbers(_ name: String, of item: Case) throws -> [Double] {
    let tensor = try #require(try peerAnswers().answer(item.request).first { $0.name == name })
    guard case .doubles(let values) = tensor.content else { return [] }
    return values
  }

  @Test func `CCM-30 the reference as a candidate gives every recorded answer, rounded once`() throws {
    try withFolder { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/models", withDestinationPath: Self.vectors + "/models")
      var session = CandidateSession(folder: folder, declaring: .peers)
      for item in PeerCatalogue.cases {
        for type in item.dtypes == ["i64"] ? [ElementType.i64] : [.f64, .f32] {
          try CandidateTests.check(item, type, &session, folder, vectors: Self.vectors)
        }
      }
    }
  }

  @Test func `CCM-30 the reference declares the operations of the part it is asked for`() throws {
    let hello = #"{"loma":1,"id":0,"cmd":"hello","protocols":[1],"specification":"0.2"}"#
    for part in Part.allCases {
      var session = CandidateSession(folder: "/nowhere", declaring: part)
      let reply = session.reply(to: hello) ?? ""
      let words = Operation.all(of: part).map { "\"\($0.rawValue)\"" }.joined(separator: ",")
      #expect(reply.contains(#""version":"\#(Versions.suite(of: part))","ops":[\#(words)],"#))
    }
  }

  @Test func `CCM-26 online and parallel logits have the same bits`() throws {
    for profile in ContextProfile.all {
      let texts = ContextTexts([[3, 1, 2, 4]], profile, seed: 31)
      let parallel = try peerAnswers().answer(texts.request(.ccmForward, model: .gqa))
      let online = try peerAnswers().answer(texts.request(.ccmOnline, model: .gqa, ["generate": .integer(1)]))
      let rows = texts.batch.texts[0].indices.filter { texts.batch.texts[0][$0].place.role == .text }
      guard case .doubles(let logits) = parallel[0].content,
        case .doubles(let fed)? = online.first(where: { $0.name == "logits" })?.content
      else {
        Issue.record("logits are numbers")
        return
      }
      let width = ContextTexts.vocabulary
      #expect(fed == rows.flatMap { logits[$0 * width..<($0 + 1) * width] }, "\(profile.name)")
    }
  }

  @Test func `CCM-32 a merge counts its rate whatever the memory is`() throws {
    let under = try #require(PeerCatalogue.item("stage.merge.exponential-under-concat"))
    let (keys, means) = (try under.request.tensor("keys").values, try numbers("keys", of: under))
    let width = 4
    #expect(Array(means[..<width]) == Array(keys[..<width]))
    for i in 0..<width { #expect(means[width + i] == 0.75 * keys[i] + 0.25 * keys[width + i]) }
  }

  /// |a − b| in units of the bound of F32 (TOL-3), element by element: the largest.
  private func ratio(_ a: [Float], _ item: Case, _ name: String) throws -> Double {
    let precision = try #require(Precision.of(.f32))
    let (right, units) = (try numbers(name, of: item), try numbers(name + ".accumulation", of: item))
    let roundings = try numbers(name + ".rounding", of: item)
    var worst = 0.0
    for (i, value) in a.enumerated() {
      let bound = precision.accumulation * units[i] + precision.output * roundings[i]
      let error = (Double(value) - right[i]).magnitude
      worst = max(worst, error == 0 ? 0 : error / bound)
    }
    return worst
  }

  /// A running mean, a sum divided once, and a product with weights, all in F32, are right; one that divides by t + 1,
  /// or keeps the last segment, is not.
  @Test func `CCM-37 right merges in F32 are within the bound, and wrong ones far beyond it`() throws {
    for id in ["mean", "many-segments", "all-bits"] {
      let item = try #require(PeerCatalogue.item("stage.merge." + id))
      let tensor = try item.request.tensor("keys")
      let (segments, size) = (tensor.shape[0], tensor.shape[1] * tensor.shape[2])
      let h = (0..<segments).map { t in tensor.values[t * size..<(t + 1) * size].map { Float($0) } }
      var (running, sums, weighted, late): ([Float], [Float], [Float], [Float]) = ([], [], [], [])
      for i in 0..<size * segments {
        let (t, j) = (i / size, i % size)
        var mean: Float = 0
        var sum: Float = 0
        for s in 0...t {
          let weight = 1 / Float(s + 1)
          mean = (1 - weight) * mean + weight * h[s][j]
          sum += h[s][j]
        }
        running.append(mean)
        sums.append(sum / Float(t + 1))
        weighted.append((0...t).reduce(0) { $0 + h[$1][j] * (1 / Float(t + 1)) })
        late.append(sum / Float(t + 2))
      }
      for right in [running, sums, weighted] { #expect(try ratio(right, item, "keys") <= 1, "\(id)") }
      #expect(try ratio(late, item, "keys") > 1000, "\(id)")
      #expect(try ratio(h.flatMap { $0 }, item, "keys") > 1000, "\(id)")
    }
  }

  /// The update computed before it is scaled or after, or as one matrix, is right; one on every row, or scaled by α, is
  /// not.
  @Test func `CCM-37 right updates in F32 are within the bound, and wrong ones far beyond it`() throws {
    for id in ["mixed", "open", "rank-one", "wide-rank"] {
      let item = try #require(PeerCatalogue.item("stage.conditional_linear." + id))
      let request = item.request
      let (x, w) = (try request.tensor("x"), try request.tensor("weight"))
      let (a, b) = (try request.tensor("lora_a"), try request.tensor("lora_b"))
      let gates = try request.input.array("gate").booleans()
      let scale = Float(try request.real("lora_alpha")) / Float(a.rows)
      func dot(_ p: [Float], _ q: [Float]) -> Float { zip(p, q).reduce(0) { $0 + $1.0 * $1.1 } }
      func row(_ tensor: Tensor, _ r: Int) -> [Float] { tensor.row(r).map { Float($0) } }
      func y(_ factor: Float, scalesFirst: Bool, everywhere: Bool = false) -> [Float] {
        (0..<x.rows).flatMap { r in
          let low = (0..<a.rows).map { dot(row(x, r), row(a, $0)) * (scalesFirst ? factor : 1) }
          return (0..<w.rows).map { out in
            let base = dot(row(x, r), row(w, out))
            let added = dot(low, row(b, out)) * (scalesFirst ? 1 : factor)
            return gates[r] || everywhere ? base + added : base
          }
        }
      }
      #expect(try ratio(y(scale, scalesFirst: false), item, "y") <= 1, "\(id)")
      #expect(try ratio(y(scale, scalesFirst: true), item, "y") <= 1, "\(id)")
      if a.rows > 1 { #expect(try ratio(y(scale * Float(a.rows), scalesFirst: true), item, "y") > 1000, "\(id)") }
      if gates.contains(false) {
        #expect(try ratio(y(scale, scalesFirst: true, everywhere: true), item, "y") > 1000, "\(id)")
      }
    }
  }
}
