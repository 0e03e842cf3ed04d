// `loma explain --method latent`: who reads whom, shapes and bits are those of the integers; what is wrong is said.

import Foundation
import LoMA
import LoMAExplanation
import LoMAPeers
import Testing

@testable import LoMACommand

private let sizes = "--hidden 8 --heads 2 --plain 3 --rotated 4 --value 5 --latent 6"

private func parse(_ line: String) throws -> [String: Any] {
  let outcome = loma(line + " --format json")
  try #require(outcome.complaint == nil, "\(line): \(outcome.complaint ?? "")")
  return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
}

@Suite struct `Explain latent attention` {
  @Test(arguments: 1...5, 1...4)
  func `LAT-2 LAT-11 layers, shapes and bits in JSON are the integers'`(layers: Int, stride: Int) throws {
    for (options, profile, bits) in [
      ("", "base", nil), (" --bits 4 --group 3 --rotated-bits 2", "up_projection=shared", 4),
      (" --query-latent 7", "latent_norm=off,quantiser=symmetric", nil),
    ] as [(String, String, Int?)] {
      let root = try parse(
        "explain --method latent --layers \(layers) --stride \(stride) --profile \(profile) \(sizes)" + options
          + " --kv-heads 1 --text 9 --c 2 --t 2")
      let widths = LatentWidths(
        heads: 2, plain: 3, rotated: 4, value: 5, latent: 6, queryLatent: options.contains("query") ? 7 : nil,
        bits: bits, rotatedBits: bits.map { _ in 2 }, group: bits == nil ? nil : 3)
      let parameters = try LatentParameters(
        profile: LatentProfile(name: profile), stride: stride, form: .latent(widths))
      let shape = LatentShape(
        vocabularySize: 1, hiddenSize: 8, intermediateSize: 1, layers: layers, tiesHead: true, attention: parameters)
      let cost = try LatentCost(parameters, layers: layers)
      #expect(root["method"] as? String == "latent")
      let producers = (root["layers"] as? [String: Any])?["producers"] as? [Int]
      #expect(producers == (0..<layers).map { parameters.producer(ofLayer: $0) })
      var weights: [String: [Int]] = [:]
      for kind in try #require(root["weights"] as? [[String: Any]]) {
        for layer in try #require(kind["layers"] as? [Int]) {
          for weight in try #require(kind["weights"] as? [[String: Any]]) {
            weights["model.layers.\(layer).self_attn.\(weight["name"] ?? "")"] = weight["shape"] as? [Int]
          }
        }
      }
      let expected = shape.parameters.filter { $0.name.contains("self_attn") }
      #expect(weights.count == expected.count)
      for (name, shape) in expected { #expect(weights[name] == shape, "\(name)") }
      let found = try #require(root["cost"] as? [String: Any])
      #expect(found["token_bits"] as? Int == cost.tokenBits && found["entry_bits"] as? Int == cost.entryBits)
      let parts = try #require(found["entry"] as? [[String: Any]])
      #expect(parts.compactMap { $0["payload"] as? Int }.reduce(0, +) == cost.entryBits)
      let text = try #require(found["text"] as? [[String: Any]])
      let bitsOf = Dictionary(
        uniqueKeysWithValues: text.map { ($0["system"] as? String ?? "", $0["bits"] as? Int ?? 0) })
      let whole = layers * 2 * (3 + 4 + 5) * 16
      // Nine tokens in chunks of four: two chunks of two memory rows each, and a tail of one.
      #expect(
        bitsOf == [
          "this": 9 * cost.tokenBits, "multi_head": 9 * whole, "grouped_query": 9 * whole / 2,
          "loma_on_multi_head": 5 * whole, "loma_on_this": 5 * cost.tokenBits,
        ])
      let pairs = try Cost(textLength: 9, parameters: Parameters(c: 2, t: 2), profile: .base).generation
      #expect(text.compactMap { $0["pairs"] as? Int } == [45, 45, 45, pairs, pairs])
    }
  }

  @Test func `LAT-1 a point brings its choices, and options beside it win`() throws {
    func parameters(_ options: String) throws -> [String: Any] {
      let root = try parse("explain --method latent --layers 4 --hidden 8 --heads 2 " + options)
      return try #require(root["parameters"] as? [String: Any])
    }
    let widths = " --plain 3 --rotated 4 --value 5 --latent 6"
    let clla = try parameters("--point clla" + widths)
    #expect(clla["stride"] as? Int == 2 && clla["bits"] as? Int == 4 && clla["producers"] as? Int == 2)
    #expect((clla["note"] as? String)?.contains("2410.15252") == true)
    let mla = try parameters("--point mla" + widths)
    #expect(mla["stride"] as? Int == 1 && mla["bits"] is NSNull && mla["note"] is NSNull)
    #expect(try parameters("--point clla --bits 0 --stride 4" + widths)["producers"] as? Int == 1)
    #expect(try parameters("--point clla --bits 0 --stride 4" + widths)["bits"] is NSNull)
    // The same sizes without the name are the same point.
    #expect(try parameters("--stride 2 --bits 4" + widths)["point"] as? String == "clla")
    let cla = try parameters("--point cla --stride 3 --head-dim 4 --kv-heads 1")
    #expect((cla["profile"] as? [String: String])?["entries"] == "heads" && cla["producers"] as? Int == 2)
    for line in ["--point clla" + widths, "--stride 2 --bits 4" + widths] {
      for format in ["text", "html"] {
        let shown = loma("explain --method latent --layers 4 --hidden 8 --heads 2 --format \(format) " + line).output
        #expect(shown.contains("nothing here claims to follow it"), "\(format)")
      }
    }
    #expect(!loma("explain --method latent --layers 4 --hidden 8 --heads 2" + widths).output.contains("2410.15252"))
  }

  @Test func `LAT-2 text, page and picture show who reads whom`() throws {
    let line = "explain --method latent --layers 5 --stride 2 " + sizes
    let text = loma(line + " --show layers").output
    let cells = text.matches(of: /\n +\d layer [wr]  (.*)/).map { $0.1.filter { "w·".contains($0) } }
    #expect(cells == ["w····", "w····", "··w··", "··w··", "····w"], "\(text)")
    #expect(text.contains("the reader reads the writer"))
    let svg = loma(line + " --format svg").output
    #expect(svg.hasPrefix("<svg") && svg.contains("Layers as a grid") && !svg.contains("ttention mask"))
    let visible = svg.components(separatedBy: "class=\"producer\"").count - 1
    #expect(visible >= 5)
    let html = loma(line + " --format html").output
    #expect(html.contains("does not read") && html.contains("kv_a_proj_with_mqa") && html.contains("LAT-9"))
  }

  @Test func `LAT-10 sizes come from a config.json, too`() throws {
    let model = try LatentByteModel(stride: 2, bits: 4)
    try model.onDisk { directory in
      let fromFile = try parse("explain --method latent --model \(directory)")
      let given = try parse(
        "explain --method latent --layers 3 --hidden 8 --heads 2 --plain 2 --rotated 4 --value 3 --latent 6 "
          + "--query-latent 5 --stride 2 --bits 4 --rotated-bits 4")
      #expect(NSDictionary(dictionary: fromFile) == NSDictionary(dictionary: given))
      let outcome = loma("explain --method latent --model \(directory) --stride 2")
      #expect(
        outcome
          == .rejected("explain: option --stride says what the model of --model says; see loma explain --help"))
    }
  }

  @Test(arguments: [
    ("--stride 0", "stride-out-of-range: s is 0"), ("--latent 0", "latent-width-out-of-range: "),
    ("--rotated 3", "odd-rotated-width: d_r is 3"), ("--value 0", "head-width-out-of-range: "),
    ("--bits 25", "bits-out-of-range: 25 bits"), ("--bits 4 --group 4", "group-does-not-divide: groups of 4"),
    ("--heads 0", "invalid-configuration: 0 query heads"), ("--profile entries=rows", "unknown-alternative: "),
    ("--profile colour=red", "unknown-axis: "), ("--profile latent_norm=on,latent_norm=on", "repeated-axis: "),
    ("--c 0", "ratio-below-one: "), ("--text -1", "negative-text-length: "),
    ("--kv-heads \(LatentParameters.limit + 1)", "cache-size-out-of-range: "),
  ])
  func `a size out of range is refused with its code`(options: String, complaint: String) {
    let name = options.split(separator: " ")[0]
    let others = ["--layers 2"] + sizes.components(separatedBy: " --").map { $0.hasPrefix("--") ? $0 : "--" + $0 }
    let line = "explain --method latent " + others.filter { !$0.hasPrefix(name + " ") }.joined(separator: " ") + " "
    let outcome = loma(line + options)
    #expect(outcome.complaint?.hasPrefix("loma: " + complaint) == true, "\(outcome.complaint ?? "none")")
  }

  @Test func `a line that does not fit is refused with a reason`() {
    let all = "--layers 2 " + sizes
    for (options, complaint) in [
      (sizes, "option --layers is needed, or --model DIR"),
      ("--point cla --stride 2 " + all, "option --plain is about entries=latent"),
      ("--point cla --layers 2 --hidden 8 --heads 2 --head-dim 4", "option --stride is needed, or --model DIR"),
      (all + " --head-dim 4", "option --head-dim is about entries=heads"), (all + " --t 2", "option --t needs --c"),
      (
        all + " --show mask",
        "option --show takes one of parameters, weights, layers, rules, cost, profiles, not 'mask'"
      ),
      (all + " --format svg --show cost", "option --format svg draws the layers only: use --show layers"),
      ("--layers 0 " + sizes, "option --layers takes 1...4096, not 0"),
      (all + " --kv-heads 0", "option --kv-heads takes at least 1, not 0"),
      (all + " --generate 2", "unknown option --generate"),
      (all + " --point dla", "option --point takes one of mla, cla, clla, not 'dla' (did you mean mla?)"),
    ] {
      #expect(
        loma("explain --method latent " + options) == .rejected("explain: \(complaint); see loma explain --help"),
        "\(options)")
    }
    #expect(loma("explain --method latent --show profiles").exitCode == .fine)
  }
}
