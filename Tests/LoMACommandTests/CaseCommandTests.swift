// `loma list`, `loma show` and `loma vectors`: what is listed and shown, and what is refused.

import Foundation
import LoMAVectors
import Testing

@testable import LoMACatalogue
@testable import LoMACommand
@testable import LoMAPeersCatalogue
@testable import LoMASuite

@Suite("loma list and loma show")
struct CaseCommandTests {
  /// The ids of a list, having checked its count.
  private func ids(_ options: String) -> [String] {
    let outcome = loma("list " + options)
    #expect(outcome.exitCode == .fine)
    let lines = outcome.output.split(separator: "\n").map { String($0) }
    #expect(lines.last == "\(lines.count - 2) case\(lines.count == 3 ? "" : "s")")
    #expect(lines.allSatisfy { $0.last != " " })
    return lines.dropFirst().dropLast().map { String($0.prefix { $0 != " " }) }
  }

  private func ids(where passes: (Case) -> Bool) -> [String] { Catalogue.cases.filter(passes).map(\.id) }

  @Test func `OPS-1 the list holds every case once, in order`() {
    #expect(ids("") == Catalogue.cases.map(\.id))
  }

  @Test func `OPS-1 every filter keeps what it says, and all hold together`() {
    for level in Level.allCases { #expect(ids("--level \(level.rawValue)") == ids { $0.level == level }) }
    for operation in Operation.all(of: .loma) {
      #expect(ids("--op \(operation.rawValue)") == ids { $0.request.operation == operation })
    }
    #expect(ids("--profile base") == ids { $0.request.axes.isEmpty })
    let causal = ids { $0.request.axes["memory_attention"] == "causal" }
    #expect(ids("--profile memory_attention=causal") == causal)
    #expect(causal.contains { $0.contains("memory-context-own-chunk") }, "whatever else they decide")
    for model in ["gqa", "models/gqa"] { #expect(ids("--model \(model)") == ids { $0.request.model == "models/gqa" }) }
    #expect(ids("--clause MSK-4") == ids { $0.clauses.contains("MSK-4") && !$0.idleClauses.contains("MSK-4") })
    #expect(ids("--clause none") == [])
    let both = ids { $0.level == .model && $0.clauses.contains("LOS-4") && $0.request.model == "models/gqa" }
    #expect(!both.isEmpty && ids("--level model --clause LOS-4 --model gqa") == both)
  }

  @Test func `CCM-30 the list of part II holds its cases once, and every filter keeps what it says`() {
    func peers(_ passes: (Case) -> Bool) -> [String] { PeerCatalogue.cases.filter(passes).map(\.id) }
    #expect(ids("--part peers") == peers { _ in true })
    #expect(ids("--part loma") == Catalogue.cases.map(\.id))
    for operation in Operation.all(of: .peers) {
      #expect(ids("--part peers --op \(operation.rawValue)") == peers { $0.request.operation == operation })
    }
    #expect(ids("--part peers --profile base") == peers { $0.request.axes.isEmpty })
    let merged = ids("--part peers --profile sink=on,memory=merge")
    #expect(merged == peers { $0.request.axes["memory"] == "merge" && $0.request.axes["sink"] == "on" })
    #expect(!merged.isEmpty && ids("--profile memory_attention=causal").allSatisfy { !merged.contains($0) })
    for model in PeerCatalogue.modelNames {
      let cases = ids("--part peers --model \(model)")
      #expect(cases == peers { $0.request.model == "models/" + model } && !cases.isEmpty, "\(model)")
    }
    #expect(ids("--part peers --clause CCM-16") == peers { $0.clauses.contains("CCM-16") })
  }

  @Test func `OPS-1 the files that are shown are those of the manifest`() throws {
    for part in Part.allCases {
      let folder = projectVectors + (part == .peers ? "/peers" : "")
      let listed = Set(try #require(try StoredManifest(folder: folder)).files.map(\.path))
      for item in Catalogue.cases(of: part) where item.level != .model || part == .peers {
        let lines = loma("show \(item.id) --draw no").output.split(separator: "\n").map { String($0) }
        let start = try #require(lines.firstIndex(of: "files below Vectors" + (part == .peers ? "/peers" : "")))
        let shown = lines[(start + 1)...].prefix { $0.hasPrefix("  ") }.compactMap { line -> String? in
          let words = line.split(separator: " ")
          return words.count == 2 ? String(words[1]) : nil
        }
        #expect(!shown.isEmpty || item.request.input.arrays.isEmpty, "\(item.id)")
        for path in shown {
          #expect(listed.contains { path.hasSuffix("/") ? $0.hasPrefix(path) : $0 == path }, "\(item.id): \(path)")
        }
      }
    }
  }

  @Test func `OPS-1 every case can be shown`() throws {
    for item in Catalogue.cases + PeerCatalogue.cases {
      let outcome = loma("show \(item.id) --draw no")
      #expect(outcome.exitCode == .fine, "\(item.id): \(outcome.complaint ?? "")")
      let text = outcome.output
      #expect(text.hasPrefix(item.id + "\n") && text.contains(item.hunts), "\(item.id)")
      for name in item.request.parameters.keys { #expect(text.contains("\n  \(name) "), "\(item.id)") }
      for array in item.request.input.arrays { #expect(text.contains("\n  \(array.name) "), "\(item.id)") }
      switch item.expectation {
      case .rejection(let code): #expect(text.hasSuffix("\nexpected\n  rejection  \(code)\n"), "\(item.id)")
      case .property(let property): #expect(text.hasSuffix("\nexpected\n  property  \(property.rawValue)\n"))
      case .tensors:
        #expect(text.contains("  exact  ") || text.contains("  derived  ") || text.contains("  calibrated  "))
      }
    }
  }

  @Test func `MSK-1 a case with texts is drawn as explain draws it`() {
    let shown = loma("show structure.mask.c2-t2-n5").output
    let drawn = loma(
      "explain --c 2 --t 2 --tokens 0,5,10,5,8 --vocabulary 11 --memory-token 13 --repetition-token 11 "
        + "--model-vocabulary 16 --show rows,mask")
    #expect(drawn.exitCode == .fine && shown.hasSuffix("\n\n" + drawn.output))
    #expect(shown.contains("\n  mask  BOOL  [1, 11, 11]  exact  1 0 0 0 0 0 0 0 …\n"))
    #expect(shown.contains("\n  clauses  LAY-1 LAY-2 LAY-4 MSK-1…10"))
    let generation = loma("show structure.mask.generation.c2-t2").output
    #expect(generation.contains("\nmask: generation layout") && !generation.contains("r repetition"))
    for id in ["rejection.layout.c0", "stage.rms_norm.plain"] { #expect(!loma("show \(id)").output.contains("mask:")) }
    #expect(loma("show structure.mask.c2-t2-n5 --color always").output != shown)
  }

  @Test func `CCM-9 a case of part II is drawn as explain draws it`() {
    let shown = loma("show structure.ccm_mask.no-context").output
    #expect(shown.contains("\nmask: parallel layout, 5 rows\n") && !shown.contains("schedule"))
    let online = loma("show generation.ccm_online.forced").output
    for part in ["rows: parallel layout of the prompt", "mask: parallel", "schedule: 9 fed tokens"] {
      #expect(online.contains("\n" + part), "\(part)")
    }
    let drawn = loma(
      "explain --method ccm --memory-tokens 2 --segments 5 --tokens 4,6,10,0,1 --vocabulary 11 --beginning-token 4 "
        + "--profile memory=merge --show rows,mask")
    #expect(drawn.exitCode == .fine && shown.hasSuffix("\n\n" + drawn.output))
    for id in ["rejection.ccm_layout.empty-segment", "stage.merge.mean"] {
      #expect(!loma("show \(id)").output.contains("mask:"), "\(id)")
    }
  }

  @Test func `an unknown case is one line with the nearest ids`() {
    for (asked, nearest) in [
      ("ccm_online.single-tokens", "generation.ccm_online.single-tokens"),
      ("structure.mask.c2-t2-n55", "structure.mask.c2-t2-n5"), ("rms_norm.plain", "stage.rms_norm.plain"),
      ("stage.rmsnorm.plain", "stage.rms_norm.plain"),
    ] {
      let outcome = loma("show " + asked)
      #expect(outcome.exitCode == .rejected && outcome.output.isEmpty)
      #expect(
        outcome.complaint?.hasPrefix("loma: show: no case is called '\(asked)', the nearest are \(nearest), ") == true)
    }
    #expect(
      run(["show", "a\nb"], in: Environment(isTerminal: false, refusesColour: false)).complaint?.contains("\n")
        == false)
  }

  @Test func `a folder of vectors is needed to show a case with a trained model only`() throws {
    let nowhere = Environment(isTerminal: false, refusesColour: false, folder: "/", program: nil)
    for item in Catalogue.cases where item.level == .model || item.level == .training {
      let outcome = run(["show", item.id, "--draw", "no"], in: nowhere)
      let isTrained = TrainedModel.all.contains { $0.path == item.request.model }
      if case .tensors = item.expectation, isTrained {
        #expect(outcome.complaint?.hasPrefix("loma: no-vectors: ") == true, "\(item.id)")
      } else {
        #expect(outcome == loma("show \(item.id) --draw no"), "\(item.id)")
      }
    }
  }

  @Test(arguments: [
    ("list --level none", "option --level takes one of structure, "),
    ("list --op none", "option --op takes one of layout, "),
    ("list --model none", "option --model takes one of mha, "),
    ("list --part x", "option --part takes one of loma, peers"),
    ("list --part peers --model mha", "option --model takes one of ccm-gqa, "),
    ("list --part peers --op mask", "option --op takes one of ccm_layout, "),
    ("list --what x", "unknown option --what"),
    ("show", "the id of a case is required"), ("show --draw no", "the id of a case is required"),
    ("show a b", "unexpected argument b"), ("show a --draw maybe", "option --draw takes one of yes, no"),
    ("vectors", "record or verify is required"), ("vectors verify --vectors /none/there", ""),
  ])
  func `what is wrong with a line is one line`(_ line: String, _ complaint: String) {
    let outcome = loma(line)
    let name = line.prefix { $0 != " " }
    #expect(outcome.exitCode == .rejected && outcome.output.isEmpty)
    #expect(
      outcome.complaint?.hasPrefix(complaint.isEmpty ? "loma: no-vectors: " : "loma: \(name): \(complaint)") == true)
    #expect(outcome.complaint?.contains("\n") == false)
  }

  @Test func `an unknown axis or value of a profile has its code`() {
    #expect(loma("list --profile shape=round").complaint?.hasPrefix("loma: unknown-axis: ") == true)
    #expect(loma("list --profile numbering=none").complaint?.hasPrefix("loma: unknown-alternative: ") == true)
    #expect(loma("list --part peers --profile shape=round").complaint?.hasPrefix("loma: unknown-axis: ") == true)
    #expect(loma("list --part peers --profile memory=sum").complaint?.hasPrefix("loma: unknown-alternative: ") == true)
  }

  @Test func `help is there, and no line of it is long`() {
    for name in ["list", "show", "vectors"] {
      let help = loma(name + " --help").output
      #expect(help.hasPrefix("loma \(name) ") && help == loma("help " + name).output)
      #expect(help.split(separator: "\n").allSatisfy { $0.count <= 120 })
    }
  }
}
