// RUN-5, RUN-6, RUN-11…RUN-13: a run as a whole.

import Foundation
import LoMAVectors
import Synchronization
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

extension CandidateSuites {
  @Suite("Chapter 13: runs", .serialized)
  struct RunnerTests {
    @Test func `RUN-11 any number of jobs gives the same results in the same order`() throws {
      let wrong = #"[ "$name" = structure.schedule.c2-t2 ]"#
      let candidate = try ShellCandidate(when: wrong, "exit 1")
      func results(jobs: Int) throws -> [CaseResult] {
        let stored = Mutex<[String]>([])
        let results = try candidate.run(
          op: "schedule", jobs: jobs, store: { result in stored.withLock { $0.append(result.id) } })
        #expect(stored.withLock { $0.sorted() } == results.map { $0.id }.sorted())
        return results.map { result in
          var result = result
          result.seconds = 0
          return result
        }
      }
      let one = try results(jobs: 1)
      #expect(one.counts == [.pass: 22, .crash: 1])
      #expect(try results(jobs: 3) == one)
      #expect(try results(jobs: 40) == one)
    }

    @Test func `RUN-11 after three ends in a row the rest of a level is not run`() throws {
      let candidate = try ShellCandidate(when: "true", "sleep 100")
      let results = try candidate.run(limits: .brief)
      #expect(results.map { $0.verdict } == Array(repeating: .timeout, count: 3) + Array(repeating: .notRun, count: 6))
      #expect(results[8].why.hasSuffix("3 units in a row of level structure"))
      // Not in a row: every second process answers once.
      let other = try ShellCandidate(when: "[ $n = 2 ]", "exit 1")
      #expect(try other.run().counts == [.pass: 5, .crash: 4])
    }

    @Test(arguments: [1, 2])
    func `RUN-11 a candidate that ends at one level is asked of the others`(_ jobs: Int) throws {
      let hello = ShellCandidate.hello.replacingOccurrences(of: #""metrics","#, with: #""metrics","rms_norm","#)
        .replacingOccurrences(of: #""dtypes":[]"#, with: #""dtypes":["f64"]"#)
      let candidate = try ShellCandidate(hello: hello, when: "[ ${name%%.*} = structure ]", "exit 1")
      let stored = Mutex<[String]>([])
      let results = try candidate.run(
        ops: ["metrics", "rms_norm"], levels: ["structure", "stage"], jobs: jobs,
        store: { result in stored.withLock { $0.append(result.id) } })
      let (structure, stage) = (results.filter { $0.level == "structure" }, results.filter { $0.level == "stage" })
      // What was asked is stored, what was given up is not.
      #expect(stored.withLock { $0.count } == results.count { $0.verdict != .notRun })
      // Recorded answers hold the units of their bounds too, so that the script's are no right ones: but answers.
      #expect(!stage.isEmpty && stage.allSatisfy { $0.verdict == .invalidOutput })
      let crashes = structure.count { $0.verdict == .crash }
      #expect(crashes >= 3 && crashes <= 3 * jobs)
      #expect(structure.count { $0.verdict == .notRun } == structure.count - crashes)
    }

    @Test func `RUN-11 after nine ends in a row nothing more is asked`() throws {
      let ops: Set = ["metrics", "rms_norm", "forward", "loss", "gradients"]
      let hello = ShellCandidate.hello.replacingOccurrences(
        of: #""metrics","#, with: #""metrics","rms_norm","forward","loss","gradients","#
      ).replacingOccurrences(of: #""dtypes":[]"#, with: #""dtypes":["f64"]"#)
      let candidate = try ShellCandidate(hello: hello, when: "true", "exit 1")
      let levels = ["structure", "stage", "model", "training"]
      let results = try candidate.run(ops: ops, levels: Set(levels))
      for level in levels.dropLast() {
        let verdicts: [Verdict] = results.filter { $0.level == level }.map { $0.verdict }
        #expect(Array(verdicts.prefix(3)) == [.crash, .crash, .crash] && !verdicts.dropFirst(3).isEmpty, "\(level)")
        #expect(verdicts.dropFirst(3).allSatisfy { $0 == .notRun }, "\(level)")
      }
      let last = results.filter { $0.level == "training" }
      #expect(!last.isEmpty && last.allSatisfy { $0.verdict == .notRun && $0.why.hasSuffix("at 9 units in a row") })
    }

    @Test func `RUN-11 what need not be asked is no answer between ends`() throws {
      let hello = ShellCandidate.hello.replacingOccurrences(of: "[]", with: #"["f64"]"#)
      let candidate = try ShellCandidate(hello: hello, when: "true", "exit 1")
      let results = try candidate.run(ops: ["metrics", "rms_norm"], levels: ["structure", "stage"])
      #expect(results.counts[.crash] == 3 && results.counts[.unsupported] == results.count { $0.level == "stage" })
    }

    @Test func `RUN-11 a process that ends when more is asked of it has answered`() throws {
      // A wrong answer first; it ends at the next question, which is the diagnosis'.
      let wrong = "name=structure.metrics.exact; copy; reply '\"ok\":{}'"
      let candidate = try ShellCandidate(when: "true", "if [ $n = 1 ]; then \(wrong); else exit 1; fi")
      let results = try candidate.run(diagnosis: { wrong, ask in
        guard case .failed? = ask?(wrong.question) else { return ["an answer"] }
        return ["it ended"]
      })
      #expect(results.count { $0.diagnosis == ["it ended"] } > 3 && results.counts[.notRun] == nil)
    }

    @Test func `RUN-11 a question is asked once`() throws {
      let candidate = try ShellCandidate(when: "echo \"$name\" >>'\(NSTemporaryDirectory())/asked'$PPID; false")
      let path = NSTemporaryDirectory() + "/asked\(getpid())"
      defer { unlink(path) }
      let results = try candidate.run()
      #expect(try String(contentsOfFile: path, encoding: .utf8) == results.map { $0.id + "\n" }.joined())
    }

    @Test func `RUN-5 operations that are not declared are unsupported`() throws {
      let hello = ShellCandidate.hello.replacingOccurrences(of: #""metrics","#, with: "")
      let results = try ShellCandidate(hello: hello, when: "true", "exit 1").run()
      #expect(results.counts == [.unsupported: 9])
      #expect(results[0].why == "not declared: operation metrics")
    }

    @Test func `RUN-5 a diagnosis asks nothing that is not declared`() throws {
      // A wrong answer to every case; it would end at an operation that it does not know.
      let candidate = try ShellCandidate(
        when: "true",
        #"case $line in *'"op":"metrics"'*) ;; *) exit 9 ;; esac; copy; echo x >> "$output"; reply '"ok":{}'"#)
      let replies = Mutex<[String]>([])
      let results = try candidate.run(
        diagnosis: { wrong, ask in
          let question = wrong.question
          let more = Question(
            op: .forward, dtype: question.dtype, profile: question.profile, parameters: question.parameters,
            model: nil, input: question.input, captures: ["hidden.0"])
          if let ask, case .unsupported(let why, _) = ask(more) { replies.withLock { $0.append(why) } }
          return []
        })
      #expect(results.allSatisfy { $0.verdict == .invalidOutput }, "\(results.counts)")
      #expect(replies.withLock { Set($0) }.isSubset(of: ["not declared: operation forward"]))
    }

    @Test func `RUN-6 shards have every unit once`() throws {
      let corpus = try ShellCandidate.corpus.get()
      let whole = Selection().units(of: corpus, declaredDtypes: ["bf16", "f64"])
      #expect(
        whole.first?.dtype == "i64" && whole.contains { $0.dtype == "bf16" } && !whole.contains { $0.dtype == "f32" })
      let shards = try (1...3).map { index in
        let shard = try #require(Selection.Shard(index: index, count: 3))
        return Selection(shard: shard).units(of: corpus, declaredDtypes: ["bf16", "f64"])
      }
      #expect(whole.indices.allSatisfy { shards[$0 % 3][$0 / 3] == whole[$0] })
      #expect(shards.map { $0.count }.reduce(0, +) == whole.count)
    }

    @Test func `RUN-12 known failures have verdicts of their own`() throws {
      let corpus = try ShellCandidate.corpus.get()
      let known = try KnownFailures(
        """
        # two that are known

        structure.metrics.exact i64 it always did
        structure.metrics.all-wrong never worked
        """, corpus: corpus)
      let candidate = try ShellCandidate(when: "[ \"$name\" = structure.metrics.all-wrong ]", "exit 1")
      let results = try candidate.run(known: known)
      #expect(results.counts == [.pass: 7, .unexpectedPass: 1, .knownFailure: 1])
      #expect(results.first { $0.verdict == .knownFailure }?.why.hasPrefix("known: never worked; crash: ") == true)
      for (text, problem) in [
        ("structure.metrics.none x", KnownFailures.Problem.unknownCase("structure.metrics.none", line: 1)),
        ("\nstructure.metrics.exact", .noReason(id: "structure.metrics.exact", line: 2)),
        ("structure.metrics.exact f32 x", .unknownType("f32", id: "structure.metrics.exact", line: 1)),
        ("structure.metrics.exact x\nstructure.metrics.exact y", .repeated(id: "structure.metrics.exact", line: 2)),
      ] {
        #expect(throws: problem) { try KnownFailures(text, corpus: corpus) }
      }
    }

    @Test func `RUN-13 an interrupted run keeps what was done and goes on later`() throws {
      let candidate = try ShellCandidate()
      let count = Mutex(0)
      let first = try candidate.run(
        store: { result in if result.verdict == .pass { count.withLock { $0 += 1 } } },
        isInterrupted: { count.withLock { $0 >= 4 } })
      #expect(first.map { $0.verdict } == Array(repeating: .pass, count: 4) + Array(repeating: .notRun, count: 5))
      #expect(first[8].why.contains("interrupted"))
      let broken = try ShellCandidate(when: "[ \"$name\" = \(first[0].id) ]", "exit 1")
      let second = try broken.run(done: first.filter { $0.verdict != .notRun })
      #expect(second.counts == [.pass: 9], "what was done is not asked again")
      // A question under way is given up, not waited for.
      let start = SuspendingClock.now
      let hanging = try ShellCandidate(when: "true", "sleep 100")
      var limits = CandidateLimits.quick
      limits.timeFactor = 1
      let given = try hanging.run(
        limits: limits, isInterrupted: { SuspendingClock.now - start > .milliseconds(300) })
      #expect(given.counts == [.notRun: 9])
      #expect(SuspendingClock.now - start < .seconds(10))
    }

    @Test func `wrong answers are diagnosed, and more may be asked`() throws {
      let swap = "name=structure.metrics.exact; copy; reply '\"ok\":{}'"
      let candidate = try ShellCandidate(when: "[ $n = 4 ]", swap)
      let results = try candidate.run(diagnosis: { wrong, ask in
        guard case .tensors(let again)? = ask?(wrong.question) else { return ["no answer"] }
        return ["\(wrong.item.id) \(wrong.answer.count) \(again != wrong.answer)"]
      })
      #expect(results[3].verdict == .fail && results[3].diagnosis == ["structure.metrics.all-wrong 1 true"])
    }

    @Test func `RUN-2 without a hello there is no run`() throws {
      for hello in ["1", #"{"protocol":2}"#, ShellCandidate.hello.replacingOccurrences(of: "[]", with: #"["f8"]"#)] {
        #expect(throws: CandidateError.self, "\(hello)") { try ShellCandidate(hello: hello).run() }
      }
    }
  }
}
