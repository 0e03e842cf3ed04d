// `loma trace`: everything a training pass computes, as one safetensors file.

import LoMASuite

let traceHelp = """
  loma trace --model DIR (--tokens I,I,… | --string TEXT | --file FILE)… --output FILE [option]…

  Writes the rows, mask, all intermediates and losses of one batch and, if asked for, gradients and AdamW steps.

  \(ModelOptions.help)  --tokens I,I,…           a text as ids; repeated, or mixed with --string and --file: a padded batch
    --output FILE            the safetensors file; F64, I64 and BOOL arrays, listed in Spec/08-model.md
    --gradients yes|no       the gradient of every parameter; default no
    --steps N                number of AdamW steps on the batch; default 0
    --adamw η,β1,β2,ε,λ      with --steps: learning rate, decays of the moments, epsilon, weight decay

  """

func trace(_ words: [String]) throws -> Outcome {
  let repeating = ModelOptions.textNames.map { Arguments.Option(name: $0, repeats: true) }
  let single = (ModelOptions.names + ["--output", "--gradients", "--steps", "--adamw"]).map {
    Arguments.Option(name: $0, repeats: false)
  }
  let arguments = try Arguments(words, options: repeating + single)
  guard let output = arguments["--output"] else { throw UsageError(line: "option --output is required") }
  let gradients: YesOrNo = try arguments.choice("--gradients", otherwise: .no)
  let steps = try arguments.integer("--steps") ?? 0
  guard (0...1000).contains(steps) else { throw UsageError(line: "option --steps takes 0...1000, not \(steps)") }
  let settings = steps == 0 ? [0, 0, 0, 0, 0] : try arguments.numbers("--adamw")
  guard settings.count == 5, settings.allSatisfy({ $0 >= 0 }), settings[1] < 1, settings[2] < 1 else {
    throw UsageError(line: "option --adamw takes five numbers η,β1,β2,ε,λ, none negative, β1 and β2 below 1")
  }
  let model = try ModelOptions.load(arguments)
  let file = try model.trace(
    texts: try ModelOptions.texts(arguments, model), gradients: gradients == .yes, steps: steps, adamW: settings,
    threads: try ModelOptions.threads(arguments))
  try file.write(to: output)
  return Outcome(output: "\(file.arrays.count) arrays written to \(output)\n")
}
