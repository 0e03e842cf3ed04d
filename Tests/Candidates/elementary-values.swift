// Elementary functions (NUM-2) over a pipe, for check_elementary.py: the argument names a function, stdin holds raw
// little-endian Doubles (pairs of them for `power`), stdout gets one Double per value. The script compiles this file
// together with Sources/NaiveLlama/Arithmetic, so the phases the module keeps to itself can be asked for as well.
// `time-NAME` prints nanoseconds per call of NAME instead.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@main
struct ElementaryValues {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 2 else { exit(2) }
    let name = arguments[1]
    let timed = name.hasPrefix("time-")
    let input = readDoubles()
    let start = clock()
    guard let output = values(of: timed ? String(name.dropFirst(5)) : name, at: input) else { exit(2) }
    let seconds = Double(clock() - start) / Double(CLOCKS_PER_SEC)
    if timed {
      print(seconds / Double(output.count) * 1e9)
    } else {
      send(output)
    }
  }

  static func values(of name: String, at input: [Double]) -> [Double]? {
    switch name {
    case "exponential": input.map { Elementary.exponential($0) }
    case "logarithm": input.map { Elementary.logarithm($0) }
    case "sine": input.map { Elementary.sine($0) }
    case "cosine": input.map { Elementary.cosine($0) }
    case "power":
      stride(from: 0, to: input.count - 1, by: 2).map { Elementary.power(input[$0], input[$0 + 1]) }
    case "wide-exponential": input.map { Elementary.wideExponential($0) }
    case "wide-logarithm": input.map { $0 > 0 && $0.isFinite ? Elementary.wideLogarithm($0) : .nan }
    case "wide-sine": input.map { wideWave($0, quarterTurns: 0) }
    case "wide-cosine": input.map { wideWave($0, quarterTurns: 1) }
    // What a loop with no function in it costs.
    case "nothing": input.map { $0 + 1 }
    default: nil
    }
  }

  static func wideWave(_ x: Double, quarterTurns: Int) -> Double {
    guard x.isFinite, x.magnitude >= 0x1p-27 else { return Elementary.wave(x, quarterTurns: quarterTurns) }
    return Elementary.wideWave(Angle(x), quarterTurns: quarterTurns)
  }

  static func readDoubles() -> [Double] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    var words: [Double] = []
    var pending: UInt64 = 0
    var count: UInt64 = 0
    while true {
      let received = read(STDIN_FILENO, &bytes, bytes.count)
      if received <= 0 { return words }
      for byte in bytes[0..<received] {
        pending |= UInt64(byte) << (8 * count)
        count += 1
        if count == 8 {
          words.append(Double(bitPattern: pending))
          (pending, count) = (0, 0)
        }
      }
    }
  }

  static func send(_ values: [Double]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * values.count)
    for value in values {
      for byte in 0..<8 {
        bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(8 * byte)))
      }
    }
    var sent = 0
    while sent < bytes.count {
      let piece = Array(bytes[sent..<min(sent + 65_536, bytes.count)])
      let accepted = write(STDOUT_FILENO, piece, piece.count)
      if accepted <= 0 { exit(1) }
      sent += accepted
    }
  }
}
