// Same bits as Product.swift; skip on a first reading.
//
// MOD-1, NUM-1, NUM-4: x·Wᵀ for a W that a checkpoint holds in bf16, f16 or f32, widened in registers: no copy of it is made.
// NarrowProductTests compares it with the naive loops.

extension NarrowMatrix {
  /// Some columns of x·Wᵀ: y[i, o] = Σ_k x[i, k] · W[o, k] from +0.0 by rising k, x [height, columns] → [height, range.count].
  ///
  /// The sums that an infinite or NaN element enters are infinite or NaN: ask `firstNonFinite`.
  func multiplied(by x: [Double], height: Int, outputs range: Range<Int>) -> [Double] {
    bytes(of: range) { bytes in
      switch type {
      case .bf16: Self.product(BFloat16.self, bytes, x.span, height: height, outputs: range.count, inner: columns)
      case .f16: Self.product(Binary16.self, bytes, x.span, height: height, outputs: range.count, inner: columns)
      case .f32: Self.product(Binary32.self, bytes, x.span, height: height, outputs: range.count, inner: columns)
      }
    }
  }

  @inline(__always)
  private static func product<Element: NarrowElement>(
    _ element: Element.Type, _ bytes: Span<UInt8>, _ x: Span<Double>, height: Int, outputs: Int, inner: Int
  ) -> [Double] {
    var product = [Double](repeating: 0, count: height * outputs)
    let direct = height < Element.worthWidening
    var panel = [SIMD8<Double>](repeating: .zero, count: direct ? 0 : inner)
    for first in stride(from: 0, to: outputs, by: 8) {
      let rows = Eight(first, outputs, inner * MemoryLayout<Element.Bits>.size)
      let width = min(8, outputs - first)
      func store(_ sums: SIMD8<Double>, row i: Int) {
        let start = i * outputs + first
        for lane in 0..<width { product[start + lane] = sums[lane] }
      }
      guard !direct else {
        for i in 0..<height { store(oneRow(element, x.extracting(i * inner..<(i + 1) * inner), rows, bytes), row: i) }
        continue
      }
      widen(element, rows, bytes, to: &panel)
      Panel.multiply(x, height: height, panel.span) { i, sums in store(sums, row: i) }
    }
    return product
  }

  /// Σ_k W[o, k] · x[k] for eight neighbouring outputs: each has a lane of its own, and its own order.
  @inline(__always)
  private static func oneRow<Element: NarrowElement>(
    _ element: Element.Type, _ x: Span<Double>, _ rows: Eight, _ bytes: Span<UInt8>
  ) -> SIMD8<Double> {
    let width = MemoryLayout<Element.Bits>.size
    var sums = SIMD8<Double>.zero
    var k = 0
    while k + 8 <= x.count {
      let columns = rows.columns(element, bytes, at: k * width)
      sums += Element.widened(columns.0) * x[k]
      sums += Element.widened(columns.1) * x[k + 1]
      sums += Element.widened(columns.2) * x[k + 2]
      sums += Element.widened(columns.3) * x[k + 3]
      sums += Element.widened(columns.4) * x[k + 4]
      sums += Element.widened(columns.5) * x[k + 5]
      sums += Element.widened(columns.6) * x[k + 6]
      sums += Element.widened(columns.7) * x[k + 7]
      k += 8
    }
    while k < x.count {
      sums += Element.widened(rows.column(element, bytes, at: k * width)) * x[k]
      k += 1
    }
    return sums
  }

  /// panel[k][lane] = W[first + lane, k].
  @inline(__always)
  private static func widen<Element: NarrowElement>(
    _ element: Element.Type, _ rows: Eight, _ bytes: Span<UInt8>, to panel: inout [SIMD8<Double>]
  ) {
    let width = MemoryLayout<Element.Bits>.size
    var k = 0
    while k + 8 <= panel.count {
      let columns = rows.columns(element, bytes, at: k * width)
      panel[k] = Element.widened(columns.0)
      panel[k + 1] = Element.widened(columns.1)
      panel[k + 2] = Element.widened(columns.2)
      panel[k + 3] = Element.widened(columns.3)
      panel[k + 4] = Element.widened(columns.4)
      panel[k + 5] = Element.widened(columns.5)
      panel[k + 6] = Element.widened(columns.6)
      panel[k + 7] = Element.widened(columns.7)
      k += 8
    }
    while k < panel.count {
      panel[k] = Element.widened(rows.column(element, bytes, at: k * width))
      k += 1
    }
  }
}

// MARK: - Finiteness

extension NarrowMatrix {
  /// The place in row-major order of the first infinite or NaN element of some rows; nil if all are finite.
  func firstNonFinite(in range: Range<Int>) -> Int? {
    var place: Int?
    _ = bytes(of: range) { bytes in
      place =
        switch type {
        case .bf16: Self.firstNonFinite(BFloat16.self, bytes)
        case .f16: Self.firstNonFinite(Binary16.self, bytes)
        case .f32: Self.firstNonFinite(Binary32.self, bytes)
        }
      return []
    }
    return place.map { range.lowerBound * columns + $0 }
  }

  @inline(__always)
  private static func firstNonFinite<Element: NarrowElement>(
    _: Element.Type, _ bytes: Span<UInt8>
  ) -> Int? {
    let width = MemoryLayout<Element.Bits>.size
    let count = bytes.count / width
    for i in 0..<count where Element.one(bytes, at: i * width) & Element.exponent == Element.exponent { return i }
    return nil
  }
}

// MARK: - Eight rows

/// The first bytes of eight neighbouring rows; beyond the last row it is meant again, and its sums are never stored.
private struct Eight {
  let a, b, c, d, e, f, g, h: Int

  @inline(__always)
  init(_ first: Int, _ rows: Int, _ rowBytes: Int) {
    let last = rows - 1
    a = first * rowBytes
    b = min(first + 1, last) * rowBytes
    c = min(first + 2, last) * rowBytes
    d = min(first + 3, last) * rowBytes
    e = min(first + 4, last) * rowBytes
    f = min(first + 5, last) * rowBytes
    g = min(first + 6, last) * rowBytes
    h = min(first + 7, last) * rowBytes
  }

  /// One column of the eight rows.
  @inline(__always)
  func column<Element: NarrowElement>(
    _: Element.Type, _ bytes: Span<UInt8>, at byte: Int
  ) -> SIMD8<Element.Bits> {
    SIMD8(
      Element.one(bytes, at: a + byte), Element.one(bytes, at: b + byte), Element.one(bytes, at: c + byte),
      Element.one(bytes, at: d + byte), Element.one(bytes, at: e + byte), Element.one(bytes, at: f + byte),
      Element.one(bytes, at: g + byte), Element.one(bytes, at: h + byte))
  }

  /// Eight neighbouring columns: the eight rows read as vectors, then transposed by three rounds of interleaving.
  @inline(__always)
  func columns<Element: NarrowElement>(
    _: Element.Type, _ bytes: Span<UInt8>, at byte: Int
  ) -> Columns<Element.Bits> {
    let (ra, rb) = (Element.eight(bytes, at: a + byte), Element.eight(bytes, at: b + byte))
    let (rc, rd) = (Element.eight(bytes, at: c + byte), Element.eight(bytes, at: d + byte))
    let (re, rf) = (Element.eight(bytes, at: e + byte), Element.eight(bytes, at: f + byte))
    let (rg, rh) = (Element.eight(bytes, at: g + byte), Element.eight(bytes, at: h + byte))
    let (a0, a1, a2, a3) = (low(ra, re), high(ra, re), low(rb, rf), high(rb, rf))
    let (a4, a5, a6, a7) = (low(rc, rg), high(rc, rg), low(rd, rh), high(rd, rh))
    let (b0, b1, b2, b3) = (low(a0, a4), high(a0, a4), low(a1, a5), high(a1, a5))
    let (b4, b5, b6, b7) = (low(a2, a6), high(a2, a6), low(a3, a7), high(a3, a7))
    return (
      low(b0, b4), high(b0, b4), low(b1, b5), high(b1, b5), low(b2, b6), high(b2, b6), low(b3, b7), high(b3, b7)
    )
  }

  typealias Columns<Bits: SIMDScalar> = (
    SIMD8<Bits>, SIMD8<Bits>, SIMD8<Bits>, SIMD8<Bits>, SIMD8<Bits>, SIMD8<Bits>, SIMD8<Bits>, SIMD8<Bits>
  )

  @inline(__always)
  private func low<Bits>(_ x: SIMD8<Bits>, _ y: SIMD8<Bits>) -> SIMD8<Bits> {
    SIMD8(x[0], y[0], x[1], y[1], x[2], y[2], x[3], y[3])
  }

  @inline(__always)
  private func high<Bits>(_ x: SIMD8<Bits>, _ y: SIMD8<Bits>) -> SIMD8<Bits> {
    SIMD8(x[4], y[4], x[5], y[5], x[6], y[6], x[7], y[7])
  }
}
