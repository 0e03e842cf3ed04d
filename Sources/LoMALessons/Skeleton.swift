// What a learner begins a lesson with: the program up to the lesson before, and the lesson's functions without a body.

import LoMAVectors

/// The languages of the lessons.
package enum LessonLanguage: String, CaseIterable, Sendable {
  case python
  case swift
}

/// The finished program, cut into steps by the marks `# step N` or `// step N`.
package struct Skeleton: Sendable {
  /// The program itself, and what only lessons ask for.
  private let program: [Int: [String]]
  private let asked: [Int: [String]]
  /// The lines that answer requests, always at the end.
  private let last: [String]
  private let isPython: Bool

  package init(_ language: LessonLanguage) {
    isPython = language == .python
    let files =
      switch language {
      case .python: (EmbeddedText(PackageResources.evening_py), EmbeddedText(PackageResources.asked_py))
      case .swift: (EmbeddedText(PackageResources.evening_swift), EmbeddedText(PackageResources.asked_swift))
      }
    let text = Skeleton.cut(files.1)
    (program, asked, last) = (Skeleton.cut(files.0), text, text[-1] ?? [])
  }

  /// The lines below each mark; those above the first belong to step 0, those below `last` to -1.
  private static func cut(_ file: EmbeddedText) -> [Int: [String]] {
    var (steps, step): ([Int: [String]], Int) = ([:], 0)
    for line in file.withoutLastLineEnd.split(separator: "\n", omittingEmptySubsequences: false) {
      if let mark = line.wholeMatch(of: /(?:#|\/\/) (?:step (\d+).*|(last))/) {
        step = mark.1.flatMap { Int($0) } ?? -1
      } else if line.hasPrefix("if __name__"), step == 12 {
        step = 13  // What runs the finished program; a lesson's program answers requests instead.
      } else if step != 13 {
        steps[step, default: []].append(String(line))
      }
    }
    return steps
  }

  /// The program of a lesson: everything up to it, with blanks in the place of what the lesson asks for, or complete.
  package func text(of lesson: Lesson, isComplete: Bool) -> String {
    var lines: [String] = []
    for step in 0...lesson.rawValue {
      let (mine, asking) = (program[step] ?? [], asked[step] ?? [])
      let isBlank = step == lesson.rawValue && !isComplete
      let hasFunctions = mine.contains { isHead($0) }
      lines += isBlank && hasFunctions ? blanked(mine, lesson) : mine
      lines += isBlank && !hasFunctions ? blanked(asking, lesson) : asking
    }
    return (lines + last).map { $0 + "\n" }.joined()
  }

  private func isHead(_ line: String) -> Bool { line.hasPrefix(isPython ? "def " : "func ") }

  /// Every function with its first line alone.
  private func blanked(_ lines: [String], _ lesson: Lesson) -> [String] {
    var (result, isInside): ([String], Bool) = ([], false)
    for line in lines {
      let isBody = isPython ? line.hasPrefix(" ") : line.hasPrefix(" ") || line == "}"
      if isHead(line) {
        isInside = true
        result.append(line)
        result.append(
          isPython
            ? "    raise NotImplementedError(\"lesson \(lesson.rawValue)\")"
            : "  fatalError(\"lesson \(lesson.rawValue)\")\n}")
      } else if isInside, isBody {
        continue
      } else {
        isInside = false
        result.append(line)
      }
    }
    return result
  }
}
