// The options of `loma conform`.

import LoMAConformance
import LoMAJudgement
import LoMAProcess
import LoMAVectors

let conformHelp = """
  loma conform [option]… [-- COMMAND ARG…]

  Runs a candidate, asks it the cases of the golden vectors and judges its answers; Spec/13-protocol.md describes the
  protocol. Without a command the candidate is this program's own loma reference. The candidate is not sandboxed.

    --level LEVEL            \(Level.allCases.map(\.rawValue).joined(separator: " "))
    --op OP                  cases of this operation
    --dtype TYPE,…           asks for numbers in these of f64, f32, bf16, f16; default all that the candidate declares
    --profile NAME           axis=value,axis=value…: cases whose profile sets these axes; base: cases that set none
    --only GLOB              cases whose id matches this pattern: * is any text, ? one character
    --fresh SEED             asks new cases of the vectors' part, drawn from this seed, instead of the vectors' own; a
                             failing case is shrunk
    --cases N                number of new cases, default 200
    --shard I/N              every N-th unit from the I-th; loma report merge joins the results
    --jobs N                 number of processes of the candidate at once, default 2
    --known-failures FILE    one line per unit: id, optionally an element type, and the reason
    --timeout-factor X       multiplies the deadlines, 60 s for hello and 30 s for a question, by X
    --memory-limit GIB       limit for a process and its descendants, default 8; Linux only
    --strict-stdout yes      a line on standard output that is not a reply is an error
    --require LEVEL,…        exit code 1 unless all claims of these levels are met
    --require-all yes        exit code 1 unless all claims are met
    --report DIR             writes results.jsonl, report.json, junit.xml, report.html and badge.json there
    --resume RESULTS.jsonl   continues a run that ended early
    --keep DIR               makes scratch folders there and keeps them
    --vectors DIR            default as for loma vectors

  COMMAND is looked up in PATH, or relative to this folder; an argument that names a file here becomes an absolute path,
  since the candidate works in a scratch folder; LOMA_START_FOLDER names the folder loma was started in.


  """ + ownHelp

/// The parsed options of `loma conform`.
struct ConformOptions {
  static let names = [
    "--level", "--op", "--dtype", "--profile", "--only", "--shard", "--jobs", "--known-failures", "--timeout-factor",
    "--memory-limit", "--strict-stdout", "--require", "--require-all", "--report", "--resume", "--keep", "--vectors",
    "--fresh", "--cases",
  ]

  /// The words after `--`; empty to run the reference.
  let command: [String]
  let arguments: Arguments
  var selection = Selection()
  let limits: CandidateLimits
  let jobs: Int
  /// The seed and number of fresh cases; nil to ask the cases of the vectors.
  let fresh: FreshOptions?

  init(_ words: [String]) throws {
    let options = words.prefix { $0 != "--" }
    command = Array(words.dropFirst(options.count + 1))
    if command.isEmpty, options.count < words.count { throw UsageError(line: "a command is required after --") }
    arguments = try Arguments(Array(options), options: Self.names.map { .init(name: $0, repeats: false) })
    if let level = arguments["--level"] {
      let level: Level = try Arguments.choice(level, of: "--level")
      selection.levels = [level.rawValue]
    }
    if let op = arguments["--op"] { selection.ops = [try Arguments.operation(op, of: Part.allCases).rawValue] }
    for word in arguments["--dtype"]?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
      let dtype: NumberType = try Arguments.choice(String(word), of: "--dtype")
      selection.dtypes.insert(dtype.rawValue)
    }
    if let profile = arguments["--profile"] { try selection.choose(profile: profile) }
    if let pattern = arguments["--only"] { selection.choose(ids: pattern) }
    if let shard = try arguments.shard() { selection.shard = shard }
    fresh = try FreshOptions(arguments)
    if fresh != nil, let path = arguments["--known-failures"] {
      throw UsageError(line: "option --known-failures '\(path)' excludes --fresh: its ids are those of the vectors")
    }
    jobs = try arguments.integer("--jobs") ?? 2
    guard 1...256 ~= jobs else { throw UsageError(line: "option --jobs takes 1...256, not \(jobs)") }
    if let limit = Descriptors.limit(forJobs: jobs) {
      throw UsageError(
        line:
          "option --jobs \(jobs) needs \(Descriptors.needed(forJobs: jobs)) open files, the system's limit is \(limit)")
    }
    for word in arguments["--require"]?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
      let _: Level = try Arguments.choice(String(word), of: "--require")
    }
    let gibibytes = try ConformOptions.number("--memory-limit", arguments, in: 0.001...65536) ?? 8
    let strict: YesOrNo = try arguments.choice("--strict-stdout", otherwise: .no)
    let _: YesOrNo = try arguments.choice("--require-all", otherwise: .no)
    limits = CandidateLimits(
      timeFactor: try ConformOptions.number("--timeout-factor", arguments, in: 0.001...1000) ?? 1,
      memoryLimit: Int(gibibytes * 1_073_741_824), isStrict: strict == .yes, keep: arguments["--keep"])
  }

  /// The given filters and demands, as written in the header of the results.
  var filters: [(name: String, value: String)] {
    ["--level", "--op", "--dtype", "--profile", "--only", "--fresh", "--cases", "--require", "--require-all"].compactMap
    {
      name in
      arguments[name].map { (String(name.dropFirst(2)), $0) }
    }
  }

  static func number(
    _ name: String, _ arguments: Arguments, in range: ClosedRange<Double>
  ) throws(UsageError) -> Double? {
    guard let text = arguments[name] else { return nil }
    guard let value = Double(text), range.contains(value) else {
      throw UsageError(
        line: "option \(name) takes a number of \(range.lowerBound)...\(range.upperBound), not '\(text)'")
    }
    return value
  }
}

extension Arguments {
  /// The part I/N of `--shard`; nil if it is not given.
  func shard() throws(UsageError) -> Selection.Shard? {
    guard let text = self["--shard"] else { return nil }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1],
      let shard = Selection.Shard(index: index, count: count)
    else { throw UsageError(line: "option --shard takes I/N with 1 ≤ I ≤ N ≤ 10000, not '\(text)'") }
    return shard
  }
}

extension Selection.Shard {
  /// Of some runs every N-th from the I-th.
  func part<Run>(of runs: [Run]) -> [Run] {
    runs.enumerated().filter { $0.offset % count == index - 1 }.map { $0.element }
  }
}
