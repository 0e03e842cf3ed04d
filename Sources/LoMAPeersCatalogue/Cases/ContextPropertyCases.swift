// CCM-36: the property level of chapter 16: inputs whose answers are compared with each other.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// Cases without a recorded answer.
enum ContextPropertyCases {
  static var all: [Case] { online + inert + interference + gate + others }

  private static func property(
    _ property: Property, _ what: String, hunts: String, clauses: [String], _ request: Request,
    types: [String] = NumberType.words
  ) -> Case {
    Case(
      id: "property.\(property.rawValue).ccm.\(what)", since: Versions.frozen, level: .property, hunts: hunts,
      clauses: clauses.sorted(), request: request, expectation: .property(property), dtypes: types)
  }

  private static var online: [Case] {
    ContextProfile.all.map { profile in
      property(
        .online, profile.slug, hunts: "a memory that is not the mask's", clauses: ["CCM-24", "CCM-25", "CCM-26"],
        // Forced, since the questions are fixed before the first answer.
        ContextOnlineCases.request(
          .gqa, ContextTexts([[2, 3, 1, 3]], profile, seed: 701), generate: 3, forced: [7, ContextTexts.bos, 0]))
    }
  }

  private static var inert: [Case] {
    ContextProfile.all.filter { $0.memory == .merge && $0.sink == .off }.map { profile in
      let texts = ContextTexts([[2, 2, 3, 2]], profile, seed: 711)
      return property(
        .inert, profile.slug, hunts: "a SUM row's own embedding that reaches text", clauses: ["CCM-17", "CCM-18"],
        texts.request(
          .ccmForward, model: .gqa,
          arrays: [texts.embeddings(seed: 712), texts.replacements(seed: 713)]))
    }
  }

  /// The element types in which `interference` is asked: in bf16 a right answer may round away a row that weighs little.
  static let interferenceTypes = NumberType.words.filter { $0 != NumberType.bf16.rawValue }

  private static var interference: [Case] {
    func interference(_ what: String, _ texts: ContextTexts, hunts: String) -> Case {
      property(
        .interference, what, hunts: hunts,
        clauses: Array(Set(ContextModelCases.clauses(of: texts.profile)).subtracting(["CCM-20"])) + ["MSK-12"],
        texts.request(
          .ccmForward, model: .shallow,
          arrays: [texts.embeddings(seed: 722), texts.replacements(seed: 723)]),
        types: interferenceTypes)
    }
    let ofProfiles = ContextProfile.all.map { profile in
      interference(
        profile.slug, ContextTexts([[2, 2, 2, 2]], profile, seed: 721),
        hunts: "any cell of the mask wrong, or a segment missing in a mean, by its effect")
    }
    return ofProfiles + [
      interference(
        "exponential-one", ContextTexts([[2, 1, 2, 2]], .mergeExponential, seed: 724).with(rate: 1),
        hunts: "a segment that has no weight in the mean and still reaches text")
    ]
  }

  private static var gate: [Case] {
    [("mixed", "01101", 2), ("rank-one", "100", 1)].map { what, gate, rank in
      let (width, out) = (8, 6)
      func other(_ name: String, _ shape: [Int], _ seed: UInt64) -> NamedArray {
        CaseInputs.normal(name + ".replacement", shape: shape, deviation: 1, mean: 0, seed: seed)
      }
      return property(
        .gate, what, hunts: "an adapter that changes text rows", clauses: ["CCM-20"],
        ContextStageCases.linear(
          gate, width: width, out: out, rank: rank, alpha: .real(3), seed: 731,
          more: [other("lora_a", [rank, width], 741), other("lora_b", [out, rank], 742)]))
    }
  }

  private static var others: [Case] {
    [
      property(
        .batch, "merge-sink", hunts: "pads that leak, or texts that do", clauses: ["CCM-8"],
        ContextTexts([[2, 3, 2], [3], [1, 2]], .mergeSink, seed: 751).beginning(is: 0)
          .request(.ccmForward, model: .gqa)),
      property(
        .batch, "separate", hunts: "pads that leak, or texts that do", clauses: ["CCM-8"],
        ContextTexts([[1, 2], [2, 2, 2, 3]], .separate, seed: 752).request(.ccmForward, model: .gqa)),
      property(
        .repeat, "merge", hunts: "answers that differ from run to run", clauses: ["OPS-7"],
        ContextTexts([[3, 2, 3]], .merge, seed: 753).request(.ccmForward, model: .gqa)),
    ]
  }
}
