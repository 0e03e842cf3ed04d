// PAR-1, LAY-1: c and t, and how they cut a text into chunks. Paper §3.

/// Compression ratio c, memory length t, chunk length L = t·c (PAR-1).
public struct Parameters: Hashable, Sendable {
  /// The longest text and chunk that this implementation accepts; every count of this module then fits an `Int`.
  ///
  /// With N the limit, a layout has at most 3N rows and a cost is below 8N², and 8N² = 2^(width − 3).
  public static let limit = 1 << (Int.bitWidth / 2 - 3)

  /// Compression ratio: text tokens per memory token.
  public let c: Int
  /// Memory length: memory tokens per chunk.
  public let t: Int
  /// L = t·c: text tokens per chunk. Paper v2 writes `tc`.
  public let chunkLength: Int

  /// Throws `InputError` unless c ≥ 1, t ≥ 1 and t·c ≤ `limit` (PAR-1).
  public init(c: Int, t: Int) throws(InputError) {
    guard c >= 1 else { throw .ratioBelowOne(c) }
    guard t >= 1 else { throw .memoryLengthBelowOne(t) }
    let (length, overflow) = t.multipliedReportingOverflow(by: c)
    guard !overflow, length <= Self.limit else { throw .chunkTooLong(c: c, t: t, limit: Self.limit) }
    self.c = c
    self.t = t
    self.chunkLength = length
  }

  /// F = ⌊n/L⌋, the number of full chunks of a text of n tokens (LAY-1).
  public func fullChunks(_ textLength: Int) -> Int { textLength / chunkLength }

  /// n mod L, the number of tokens after the last full chunk (LAY-1).
  public func tailLength(_ textLength: Int) -> Int { textLength % chunkLength }

  /// n + F·(t + L), the number of rows of a training layout (LAY-4).
  public func trainingRows(_ textLength: Int) -> Int { textLength + fullChunks(textLength) * (t + chunkLength) }

  /// n + F·t, the number of rows of a generation layout (LAY-5).
  public func generationRows(_ textLength: Int) -> Int { textLength + fullChunks(textLength) * t }

  /// Throws `InputError` unless 0 ≤ n ≤ `limit` (LAY-1, PAR-4).
  public static func check(textLength: Int) throws(InputError) {
    guard textLength >= 0 else { throw .negativeTextLength(textLength) }
    guard textLength <= limit else { throw .textTooLong(textLength, limit: limit) }
  }
}
