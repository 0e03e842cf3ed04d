// TOL-12…TOL-15: Vectors/bounds.json, to and from bytes (Spec/schemas/bounds.schema.json).

import LoMAVectors

extension CalibratedBounds {
  /// The file name, beside the manifest.
  package static let fileName = "bounds.json"
  private static let byteLimit = 32 << 20
  private static let dtypes = NumberType.words

  /// The bounds of a corpus; the provisional ones if it has none and is not a published suite.
  ///
  /// Throws `damaged` if they were measured on another manifest, do not follow from their own measurements, or are not
  /// those the suite was published with.
  package init(of corpus: CaseCorpus) throws(CorpusError) {
    let published = PublishedSuite.of(manifest: corpus.manifestDigest)
    let bytes: [UInt8]
    do {
      bytes = try Files.contents(of: corpus.folder + "/" + Self.fileName, byteLimit: Self.byteLimit)
    } catch {
      guard case .failed("open", _, 2) = error else {  // ENOENT
        throw .damaged(file: Self.fileName, reason: error.description)
      }
      if let published {
        throw Self.damaged("missing; suite \(published.suite) was published with bounds of SHA-256 \(published.bounds)")
      }
      self = .provisional
      return
    }
    try self.init(parsing: bytes)
    guard manifestDigest == corpus.manifestDigest else {
      throw Self.damaged("measured on the manifest \(manifestDigest), not on this one; calibrate again")
    }
    if let published, let digest, digest != published.bounds {
      throw Self.damaged("SHA-256 \(digest), suite \(published.suite) was published with \(published.bounds)")
    }
  }

  /// Parses an untrusted bounds file; throws `damaged`.
  package init(parsing bytes: [UInt8]) throws(CorpusError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(bytes, sizeLimit: Self.byteLimit, depthLimit: 8) } catch {
      throw Self.damaged(error.description)
    }
    guard let object = value.objectValue, object["loma_bounds"]?.integerValue == 1 else {
      throw Self.damaged("not a file of bounds of version 1")
    }
    guard let suite = object["suite"]?.stringValue, let digest = object["manifest_sha256"]?.stringValue,
      digest.isHexDigest, let variants = object["variants"]?.arrayValue, let floors = object["floors"]?.objectValue,
      let groups = object["general"]?.arrayValue, let list = object["cases"]?.arrayValue
    else { throw Self.damaged("suite, manifest_sha256, variants, floors, general or cases is missing or odd") }
    for dtype in Self.dtypes {
      guard floors[dtype]?.stringValue == Self.floor(dtype).map({ HexFloat.text($0) }) else {
        throw Self.damaged("the floor of \(dtype) is not that of TOL-12")
      }
    }
    var general: [Group: Double] = [:]
    for item in groups {
      let object = try Self.object(item)
      let (op, tensor) = (try Self.word("op", object), try Self.word("tensor", object))
      let group = Group(op: op, tensor: tensor, dtype: try Self.dtype(object))
      guard general.updateValue(try Self.bound(object), forKey: group) == nil else {
        throw Self.damaged("\(op.onOneLine), \(tensor.onOneLine) is given twice")
      }
    }
    var read: [Variant] = []
    for item in variants {
      let object = try Self.object(item)
      let dtypes = object["dtypes"]?.arrayValue?.compactMap(\.stringValue) ?? []
      read.append(
        Variant(name: try Self.word("name", object), version: try Self.word("version", object), dtypes: dtypes))
    }
    var cases: [Unit: [String: Allowed]] = [:]
    var measured: [Unit: [String: Measured]] = [:]
    for item in list {
      let object = try Self.object(item)
      let unit = Unit(id: try Self.word("id", object), dtype: try Self.dtype(object))
      guard let tensors = object["tensors"]?.objectValue else { throw Self.damaged("\(unit.id) has no tensors") }
      var allowed: [String: Allowed] = [:]
      for member in tensors.members {
        let object = try Self.object(member.value)
        guard let gates = object["gates"]?.booleanValue else { throw Self.damaged("\(unit.id): gates is missing") }
        allowed[member.key] = Allowed(bound: try Self.bound(object), gates: gates)
      }
      guard cases.updateValue(allowed, forKey: unit) == nil else {
        throw Self.damaged("\(unit.id.onOneLine) in \(unit.dtype) is given twice")
      }
      measured[unit] = try Self.measurements(object, variants: read.count)
    }
    self.init(
      suite: suite, manifestDigest: digest, variants: read, general: general, cases: cases, measured: measured)
    self.digest = SHA256.hexDigest(of: bytes)
    try check()
  }

  /// The file as text, ending in a line break; equal bounds give equal text.
  package var text: String {
    let groups = general.sorted { ($0.key.op, $0.key.tensor, $0.key.order) < ($1.key.op, $1.key.tensor, $1.key.order) }
    let units = cases.sorted { ($0.key.id, $0.key.order) < ($1.key.id, $1.key.order) }
    let value = JSONValue.members([
      .init("loma_bounds", .integer(1)), .init("suite", .string(suite)),
      .init("manifest_sha256", .string(manifestDigest)),
      .init(
        "variants",
        .array(
          variants.map {
            .members([
              .init("name", .string($0.name)), .init("version", .string($0.version)),
              .init("dtypes", .array($0.dtypes.map { .string($0) })),
            ])
          })),
      .init("floors", .members(Self.dtypes.map { .init($0, .string(HexFloat.text(Self.floor($0) ?? 0))) })),
      .init(
        "general",
        .array(
          groups.map { group, bound in
            .members([
              .init("op", .string(group.op)), .init("tensor", .string(group.tensor)),
              .init("dtype", .string(group.dtype)), .init("bound", .string(HexFloat.text(bound))),
            ])
          })),
      .init(
        "cases",
        .array(
          units.map { unit, tensors in
            .members([
              .init("id", .string(unit.id)), .init("dtype", .string(unit.dtype)),
              .init("tensors", .members(tensors.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.json) })),
              .init(
                "measured",
                .members((measured[unit] ?? [:]).sorted { $0.key < $1.key }.map { .init($0.key, $0.value.json) })),
            ])
          })),
    ])
    return value.text() + "\n"
  }

  /// The floor of an element type, by name.
  static func floor(_ dtype: String) -> Double? {
    ElementType(word: dtype).flatMap { Precision.of($0) }?.floor
  }
}

extension CalibratedBounds {
  private static func object(_ value: JSONValue) throws(CorpusError) -> JSONObject {
    guard let object = value.objectValue else { throw damaged("an entry is not an object") }
    return object
  }

  private static func word(_ name: String, _ object: JSONObject) throws(CorpusError) -> String {
    guard let word = object[name]?.stringValue, !word.isEmpty else { throw damaged("an entry without \(name)") }
    return word
  }

  private static func dtype(_ object: JSONObject) throws(CorpusError) -> String {
    let dtype = try word("dtype", object)
    guard dtypes.contains(dtype) else { throw damaged("\(dtype.onOneLine) is not a type of numbers") }
    return dtype
  }

  /// A bound is positive and finite, in the one hexadecimal spelling that a number has.
  private static func bound(_ object: JSONObject) throws(CorpusError) -> Double {
    let text = try word("bound", object)
    guard let bound = Double(text), bound > 0, bound.isFinite, HexFloat.text(bound) == text else {
      throw damaged("the bound \(text.onOneLine) is invalid")
    }
    return bound
  }
}

extension CalibratedBounds {
  /// The measurements of a case, by kind of tensor.
  private static func measurements(
    _ object: JSONObject, variants: Int
  ) throws(CorpusError) -> [String: Measured] {
    guard let kinds = object["measured"]?.objectValue else { throw damaged("an entry without measured") }
    var measured: [String: Measured] = [:]
    for member in kinds.members {
      guard let list = member.value.objectValue?["errors"]?.arrayValue, list.count == variants,
        let shaken = member.value.objectValue?["shaken"], shaken != .null
      else { throw damaged("\(member.key.onOneLine): errors are not one of each variant, or shaken is missing") }
      var errors: [Double?] = []
      for value in list { errors.append(value == .null ? nil : try error(value)) }
      measured[member.key] = Measured(errors: errors, shaken: try error(shaken))
    }
    return measured
  }

  /// An error is finite and not negative, spelt as a bound is.
  private static func error(_ value: JSONValue) throws(CorpusError) -> Double {
    guard let text = value.stringValue, let error = Double(text), error >= 0, error.isFinite,
      HexFloat.text(error) == text
    else { throw damaged("an error is invalid: \((value.stringValue ?? "not a string").onOneLine)") }
    return error
  }
}

extension CalibratedBounds.Measured {
  fileprivate var json: JSONValue {
    .members([
      .init("errors", .array(errors.map { $0.map { .string(HexFloat.text($0)) } ?? .null })),
      .init("shaken", .string(HexFloat.text(shaken))),
    ])
  }
}

extension CalibratedBounds.Allowed {
  fileprivate var json: JSONValue {
    .members([.init("bound", .string(HexFloat.text(bound))), .init("gates", .boolean(gates))])
  }
}

extension CalibratedBounds.Group {
  fileprivate var order: Int { NumberType.allWords.firstIndex(of: dtype) ?? 0 }
}

extension CalibratedBounds.Unit {
  fileprivate var order: Int { NumberType.allWords.firstIndex(of: dtype) ?? 0 }
}
