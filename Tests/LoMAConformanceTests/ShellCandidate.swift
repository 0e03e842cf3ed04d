// A candidate that every machine has: a shell script that copies recorded answers, and does something else when told.

import Foundation
import LoMAVectors
@testable import LoMAJudgement

@testable import LoMAConformance

/// A script in a folder of its own.
final class ShellCandidate {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  /// The recorded vectors, whose structure cases the script can answer.
  static let corpus = Result { try CaseCorpus(folder: root.appendingPathComponent("Vectors").path) }
  static let hello =
    #"{"protocol":1,"name":"sh","version":"1","ops":["layout","mask","schedule","metrics","cost"],"dtypes":[]}"#

  let folder: String

  /// `misbehaviour` is run in place of the answer to the questions that `condition`, a test of the shell, picks: `$n`
  /// counts the questions to this process, from 1; `$name` is the case, `$id` the request, `$output` the file to write.
  init(hello: String = ShellCandidate.hello, when condition: String = "false", _ misbehaviour: String = ":") throws {
    folder = NSTemporaryDirectory() + "/loma-sh-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let text = """
      vectors='\(ShellCandidate.root.path)/Vectors'
      n=0
      reply() { printf '{"loma":1,"id":%s,%s}\\n' "$id" "$1"; }
      copy() { cp "$vectors/${name%%.*}/${name#*.}/expected.safetensors" "$output"; }
      while IFS= read -r line; do
        rest=${line#*\\"id\\":}; id=${rest%%,*}
        case $line in
        *'"cmd":"hello"'*)
          reply '"ok":\(hello)' ;;
        *'"cmd":"stop"'*) exit 0 ;;
        *)
          rest=${line#*\\"case\\":\\"}; name=${rest%%\\"*}
          rest=${line#*\\"output\\":\\"}; output=${rest%%\\"*}
          n=$((n+1))
          if \(condition); then
            \(misbehaviour)
          else
            copy; reply '"ok":{}'
          fi ;;
        esac
      done
      """
    try text.write(toFile: script, atomically: true, encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var script: String { folder + "/candidate.sh" }

  var command: CandidateCommand {
    CandidateCommand(executable: "/bin/sh", arguments: [script], startFolder: folder)
  }

  /// Runs the cases of some operations and levels, with deadlines of six seconds.
  func run(
    ops: Set<String>, levels: Set<String>, jobs: Int = 1,
    store: @escaping @Sendable (CaseResult) -> Void = { _ in }
  ) throws -> [CaseResult] {
    let corpus = try ShellCandidate.corpus.get()
    let runner = Runner(
      corpus: corpus, bounds: .provisional, command: command, limits: .quick, jobs: jobs, known: KnownFailures(),
      diagnosis: nil)
    return try runner.run(
      select: { declaration in
        (Selection(levels: levels, ops: ops).units(of: corpus, declaredDtypes: declaration.dtypes), [])
      }, store: store, progress: { _ in }, isInterrupted: { false })
  }

  /// Runs the cases of an operation; without `limits` a question may take six seconds.
  func run(
    op: String = "metrics", limits: CandidateLimits = .quick, jobs: Int = 1, known: KnownFailures = KnownFailures(),
    done: [CaseResult] = [], diagnosis: Runner.Diagnose? = nil,
    store: @escaping @Sendable (CaseResult) -> Void = { _ in },
    isInterrupted: @escaping @Sendable () -> Bool = { false }
  ) throws -> [CaseResult] {
    let corpus = try ShellCandidate.corpus.get()
    let runner = Runner(
      corpus: corpus, bounds: .provisional, command: command, limits: limits, jobs: jobs, known: known,
      diagnosis: diagnosis)
    return try runner.run(
      select: { declaration in
        (Selection(levels: ["structure"], ops: [op]).units(of: corpus, declaredDtypes: declaration.dtypes), done)
      }, store: store, progress: { _ in }, isInterrupted: isInterrupted)
  }
}

extension CandidateLimits {
  static var quick: CandidateLimits {
    CandidateLimits(timeFactor: 0.2, memoryLimit: 1 << 30, isStrict: false, keep: nil)
  }

  /// For those that let a deadline pass: a second.
  static var brief: CandidateLimits {
    CandidateLimits(timeFactor: 0.034, memoryLimit: 1 << 30, isStrict: false, keep: nil)
  }
}

extension [CaseResult] {
  /// How many results have which verdict.
  var counts: [Verdict: Int] { Dictionary(grouping: self) { $0.verdict }.mapValues { $0.count } }
}
