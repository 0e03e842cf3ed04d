// `loma conform --fresh`: new cases through the ordinary runner, and the smallest that fails.

import Foundation
import Testing

@testable import LoMACommand

@Suite("Command: conform --fresh")
struct FreshCommandTests {
  private let vectors =
    "--vectors '"
    + URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Vectors").path + "'"

  @Test func `RUN-17 the reference and its port pass`() throws {
    let own = try Binary().shell("loma conform --fresh 3 --cases 17 \(vectors)")
    #expect(own.exitCode == 0 && own.output.contains("met") && !own.output.contains("smallest"), "\(own)")
    let binary = try Binary()
    let port = try binary.shell(
      "loma conform --fresh 8 --cases 17 --jobs 2 \(vectors) -- '\(binary.path)' reference --dtypes f32,bf16,f16")
    #expect(port.exitCode == 0, "\(port)")
  }

  @Test func `RUN-17 answers known by heart do not pass`() throws {
    let (binary, folder) = (try Binary(), try TemporaryFolder())
    let script = """
      while IFS= read -r line; do
        rest=${line#*\\"id\\":}; id=${rest%%,*}
        case $line in
        *hello*) ok='{"protocol":1,"name":"heart","version":"1","ops":["cost"],"dtypes":[],"profiles":"any"}' ;;
        *stop*) exit 0 ;;
        *) ok='{}'; rest=${line#*\\"output\\":\\"}; cp "$1/structure/cost.c2-t2/expected.safetensors" "${rest%%\\"*}" ;;
        esac
        printf '{"loma":1,"id":%s,"ok":%s}\\n' "$id" "$ok"
      done
      """
    try script.write(toFile: folder.path + "/heart.sh", atomically: true, encoding: .utf8)
    let candidate = "-- /bin/sh '\(folder.path)/heart.sh' \(vectors.dropFirst("--vectors ".count))"
    let recorded = try binary.shell("loma conform --only structure.cost.c2-t2 \(vectors) \(candidate)")
    #expect(recorded.exitCode == 0, "\(recorded)")
    let fresh = try binary.shell("loma conform --fresh 1 --cases 34 --op cost \(vectors) \(candidate)")
    #expect(fresh.exitCode == 1, "\(fresh)")
    #expect(fresh.output.contains("smallest  cost c=1 t=1 length=0"), "\(fresh.output)")
  }

  @Test func `RUN-17 families are drawn for a candidate that lists them, after a hello of its own`() throws {
    let (binary, folder) = (try Binary(), try TemporaryFolder())
    let script = """
      while IFS= read -r line; do
        rest=${line#*\\"id\\":}; id=${rest%%,*}
        case $line in
        *hello*)
          echo hello >>"$1"
          ok='"ok":{"protocol":1,"name":"p","version":"1","ops":["rope"],"dtypes":["f32"],"profiles":"any"'$2'}' ;;
        *stop*) exit 0 ;;
        *) ok='"unsupported":{"why":"nothing"}' ;;
        esac
        printf '{"loma":1,"id":%s,%s}\\n' "$id" "$ok"
      done
      """
    try script.write(toFile: folder.path + "/port.sh", atomically: true, encoding: .utf8)
    /// The ids that are asked of a candidate whose hello has these members besides.
    func asked(_ members: String) throws -> [String] {
      let run = try binary.shell(
        "loma conform --fresh 3 --cases 120 --op rope --jobs 1 --report '\(folder.path)/report' \(vectors) "
          + "-- /bin/sh '\(folder.path)/port.sh' '\(folder.path)/hellos' '\(members)'")
      #expect(run.exitCode == 1 && run.output.contains("7 unsupported"), "\(run)")
      let hellos = try String(contentsOfFile: folder.path + "/hellos", encoding: .utf8).split(separator: "\n")
      #expect(hellos.count == 2, "one to learn the families, one to be asked")
      try FileManager.default.removeItem(atPath: folder.path + "/hellos")
      let lines = try String(contentsOfFile: folder.path + "/report/results.jsonl", encoding: .utf8)
      return lines.split(separator: "\n").flatMap { line in
        line.matches(of: /"id":"([^"]+)"/).map { String($0.1) }
      }
    }
    let plain = try asked("")
    #expect(plain.count == 7 && plain.allSatisfy { $0.hasPrefix("stage.rope.fresh.s3-k") }, "\(plain)")
    for families in ["llama3", "yarn"] {
      let some = try asked(#","families":["\#(families)","nobody"]"#)
      #expect(some != plain && some.count == 7, "\(families)")
      for (one, other) in zip(some, plain) where one != other {
        #expect(one == other.replacing(".fresh.", with: ".\(families).fresh."))
      }
    }
  }

  @Test func `RUN-18 a mistake is shrunk, and written as vectors that fail again`() throws {
    let (binary, folder) = (try Binary(), try TemporaryFolder())
    let mutant = "-- '\(binary.path)' reference --mutant M054"
    let run = "loma conform --fresh 8 --cases 12 --level structure"
    let first = try binary.shell("\(run) --report '\(folder.path)' \(vectors) \(mutant)")
    #expect(first.exitCode == 1 && first.output.contains("smallest  mask c=1 t=2 n=2 base: fail"), "\(first)")
    let smallest = "--vectors '\(folder.path)/smallest'"
    #expect(first.output.contains("again: loma conform \(smallest.replacing("'", with: "")) --only structure.mask"))
    let again = try binary.shell("loma conform \(smallest) \(mutant)")
    #expect(again.exitCode == 1 && again.output.contains("fresh.s8-k11-smallest"), "\(again)")
    #expect(try binary.shell("loma conform \(smallest)").exitCode == 0)
    // Without a folder the case as it was drawn is asked again, which shrinks to the same.
    let plain = try binary.shell("\(run) \(vectors) \(mutant)")
    #expect(plain.output.contains("again: loma conform --fresh 8 --cases 12 --only structure.mask.fresh.s8-k11 -- "))
    let report = try String(contentsOfFile: folder.path + "/results.jsonl", encoding: .utf8)
    #expect(report.contains(#""filters":{"level":"structure","fresh":"8","cases":"12"}"#))
    #expect(report.contains("your output matches M054: "))
  }

  private var peers: String { vectors.dropLast() + "/peers'" }

  @Test func `CCM-38 the reference and its port pass cases of part II`() throws {
    let binary = try Binary()
    let own = try binary.shell("loma conform --fresh 3 --cases 24 \(peers)")
    #expect(own.exitCode == 0 && own.output.contains("met") && !own.output.contains("smallest"), "\(own)")
    let port = try binary.shell(
      "loma conform --fresh 8 --cases 24 \(peers) -- '\(binary.path)' reference --part peers --dtypes f32,bf16,f16")
    #expect(port.exitCode == 0, "\(port)")
  }

  @Test func `CCM-38 a mistake in part II is shrunk, asked again by its line, and written as vectors`() throws {
    let (binary, folder) = (try Binary(), try TemporaryFolder())
    let mutant = "-- '\(binary.path)' reference --part peers --mutant C07"
    let run = "loma conform --fresh 4 --cases 12 --op ccm_mask"
    let plain = try binary.shell("\(run) \(peers) \(mutant)")
    #expect(plain.exitCode == 1, "\(plain)")
    #expect(plain.output.contains("smallest  ccm_mask memory_tokens=1 segments=1,1 base: fail, mask is wrong"))
    let again = try #require(plain.output.split(separator: "\n").last { $0.contains("  again: ") })
    #expect(again.contains("--fresh 4 --cases 6 --only structure.ccm_mask.fresh.s4-k5"), "\(again)")
    let same = try binary.shell(String(again.dropFirst("  again: ".count)))
    #expect(same.exitCode == 1 && same.output.contains("1 units: 1 fail"), "\(same)")
    let first = try binary.shell("\(run) --report '\(folder.path)' \(peers) \(mutant)")
    #expect(first.exitCode == 1, "\(first)")
    let smallest = "loma conform --vectors '\(folder.path)/smallest'"
    let wrong = try binary.shell("\(smallest) \(mutant)")
    #expect(wrong.exitCode == 1 && wrong.output.contains("fresh.s4-k5-smallest"), "\(wrong)")
    #expect(try binary.shell(smallest).exitCode == 0)
  }

  @Test func `CCM-38 a mutant of part II is judged by fresh cases`() throws {
    let found = try Binary().shell("loma sensitivity --fresh 4 --cases 12 --dtype f32 --mutant C07 \(peers)")
    #expect(found.exitCode == 0 && found.output.contains("structure.ccm_mask.fresh.s4-k5"), "\(found)")
  }

  @Test func `CCM-38 a property that does not hold is shrunk too`() throws {
    let binary = try Binary()
    for (mutant, smallest) in [
      ("C01", "interference of ccm_forward segments=1,1 base models/ccm-shallow"),
      ("C30", "gate of conditional_linear rows=1 width=1 out=1 rank=1 base"),
    ] {
      let run = try binary.shell(
        "loma conform --fresh 8 --cases 238 --level property --dtype f32 \(peers) -- '\(binary.path)' reference "
          + "--part peers --mutant \(mutant)")
      #expect(run.exitCode == 1 && run.output.contains("smallest  \(smallest) in f32: fail"), "\(run)")
    }
  }

  @Test func `RUN-17 shards are the run, and a run goes on`() throws {
    let (binary, folder) = (try Binary(), try TemporaryFolder())
    let run = "loma conform --fresh 7 --cases 34 --level structure \(vectors)"
    for shard in 1...2 {
      let part = try binary.shell("\(run) --shard \(shard)/2 --report '\(folder.path)/\(shard)'")
      #expect(part.exitCode == 0, "\(part)")
    }
    let merged = try binary.shell(
      "cd '\(folder.path)' && loma report merge 1/results.jsonl 2/results.jsonl --output all")
    #expect(merged.exitCode == 0 && merged.output.hasPrefix("10 units"), "\(merged)")
    let file = folder.path + "/all/results.jsonl"
    let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    try (lines.prefix(4).joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    let resumed = try binary.shell("\(run) --resume '\(file)'")
    #expect(resumed.exitCode == 0 && resumed.output.contains("10 units: 10 pass"), "\(resumed)")
    let other = try binary.shell("\(run.replacing("--fresh 7", with: "--fresh 8")) --resume '\(file)'")
    #expect(other.exitCode == 2, "\(other)")
  }

  @Test(arguments: [
    ("--cases 5", "option --cases needs --fresh, got 5"),
    ("--fresh -1", "option --fresh takes 0 or more, not -1"),
    ("--fresh x", "option --fresh takes an integer, not 'x'"),
    ("--fresh 1 --cases 0", "option --cases takes 1...10000, not 0"),
    ("--fresh 1 --cases 10001", "option --cases takes 1...10000, not 10001"),
    ("--fresh 1 --known-failures known.txt", "option --known-failures 'known.txt' excludes --fresh"),
  ])
  func `RUN-17 what cannot be drawn is refused`(_ options: String, _ complaint: String) {
    let outcome = loma("conform \(options)")
    #expect(outcome.exitCode == .rejected && outcome.complaint?.contains(complaint) == true, "\(outcome)")
  }
}
