// OWN-1, OWN-4, OWN-7, OWN-8: the yardstick of a text, computed: all passes through layer N before layer N + 1 is read.

import LoMA
import LoMAModels
import LoMAVectors
import NaiveLlama

extension OwnYardstick {
  /// Computes the yardstick of a text for all types of a plan, and writes it into a folder, which it makes.
  ///
  /// `progress` is called after every layer and may throw `interrupted`. Throws also why the model cannot be computed, and
  /// `nonFiniteReference`.
  package init(
    computing plan: OwnPlan, text: OwnText, workers: Workers, into folder: String,
    progress: (OwnProgress) throws(OwnError) -> Void
  ) throws(OwnError) {
    let files = YardstickFiles(folder: folder)
    try files.prepare()
    var run = try FreeRun(plan, text, workers, files)
    let layers = plan.configuration.layers
    for layer in 0..<layers {
      try progress(
        OwnProgress(
          text: text.name, step: "layer \(layer + 1) of \(layers)", done: Double(layer) / Double(layers + 1)))
      try run.advance(layer)
    }
    try progress(OwnProgress(text: text.name, step: "logits", done: Double(layers) / Double(layers + 1)))
    try run.finish()
    self = run.yardstick
    try writeTable()
    try progress(OwnProgress(text: text.name, step: "done", done: 1))
  }
}

/// The passes of one text on their way through the layers.
private struct FreeRun {
  private let plan: OwnPlan
  private let text: OwnText
  private let stream: LayerStream
  private let files: YardstickFiles
  private let contextColumns: [Int]
  private let columns: [Int]
  /// The reference, then the references with rounded weights.
  private var references: [(key: String, pass: StreamedPass, hidden: Tensor)] = []
  private var simulations: [(type: ElementType, pass: StreamedPass, hidden: Tensor)] = []
  /// The alternatives that change this text's pass, with their places in the plan.
  private var alternatives: [(index: Int, pass: StreamedPass, hidden: Tensor)] = []
  private var spreads: [ElementType: [String: Spread]] = [:]
  private var projections: [ElementType: [OwnEvidence: [Projected]]] = [:]
  private var changed: [Set<String>]

  init(_ plan: OwnPlan, _ text: OwnText, _ workers: Workers, _ files: YardstickFiles) throws(OwnError) {
    (self.plan, self.text, self.files) = (plan, text, files)
    stream = LayerStream(plan: plan, workers: workers)
    changed = Array(repeating: [], count: plan.alternatives.count)
    let right = try PassForm(plan, text, workers: workers)
    let empty = OwnYardstick(
      plan: plan, text: text, rows: right.rows, files: files, spreads: [:], projections: [:], changed: [])
    (columns, contextColumns) = (empty.columns, empty.contextColumns)
    let rounded = plan.roundedTypes
    for type in [nil] + rounded.map({ Optional($0) }) {
      let pass = StreamedPass(form: right, copies: 1, weightType: type)
      references.append((type.map { $0.word } ?? "exact", pass, try stream.embedded(pass)))
    }
    for type in plan.types {
      guard let port = SimulatedPort(type, copies: OwnPlan.simulations, seed: plan.seed) else { throw .type(type) }
      var form = right
      form.functions = port.functions(workers: workers)
      let pass = StreamedPass(
        form: form, copies: OwnPlan.simulations, weightType: rounded.contains(type) ? type : nil)
      simulations.append((type, pass, try stream.embedded(pass)))
      let none = Projected(answers: OwnPlan.simulations)
      for evidence in [OwnEvidence.logits, .contexts] {
        projections[type, default: [:]][evidence] = Array(repeating: none, count: plan.alternatives.count)
      }
    }
    for (index, alternative) in plan.alternatives.enumerated() {
      var form = right
      guard alternative.change(&form, plan, text) else { continue }
      let pass = StreamedPass(form: form, copies: 1, weightType: nil)
      alternatives.append((index, pass, try stream.embedded(pass)))
    }
    try measure("hidden.0", references.map { $0.hidden }, simulations.map { $0.hidden })
    note("hidden.0", alternatives.map { $0.hidden }, references[0].hidden)
  }

  /// The yardstick so far.
  var yardstick: OwnYardstick {
    OwnYardstick(
      plan: plan, text: text, rows: references[0].pass.form.rows, files: files, spreads: spreads,
      projections: projections, changed: changed)
  }

  /// Notes which alternatives change a tensor.
  private mutating func note(_ name: String, _ wrong: [Tensor], _ right: Tensor) {
    for (alternative, tensor) in zip(alternatives, wrong) where tensor.values != right.values {
      changed[alternative.index].insert(name)
    }
  }

  /// All passes through one layer.
  mutating func advance(_ layer: Int) throws(OwnError) {
    let layers = plan.configuration.layers
    let passes = references.map { $0.pass } + simulations.map { $0.pass } + alternatives.map { $0.pass }
    let hidden = references.map { $0.hidden } + simulations.map { $0.hidden } + alternatives.map { $0.hidden }
    let outputs = try stream.advance(passes, hidden, layer: layer, as: layer, of: layers)
    let right = outputs[..<references.count]
    let simulated = outputs[references.count..<references.count + simulations.count]
    let wrong = outputs[(references.count + simulations.count)...]
    var arrays: [NamedArray] = []
    for (output, name) in LayerOutput.names.enumerated() {
      let name = OwnYardstick.name(name, layer: layer)
      let tensors = right.map { $0.tensors[output] }
      try measure(name, tensors, simulated.map { $0.tensors[output] })
      note(name, wrong.map { $0.tensors[output] }, tensors[0])
      for (reference, tensor) in zip(references, tensors) {
        arrays.append(try YardstickFiles.array(reference.key + "." + name, .f64, tensor))
      }
    }
    let differences = wrong.map { $0.context.selecting(columns: contextColumns) }.map { context in
      context.differences(from: outputs[0].context.selecting(columns: contextColumns))
    }
    try project(
      .contexts, OwnYardstick.name("context", layer: layer), differences,
      right.map { $0.context.selecting(columns: contextColumns) },
      simulated.map { $0.context.selecting(columns: contextColumns) })
    arrays += try named(differences)
    try files.write(YardstickFiles.layer(layer), arrays)
    for (index, output) in outputs.enumerated() {
      if index < references.count {
        references[index].hidden = output.hidden
      } else if index < references.count + simulations.count {
        simulations[index - references.count].hidden = output.hidden
      } else {
        alternatives[index - references.count - simulations.count].hidden = output.hidden
      }
    }
  }

  /// The last norm and the head: all columns of the references, the chosen ones of the others.
  mutating func finish() throws(OwnError) {
    var right: [Tensor] = []
    var arrays: [NamedArray] = []
    for reference in references {
      arrays.append(
        try YardstickFiles.array(reference.key + ".hidden.0", .f64, try stream.embedded(reference.pass)))
      let logits = try stream.logits(reference.pass, reference.hidden, columns: nil)
      try check("logits", logits)
      arrays.append(try YardstickFiles.array(reference.key + ".logits", .f64, logits))
      right.append(logits.selecting(columns: columns))
    }
    try files.write(YardstickFiles.logits, arrays)
    arrays = []
    var simulated: [Tensor] = []
    for simulation in simulations {
      simulated.append(try stream.logits(simulation.pass, simulation.hidden, columns: columns))
    }
    try measure("logits", right, simulated)
    var differences: [Tensor] = []
    for alternative in alternatives {
      let logits = try stream.logits(alternative.pass, alternative.hidden, columns: columns)
      differences.append(logits.differences(from: right[0]))
      if logits.values != right[0].values { changed[alternative.index].insert("logits") }
    }
    try project(.logits, "logits", differences, right, simulated)
    try files.write(YardstickFiles.differences, named(differences))
  }

  // MARK: - Statistics

  private func reference(_ type: ElementType, _ right: [Tensor]) -> Tensor {
    right[references.firstIndex { $0.key == type.word } ?? 0]
  }

  /// The spread of a tensor in every type.
  private mutating func measure(_ name: String, _ right: [Tensor], _ simulated: [Tensor]) throws(OwnError) {
    for tensor in right { try check(name, tensor) }
    for (simulation, ports) in zip(simulations, simulated) {
      spreads[simulation.type, default: [:]][name] = Spread(ports, about: reference(simulation.type, right))
    }
  }

  private func check(_ name: String, _ tensor: Tensor) throws(OwnError) {
    if let index = tensor.values.firstIndex(where: { !$0.isFinite }) {
      throw .nonFiniteReference(tensor: name, row: index / tensor.columns)
    }
  }

  /// Adds the simulated ports' sums of a tensor to those of every alternative.
  private mutating func project(
    _ evidence: OwnEvidence, _ name: String, _ differences: [Tensor], _ right: [Tensor], _ simulated: [Tensor]
  ) throws(OwnError) {
    for (simulation, ports) in zip(simulations, simulated) {
      guard let spread = spreads[simulation.type]?[name],
        spread.unsteadiness(simulation.type, freeRun: true) == nil
      else { continue }
      let reference = reference(simulation.type, right)
      let sums = stream.workers.map(differences.count) { index in
        Projected(ports, reference: reference, delta: differences[index], spread: spread)
      }
      for (alternative, sum) in zip(alternatives, sums)
      where plan.alternatives[alternative.index].types.contains(simulation.type) {
        projections[simulation.type]?[evidence]?[alternative.index].add(sum)
      }
    }
  }

  private func named(_ differences: [Tensor]) throws(OwnError) -> [NamedArray] {
    var arrays: [NamedArray] = []
    for (alternative, difference) in zip(alternatives, differences) {
      arrays.append(try YardstickFiles.array("difference.\(alternative.index)", .f32, difference))
    }
    return arrays
  }
}
