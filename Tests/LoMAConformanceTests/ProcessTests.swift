// RUN-1, RUN-8, RUN-9: child processes on their own.

import Foundation
import Testing
@testable import LoMAProcess

@testable import LoMAConformance

extension CandidateSuites {
  @Suite("Chapter 13: processes", .serialized)
  struct ProcessTests {
    private func shell(_ text: String) throws -> ChildProcess {
      do {
        return try ChildProcess(
          "/bin/sh", ["-c", text], variables: [(CandidateCommand.startFolderVariable, "/start")], folder: "/",
          memoryLimit: 1 << 40, lineLimit: ConversationProtocol.lineLimit)
      } catch {
        Issue.record("\(error.description)")
        throw error
      }
    }

    /// The lines of a shell, and how it ended.
    private func lines(_ text: String) throws -> (lines: [String], ending: ChildEnding) {
      var child = try shell(text)
      var lines: [String] = []
      let deadline = SuspendingClock.now + .seconds(10)
      while case .line(let line) = child.next(until: deadline, isInterrupted: { false }) {
        lines.append(String(decoding: line, as: UTF8.self))
      }
      return (lines, child.end(politely: false).ending)
    }

    @Test func `RUN-1 a child has its folder, its session, three descriptors and every signal's default`() throws {
      signal(SIGPIPE, SIG_IGN)
      let (lines, ending) = try lines("pwd; echo $LOMA_START_FOLDER; kill -PIPE $$; echo alive")
      #expect(lines == ["/", "/start"] && ending == .signal(SIGPIPE))
      #if os(Linux)
        let open = try self.lines("ls /proc/self/fd; cut -d' ' -f6 /proc/$$/stat; echo $$").lines
        // The fourth is the folder that ls reads.
        #expect(open.prefix(4) == ["0", "1", "2", "3"] && open.count == 6 && open[4] == open[5], "\(open)")
      #endif
    }

    @Test func `RUN-1 commands and files are found from any folder`() throws {
      let folder = NSTemporaryDirectory() + "/loma-command-\(UInt64.random(in: .min ... .max))"
      try FileManager.default.createDirectory(atPath: folder + "/bin", withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      for name in ["port.py", "-x", "bin/tool"] {
        #expect(FileManager.default.createFile(atPath: folder + "/" + name, contents: nil))
      }
      chmod(folder + "/bin/tool", 0o755)
      func words(_ words: [String]) throws -> [String] {
        try CandidateCommand(words: words, startFolder: folder, path: "/nowhere:bin:/bin").words
      }
      #expect(try words(["bin/tool", "port.py"]) == [folder + "/bin/tool", folder + "/port.py"])
      #expect(
        try words(["./bin/tool", "bin", "-x", "--a=port.py"]) == [folder + "/./bin/tool", "bin", "-x", "--a=port.py"])
      #expect(try words(["tool"]) == [folder + "/bin/tool"])
      #expect(try words(["sh", "none"]) == ["/bin/sh", "none"])
      for bad in [["port.py"], ["./port.py"], ["bin/none"], ["/"], [""], []] {
        #expect(throws: CandidateError.self, "\(bad)") { try words(bad) }
      }
    }

    @Test func `RUN-8 a child that never reads holds up nobody`() throws {
      var child = try shell("exec sleep 100")
      child.pipes.send([UInt8](repeating: 120, count: 1 << 20))
      let start = SuspendingClock.now
      #expect(child.next(until: start + .milliseconds(200), isInterrupted: { false }) == .deadline)
      #expect(SuspendingClock.now - start < .seconds(20))
      #expect(child.end(politely: false).ending == .signal(SIGTERM))
    }

    @Test func `RUN-9 two hundred children leave no process and no descriptor`() throws {
      #if os(Linux)
        func descriptors() -> Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0 }
        let before = descriptors()
        for number in 0..<200 {
          var child = try shell(number.isMultiple(of: 2) ? "exit 0" : "read -r line")
          if number.isMultiple(of: 2) {
            #expect(child.next(until: .now + .seconds(10), isInterrupted: { false }) == .ended)
          }
          #expect(child.end(politely: true).ending == (number.isMultiple(of: 2) ? .exit(code: 0) : .exit(code: 1)))
        }
        // Others may open a file meanwhile; a leak would be hundreds.
        #expect(descriptors() < before + 50)
        #expect(ProcessTable().entries.filter { $0.parent == getpid() && $0.session != getsid(0) }.isEmpty)
      #endif
    }

    @Test func `RUN-4 lines are split wherever they are cut`() {
      var splitter = LineSplitter()
      var lines: [[UInt8]] = []
      for byte in Array("a\n\nbc\nd".utf8) {
        withUnsafeBytes(of: byte) { splitter.append($0) }
        while let line = splitter.next() { lines.append(line) }
      }
      #expect(lines == [Array("a".utf8), [], Array("bc".utf8)] && splitter.waiting == 1)
    }

    @Test func `RUN-8 head and tail of a stream are kept`() {
      var kept = HeadAndTail(limit: 3)
      for byte in Array("abcdefghijklmnopqrstuvwxyz".utf8) { withUnsafeBytes(of: byte) { kept.append($0) } }
      #expect(kept.text == "abc\n[20 bytes left out]\nxyz")
      var short = HeadAndTail(limit: 3)
      Array("abcde".utf8).withUnsafeBytes { short.append($0) }
      #expect(short.text == "abcde")
    }
  }
}
