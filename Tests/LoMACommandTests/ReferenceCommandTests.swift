// `loma reference` as a process: a line in, a line out, at once.

import Foundation
import Testing

@testable import LoMACommand

@Suite("Command: reference")
struct ReferenceCommandTests {
  @Test func `OPS-1 the process answers line by line and ends when it is told to`() throws {
    let (output, errors, code) = try Binary().shell(
      #"printf '%s\n' '{"loma":1,"id":0,"cmd":"hello","protocols":[1]}' 'noise' '{"loma":1,"id":1,"cmd":"stop"}' x "#
        + "| loma reference")
    let lines = output.split(separator: "\n")
    #expect(lines.count == 2 && errors.isEmpty && code == 0, "\(output)")
    #expect(lines.first?.hasPrefix(#"{"loma":1,"id":0,"ok":{"protocol":1,"#) == true)
    #expect(lines.last?.hasPrefix(#"{"loma":1,"id":-1,"unsupported":"#) == true)
  }

  @Test func `the end of its input ends it, and an option is refused`() throws {
    let ended = try Binary().shell("loma reference < /dev/null")
    #expect(ended.output.isEmpty && ended.errors.isEmpty && ended.exitCode == 0)
    #expect(loma("reference --mutant M999").complaint?.contains("no mutant is called 'M999'") == true)
  }
}
