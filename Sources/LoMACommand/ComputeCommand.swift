// `loma compute`: evaluates one function of the reference on given numbers.

import LoMAModels
import NaiveLlama

/// The arguments of a function, and how they are read.
private struct Form {
  let usage: String
  let options: [String]
  let read: (_ plain: [String], _ arguments: Arguments) throws(UsageError) -> Computation
}

private var forms: [(name: String, form: Form)] {
  [
    unary("exp", Computation.exponential), unary("log", Computation.logarithm), unary("sin", Computation.sine),
    unary("cos", Computation.cosine), unary("silu", Computation.silu),
    (
      "power",
      Form(usage: "BASE EXPONENT", options: []) { (plain, _) throws(UsageError) in
        let numbers = try numbers(plain, named: ["BASE", "EXPONENT"], of: "power")
        return .power(base: numbers[0], exponent: numbers[1])
      }
    ),
    (
      "random",
      Form(usage: "SEED COUNT", options: []) { (plain, _) throws(UsageError) in
        try check(plain, named: ["SEED", "COUNT"], of: "random")
        guard let seed = UInt64(plain[0]) else {
          throw UsageError(line: "SEED takes an integer in 0...\(UInt64.max), not '\(plain[0])'")
        }
        guard let count = Int(plain[1]) else {
          throw UsageError(line: "COUNT takes an integer, not '\(plain[1])'")
        }
        return .random(seed: seed, count: count)
      }
    ),
    (
      "rms_norm",
      Form(usage: "--x N,N,… --gain N,N,… --epsilon N", options: ["--x", "--gain", "--epsilon"]) {
        (_, arguments) throws(UsageError) in
        .rmsNorm(
          x: try arguments.numbers("--x"), gain: try arguments.numbers("--gain"),
          epsilon: try arguments.number("--epsilon"))
      }
    ),
    (
      "rope",
      Form(usage: "--x N,N,… --position P --theta N", options: ["--x", "--position", "--theta"]) {
        (_, arguments) throws(UsageError) in
        .rope(
          x: try arguments.numbers("--x"), position: try arguments.required("--position"),
          theta: try arguments.number("--theta"))
      }
    ),
    ("rotary_frequencies", rotation { .frequencies(headDimension: $0, theta: $1, $2) }),
    ("attention_factor", rotation { .attentionFactor(headDimension: $0, theta: $1, $2) }),
    (
      "softmax",
      Form(usage: "--scores N,N,… [--visible I,I,…]", options: ["--scores", "--visible"]) {
        (_, arguments) throws(UsageError) in
        let visible = try arguments["--visible"].map { (list) throws(UsageError) in
          try Arguments.integers(list, of: "--visible")
        }
        return .softmax(scores: try arguments.numbers("--scores"), visible: visible)
      }
    ),
    (
      "cross_entropy",
      Form(usage: "--scores N,N,… --label I", options: ["--scores", "--label"]) { (_, arguments) throws(UsageError) in
        .crossEntropy(scores: try arguments.numbers("--scores"), label: try arguments.required("--label"))
      }
    ),
    (
      "kv_head",
      Form(usage: "--heads N --kv-heads N", options: ["--heads", "--kv-heads"]) { (_, arguments) throws(UsageError) in
        .keyValueHead(
          queryHeads: try arguments.required("--heads"), keyValueHeads: try arguments.required("--kv-heads"))
      }
    ),
  ]
}

func compute(_ words: [String]) throws -> Outcome {
  guard let name = words.first else { throw UsageError(line: "a function is required") }
  let rest = words.dropFirst()
  if let form = peerForms.first(where: { $0.name == name }) {
    let options = form.options.map { Arguments.Option(name: $0, repeats: false) }
    return Outcome(output: try form.result(Arguments(Array(rest), options: options)) + "\n")
  }
  guard let form = forms.first(where: { $0.name == name })?.form else {
    throw UsageError(
      line: "no function is named \(name)" + Suggestion.text(for: name, among: forms.map { $0.name }))
  }
  let plain = Array(form.options.isEmpty ? rest : [])
  let options = form.options.map { Arguments.Option(name: $0, repeats: false) }
  let computation = try form.read(plain, Arguments(form.options.isEmpty ? [] : Array(rest), options: options))
  if let mistake = computation.mistake { throw UsageError(line: "\(name): \(mistake)") }
  return Outcome(output: computation.result + "\n")
}

var computeHelp: String {
  """
  loma compute FUNCTION …

  Evaluates one function of the reference transformer on given numbers, such as 0.1, 1e-3 or 0x1p-3. A double is printed
  as the shortest decimal that reads back as the same number. Angles are in radians, logarithms natural; without
  --visible every score is visible; kv_head lists the KV head of every query head.

  \(forms.map { "  loma compute \($0.name) \($0.form.usage)\n" }.joined())
  Of part II (PROFILE as in LAT-1; B = 0 is no quantiser; a group is all numbers unless given):

  \(peerForms.map { "  loma compute \($0.name) \($0.usage)\n" }.joined())
  """
}

private func unary(_ name: String, _ make: @escaping (Double) -> Computation) -> (name: String, form: Form) {
  let form = Form(usage: "X", options: []) { (plain, _) throws(UsageError) in
    make(try numbers(plain, named: ["X"], of: name)[0])
  }
  return (name, form)
}

/// A function of a rotation, as config.json gives it.
private func rotation(_ make: @escaping (Int, Double, RotationScaling) -> Computation) -> Form {
  let numbers = [
    "--factor", "--low-freq-factor", "--high-freq-factor", "--original", "--beta-fast", "--beta-slow",
    "--attention-factor", "--mscale", "--mscale-all-dim",
  ]
  return Form(
    usage: "--head-dim N --theta N [--type T] [--factor N] [--original N] …",
    options: ["--head-dim", "--theta", "--type", "--truncate"] + numbers
  ) { (_, arguments) throws(UsageError) in
    make(try arguments.required("--head-dim"), try arguments.number("--theta"), try arguments.rotationScaling())
  }
}

private func check(_ plain: [String], named names: [String], of function: String) throws(UsageError) {
  guard plain.count == names.count else {
    let got = plain.isEmpty ? "nothing" : plain.joined(separator: " ")
    throw UsageError(line: "\(function) takes \(names.joined(separator: " ")), got \(got)")
  }
}

private func numbers(
  _ plain: [String], named names: [String], of function: String
) throws(UsageError) -> [Double] {
  try check(plain, named: names, of: function)
  var numbers: [Double] = []
  for (word, name) in zip(plain, names) { numbers.append(try Arguments.number(word, of: name)) }
  return numbers
}

extension Arguments {
  /// The number given for a required option.
  func number(_ name: String) throws(UsageError) -> Double {
    guard let value = self[name] else { throw UsageError(line: "option \(name) is required") }
    return try Arguments.number(value, of: "option " + name)
  }

  /// The scaling of a rotation: the type and the numbers of a rope object, under the names of their options.
  fileprivate func rotationScaling() throws(UsageError) -> RotationScaling {
    func optional(_ name: String) throws(UsageError) -> Double? { self[name] == nil ? nil : try number(name) }
    switch self["--type"] ?? "default" {
    case "default": return .none
    case "linear": return .linear(factor: try number("--factor"))
    case "dynamic": return .dynamic(factor: try number("--factor"))
    case "llama3":
      return .llama3(
        Llama3Scaling(
          factor: try number("--factor"), lowFrequencyFactor: try number("--low-freq-factor"),
          highFrequencyFactor: try number("--high-freq-factor"), originalPositions: try number("--original")))
    case "yarn":
      var scaling = YarnScaling(factor: try number("--factor"), originalPositions: try number("--original"))
      scaling.betaFast = try optional("--beta-fast") ?? scaling.betaFast
      scaling.betaSlow = try optional("--beta-slow") ?? scaling.betaSlow
      let truncates: YesOrNo = try choice("--truncate", otherwise: .yes)
      scaling.truncates = truncates == .yes
      scaling.givenAttentionFactor = try optional("--attention-factor")
      scaling.scale = try optional("--mscale")
      scaling.scaleOfAllDimensions = try optional("--mscale-all-dim")
      return .yarn(scaling)
    case let other:
      throw UsageError(line: "option --type takes default, linear, dynamic, llama3 or yarn, not '\(other)'")
    }
  }

  /// The integer given for a required option.
  func required(_ name: String) throws(UsageError) -> Int {
    guard let value = try integer(name) else { throw UsageError(line: "option \(name) is required") }
    return value
  }

  /// The numbers given for a required option, separated by commas.
  func numbers(_ name: String) throws(UsageError) -> [Double] {
    guard let value = self[name] else { throw UsageError(line: "option \(name) is required") }
    var numbers: [Double] = []
    for item in value.split(separator: ",", omittingEmptySubsequences: false) {
      guard let number = Double(item), number.isFinite else {
        throw UsageError(line: "option \(name) takes finite numbers joined by commas, not '\(value)'")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// One number, decimal or hexadecimal.
  static func number(_ text: String, of name: String) throws(UsageError) -> Double {
    guard let number = Double(text), number.isFinite else {
      throw UsageError(line: "\(name) takes a finite number, not '\(text)'")
    }
    return number
  }
}
