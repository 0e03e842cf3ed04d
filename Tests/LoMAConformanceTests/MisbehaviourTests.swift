// RUN-4, RUN-7…RUN-10: what a candidate may do wrong, and that the run goes on with the next case.

import Foundation
import LoMAVectors
import Testing
@testable import LoMAJudgement
@testable import LoMAProcess

@testable import LoMAConformance

/// Suites that start processes, one after the other: each looks at what the others would leave.
@Suite("Chapter 13: candidates", .serialized) struct CandidateSuites {}

extension CandidateSuites {
  @Suite("Chapter 13: misbehaviour", .serialized)
  struct MisbehaviourTests {
    private static let victim = "structure.metrics.all-wrong"

    /// What the shell does instead of an answer, the verdict, and a part of its reason.
    struct Kind: CustomTestStringConvertible, Sendable {
      let shell: String
      let verdict: Verdict
      let why: String
      var testDescription: String { shell }

      init(_ shell: String, _ verdict: Verdict, _ why: String) {
        (self.shell, self.verdict, self.why) = (shell, verdict, why)
      }
    }

    /// Has one case of `metrics` go wrong and expects the others to pass.
    private func check(_ kind: Kind, limits: CandidateLimits = .quick) throws {
      let candidate = try ShellCandidate(when: "[ \"$name\" = \(MisbehaviourTests.victim) ]", kind.shell)
      let results = try candidate.run(limits: limits)
      #expect(results.count == 9)
      for result in results where result.id != MisbehaviourTests.victim {
        #expect(result.verdict == .pass, "\(result.id): \(result.verdict) \(result.why)")
      }
      let result = try #require(results.first { $0.id == MisbehaviourTests.victim })
      #expect(result.verdict == kind.verdict, "\(result.why)")
      #expect(kind.why.isEmpty ? result.why.isEmpty : result.why.contains(kind.why), "\(result.why)")
      #expect(strays().isEmpty)
    }

    /// Processes that a candidate left behind.
    private func strays() -> [ProcessTable.Entry] {
      ProcessTable().entries.filter { $0.parent == getpid() && $0.session != getsid(0) }
    }

    @Test(arguments: [
      Kind("exit 3", .crash, "exit code 3"),
      Kind("exit 0", .crash, "exit code 0"),
      Kind("kill -SEGV $$", .crash, "signal 11"),
      Kind(#"printf '{"loma":1,"id":%s,"o' "$id"; exit 0"#, .crash, "exit code 0"),
      Kind(#"copy; reply '"ok":{}'; exit 0"#, .pass, ""),
    ])
    func `RUN-9 a process that ends without a reply has crashed`(_ kind: Kind) throws {
      if kind.verdict == .pass {
        // The reply counts; that the process then ended is a crash at the next case.
        let candidate = try ShellCandidate(when: "[ \"$name\" = \(MisbehaviourTests.victim) ]", kind.shell)
        let results = try candidate.run()
        #expect(results.counts == [.pass: 8, .crash: 1])
        #expect(results[3].verdict == .pass && results[4].verdict == .crash)
      } else {
        try check(kind)
      }
    }

    @Test(arguments: [
      Kind("sleep 100", .timeout, "seconds; --timeout-factor sets another deadline"),
      Kind("exec sleep 100", .timeout, "no reply within"),
      Kind("while :; do printf x; sleep 0.05; done", .timeout, "no reply within"),
      Kind("while :; do echo noise; done", .timeout, "no reply within"),
      Kind("sleep 100 <&- & read -r line </dev/null; while :; do sleep 1; done", .timeout, "no reply within"),
    ])
    func `RUN-9 no reply before the deadline is a timeout`(_ kind: Kind) throws { try check(kind, limits: .brief) }

    @Test func `RUN-9 a process that ignores the wish to end is killed after two seconds`() throws {
      let start = SuspendingClock.now
      try check(Kind("trap '' TERM; while :; do sleep 1; done", .timeout, "no reply within"), limits: .brief)
      #expect(SuspendingClock.now - start > .seconds(2))
      #expect(SuspendingClock.now - start < .seconds(30))
    }

    @Test(arguments: [
      Kind("sleep 100 & exit 4", .crash, "exit code 4"),
      Kind(#"sleep 100 & copy; reply '"ok":{}'"#, .pass, ""),
      Kind("(trap '' TERM; sleep 100) & exit 4", .crash, "exit code 4"),
    ])
    func `RUN-9 a descendant that holds the pipes holds up nobody`(_ kind: Kind) throws { try check(kind) }

    #if os(Linux)
      @Test(arguments: [
        Kind("setsid sleep 100 & sleep 0.1; exit 4", .crash, "exit code 4"),
        Kind("setsid -f sleep 100; setsid -f sh -c 'sleep 100 & sleep 100'; exit 4", .crash, "exit code 4"),
        Kind("setsid -f env -i sleep 100; exit 4", .crash, "exit code 4"),
      ])
      func `RUN-9 a descendant that left the session is ended too`(_ kind: Kind) throws { try check(kind) }

      @Test func `RUN-10 more memory than allowed is its own verdict`() throws {
        var limits = CandidateLimits.quick
        (limits.timeFactor, limits.memoryLimit) = (0.3, 32 << 20)
        let eat = "head -c 100000000 /dev/zero | tail -c 100000000 | { sleep 20; cat >/dev/null; }"
        try check(Kind(eat, .memory, "the limit is 32 MiB"), limits: limits)
      }
    #endif

    @Test(arguments: [
      Kind(#"id=77; reply '"ok":{}'"#, .protocolError, "a reply to request 77"),
      Kind(#"copy; reply '"ok":{}'; reply '"ok":{}'"#, .pass, ""),
      Kind(#"printf '{"loma":1,"id":%s,"ok":{}}\n{"loma":1,"id":%s,"ok":{}}\n' $id $id"#, .protocolError, "no request"),
      Kind(#"reply '"ok":{},"reject":{"code":"x"}'"#, .protocolError, "ok and reject"),
      Kind(#"reply '"fine":{}'"#, .protocolError, "none of ok"),
      Kind(#"reply '"ok":1'"#, .protocolError, "ok of a reply must be an object"),
      Kind(#"reply '"reject":{}'"#, .protocolError, "code of a reply must be a string"),
      Kind(#"echo '{"loma":1,}'"#, .protocolError, "trailing comma"),
      Kind(#"echo '{"loma":12}'"#, .protocolError, "loma of a reply must be 1"),
      Kind(#"exec >&-; sleep 100"#, .protocolError, "closed its standard output"),
      Kind("head -c 3000000 /dev/zero; sleep 100", .protocolError, "more than 1048576 bytes"),
    ])
    func `RUN-4 a reply that is none is a protocol error`(_ kind: Kind) throws {
      if kind.verdict == .pass {
        // The second reply comes after the first was taken, or with it; either way somebody is blamed, once.
        let candidate = try ShellCandidate(when: "[ \"$name\" = \(MisbehaviourTests.victim) ]", kind.shell)
        let counts = try candidate.run().counts
        #expect(counts == [.pass: 8, .protocolError: 1])
      } else {
        try check(kind)
      }
    }

    @Test func `RUN-4 other lines are counted, and forbidden only on request`() throws {
      let noisy = try ShellCandidate(when: "echo loading; false")
      let results = try noisy.run()
      #expect(results.counts == [.pass: 9])
      #expect(results.map { $0.noise } == Array(repeating: 1, count: 9))
      var limits = CandidateLimits.quick
      limits.isStrict = true
      let strict = try noisy.run(limits: limits)
      #expect(strict.counts == [.protocolError: 3, .notRun: 6])
      #expect(strict[0].standardError.contains("loading"))
    }

    @Test(arguments: [
      Kind(#"printf '{"loma": 1,"id":%s}\n' $id; sleep 100"#, .timeout, #"the first: {"loma": 1,"id""#),
      Kind(#"printf '\357\273\277{"loma":1,"id":0}\n'; sleep 100"#, .timeout, "without a byte order mark"),
      Kind(
        #"printf 'a\033[31m\n'; sleep 100"#, .timeout,
        #"the first: a\u{1B}[31m; a reply begins with the bytes {"loma":1"#),
    ])
    func `RUN-4 a question that times out quotes what was no reply`(_ kind: Kind) throws {
      try check(kind, limits: .brief)
    }

    @Test(arguments: [
      (#"printf '{"loma": 1,"id":%s,"ok":{}}\n' $id"#, #"or a byte order mark: {"loma": 1,"id":"#),
      (#"printf '{"id":%s,"loma":1,"ok":{}}\n' $id"#, #"begin with the bytes {"loma":1, without a space"#),
      (#"printf '\357\273\277{"loma":1,"id":%s,"ok":{}}\n' $id"#, "a byte order mark: \u{feff}{"),
    ])
    func `RUN-4 a reply that begins otherwise is a protocol error at once`(_ shell: String, _ words: String) throws {
      let kind = Kind("\(shell); sleep 100", .protocolError, words)
      #expect(
        try SuspendingClock().measure { try check(kind, limits: .quick) } < .seconds(25), "no deadline was waited for")
    }

    @Test func `RUN-4 a hello that fails quotes what was no reply`() throws {
      for (script, words) in [
        (#"printf '{"loma": 1, "id": 0, "ok": {}}\n'; sleep 100"#, #"are not replies: 1, the first: {"loma": 1, "#),
        (#"printf '\357\273\277{"loma":1,"id":0}\n'; sleep 100"#, "byte order mark"),
        ("echo 'usage: port FILE'; exit 2", "the first: usage: port FILE; a reply begins with the bytes {"),
      ] {
        let candidate = try ShellCandidate()
        try script.write(toFile: candidate.script, atomically: true, encoding: .utf8)
        let error = #expect(throws: CandidateError.self) { try candidate.run(limits: .brief) }
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
      }
    }

    @Test(arguments: [
      Kind(#"reply '"ok":{}'"#, .invalidOutput, "missing"),
      Kind(#"copy; mv "$output" x; ln -s x "$output"; reply '"ok":{}'"#, .invalidOutput, "link"),
      Kind(#"copy; ln "$output" x; reply '"ok":{}'"#, .invalidOutput, "the file has 2 names"),
      Kind(#"mkdir "$output"; reply '"ok":{}'"#, .invalidOutput, "not a regular file"),
      Kind(#"mkfifo "$output"; reply '"ok":{}'"#, .invalidOutput, "not a regular file"),
      Kind(#"head -c 2000000 /dev/zero >"$output"; reply '"ok":{}'"#, .invalidOutput, "oversize: 2000000 bytes"),
      Kind(#"copy; head -c 60 "$output" >x; mv x "$output"; reply '"ok":{}'"#, .invalidOutput, "header"),
      Kind(#"name=structure.metrics.exact; copy; reply '"ok":{}'"#, .fail, "counts"),
      Kind(#"name=structure.cost.c2-t1; copy; reply '"ok":{}'"#, .invalidOutput, "extra tensor"),
      Kind(#"reply '"reject":{"code":"empty-prompt"}'"#, .wrongRejection, "empty-prompt"),
      Kind(#"reply '"unsupported":{"why":"tired"}'"#, .unsupported, "tired"),
    ])
    func `RUN-7 an answer is a regular file in the scratch folder`(_ kind: Kind) throws { try check(kind) }

    @Test func `RUN-8 standard error is taken at once and kept in part`() throws {
      let shell = #"head -c 5000000 /dev/zero | tr '\0' e >&2; echo last >&2; exit 1"#
      let candidate = try ShellCandidate(when: "[ $n = 2 ]", shell)
      let text = try candidate.run()[1].standardError
      #expect(text.hasPrefix("eeee") && text.hasSuffix("last\n"))
      #expect(text.contains("bytes left out") && text.utf8.count < 70_000)
    }

    @Test func `RUN-1 a scratch folder that takes no file costs the next unit, not the run`() throws {
      // The first three requests' inputs are 1, 2 and 3; the victim takes the names of later ones.
      let candidate = try ShellCandidate(
        when: "[ \"$name\" = \(MisbehaviourTests.victim) ]",
        "for i in 1 2 3 4 5 6 7 8 9; do echo mine > $((id+i)).input.safetensors; done; copy; reply '\"ok\":{}'")
      let results = try candidate.run()
      #expect(results.counts == [.pass: 8, .protocolError: 1], "\(results.map { $0.why })")
      let place = try #require(results.firstIndex { $0.verdict == .protocolError })
      #expect(results[place - 1].id == MisbehaviourTests.victim)
      #expect(results[place].why.hasPrefix("its scratch folder was changed: "), "\(results[place].why)")
    }

    #if os(Linux)
      @Test func `RUN-9 a folder is removed however deep it is and whatever its rights`() throws {
        // Longer than a path may be.
        let deep = "d=$(printf %0200d 0); for i in $(seq 40); do mkdir $d && cd $d; done"
        try check(Kind("(\(deep)); mkdir -p l/i; chmod 500 l; copy; reply '\"ok\":{}'", .pass, ""))
        let left = try FileManager.default.contentsOfDirectory(atPath: Scratch.parent)
        #expect(!left.contains { $0.hasPrefix("loma-\(getpid())-") })
      }

      @Test func `RUN-10 what escaped with an empty environment is counted, and shared pages count once`() throws {
        var limits = CandidateLimits.quick
        limits.memoryLimit = 48 << 20
        // A shell that holds a long text, in a session of its own.
        let eater = "x=0123456789abcdef; i=0; while [ $i -lt 22 ]; do x=$x$x; i=$((i+1)); done; sleep 30"
        try check(
          Kind(
            "env -i setsid sh -c '\(eater)' </dev/null >/dev/null 2>&1 & sleep 5; copy; reply '\"ok\":{}'", .memory,
            "MiB"),
          limits: limits)
      }
    #endif
  }
}
