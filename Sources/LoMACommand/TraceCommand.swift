// `loma trace`: everything a training pass computes, as one safetensors file.

import LoMAModels
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

let traceHelp = """
  loma trace --model DIR (--tokens I,I,… | --string TEXT | --file FILE)… --output FILE [option]…

  Writes the rows, mask, all intermediates and losses of one batch and, if asked for, gradients and AdamW steps.

  \(ModelOptions.help)  --tokens I,I,…           a text as ids; repeated, or mixed with --string and --file: a padded batch
    --output FILE            the safetensors file; F64, I64 and BOOL arrays, listed in Spec/08-model.md
    --gradients yes|no       the gradient of every parameter; default no
    --steps N                number of AdamW steps on the batch; default 0
    --adamw η,β1,β2,ε,λ      with --steps: learning rate, decays of the moments, epsilon, weight decay

  loma trace --method ccm --model DIR --memory-tokens N (--tokens I,I,… | --string TEXT | --file FILE)…
    --output FILE [option]…

  The same of a pass with compressed context memory (Spec/16-ccm.md); roles, segments and indices of the rows too. Each
  text given is a segment; the last one of a text is its final segment. Arrays are texts.I.NAME, loss, gradients.NAME and
  steps.S.NAME, names as above and as in CCM-22. The same --output, --gradients, --steps and --adamw, and:

  \(ContextOptions.help)  --texts S,S,…            a padded batch: how many of the segments each text has; default one text of all
    --outputs O,O,…          the tokens of each final segment that are its output, and have a loss; default none
    --training WHAT          what has gradients and steps: adapter, the default, or everything

  loma trace --method latent --model DIR (--tokens I,I,… | --string TEXT | --file FILE)… --output FILE [option]…

  The same of a pass with latent attention (Spec/17-lat.md): what each producer stores, before the quantiser and after it.
  Each text given is a text of its own, in which every row sees all before it and is labelled with the next token; in a
  model with a loma object the rows are LoMA's. Rotated rows of weights are in half-split order (LAT-3). The same
  --output, --gradients, --steps and --adamw, and:

  \(LatentOptions.help)
  """

func trace(_ words: [String]) throws -> Outcome {
  let (method, words) = try Method.chosen(in: words)
  let own =
    switch method {
    case .loma: ModelOptions.names
    case .ccm: contextNames
    case .latent: LatentOptions.names
    }
  let options = own + shared
  let arguments = try Arguments(
    words,
    options: ModelOptions.textNames.map { Arguments.Option(name: $0, repeats: true) }
      + options.map { Arguments.Option(name: $0, repeats: false) })
  guard let output = arguments["--output"] else { throw UsageError(line: "option --output is required") }
  let gradients: YesOrNo = try arguments.choice("--gradients", otherwise: .no)
  let steps = try arguments.integer("--steps") ?? 0
  guard (0...1000).contains(steps) else { throw UsageError(line: "option --steps takes 0...1000, not \(steps)") }
  let settings = steps == 0 ? [0, 0, 0, 0, 0] : try arguments.numbers("--adamw")
  guard settings.count == 5, settings.allSatisfy({ $0 >= 0 }), settings[1] < 1, settings[2] < 1 else {
    throw UsageError(line: "option --adamw takes five numbers η,β1,β2,ε,λ, none negative, β1 and β2 below 1")
  }
  let adamW = AdamWSettings(
    learningRate: settings[0], beta1: settings[1], beta2: settings[2], epsilon: settings[3], weightDecay: settings[4])
  let file: ArrayFile
  switch method {
  case .loma:
    let model = try ModelOptions.load(arguments)
    file = try model.trace(
      texts: try ModelOptions.texts(arguments, model), gradients: gradients == .yes, steps: steps, adamW: settings,
      threads: try ModelOptions.threads(arguments))
  case .ccm:
    let training: ContextTraining = try arguments.choice("--training", otherwise: .adapter)
    let model = try ContextOptions.load(arguments)
    file = try model.trace(
      texts: try ContextOptions.texts(arguments, model),
      choices: ContextTraceChoices(
        gradients: gradients == .yes, training: training, steps: steps, adamW: adamW),
      threads: try ModelOptions.threads(arguments))
  case .latent:
    let model = try LatentOptions.load(arguments)
    file = try model.trace(
      texts: try ModelOptions.texts(arguments, model), gradients: gradients == .yes, steps: steps, adamW: adamW,
      threads: try ModelOptions.threads(arguments))
  }
  try file.write(to: output)
  return Outcome(output: "\(file.arrays.count) arrays written to \(output)\n")
}

private let shared = ["--output", "--gradients", "--steps", "--adamw"]
private let contextNames = ContextOptions.names + ["--segments", "--texts", "--outputs", "--training"]
