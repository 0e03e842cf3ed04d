// The commands; the help lists them in groups.

/// A command: its name, one line about it, its help, and what it does.
struct Command {
  let name: String
  let summary: String
  let help: String
  let run: (_ words: [String], _ environment: Environment) throws -> Outcome

  /// Every command.
  static var all: [Command] {
    [
      Command(
        name: "explain", summary: "rows, mask, cache and cost of a text", help: explainHelp,
        run: { try explain($0, in: $1) }),
      Command(
        name: "compute", summary: "one function of the reference on given numbers", help: computeHelp,
        run: { words, _ in try compute(words) }),
      Command(
        name: "generate", summary: "continue a text through the compressed cache of a model", help: generateHelp,
        run: { try generate($0, in: $1) }),
      Command(
        name: "reconstruct", summary: "read a text's chunks back from their memories", help: reconstructHelp,
        run: { try reconstruct($0, in: $1) }),
      Command(
        name: "look", summary: "where the rows of a text look in a trained model", help: lookHelp,
        run: { try look($0, in: $1) }),
      Command(
        name: "trace", summary: "every tensor of a training pass, in a file", help: traceHelp,
        run: { words, _ in try trace(words) }),
      Command(
        name: "extend", summary: "give a checkpoint rows for <m> and <r>", help: extendHelp,
        run: { words, _ in try extend(words) }),
      Command(
        name: "train", summary: "train a model from nothing, as a recipe says", help: trainHelp,
        run: { try train($0, in: $1) }),
      Command(
        name: "curve", summary: "learning curves of training runs, as a picture", help: curveHelp,
        run: { words, _ in try curve(words) }),
      Command(
        name: "evaluate", summary: "how much of fresh texts a model recites", help: evaluateHelp,
        run: { try evaluate($0, in: $1) }),
      Command(
        name: "budget", summary: "what is still known at equal KV budget", help: budgetHelp,
        run: { try budget($0, in: $1) }),
      Command(
        name: "recite", summary: "one method on one text: what comes back, and the bits held", help: reciteHelp,
        run: { words, _ in try recite(words) }),
      Command(
        name: "sweep", summary: "train what Docs/Losslessness.md compares", help: sweepHelp,
        run: { try sweep($0, in: $1) }),
      Command(
        name: "lossless", summary: "the page of a sweep's results", help: losslessnessHelp,
        run: { words, _ in try losslessness(words) }),
      Command(
        name: "list", summary: "the cases of the golden vectors", help: listHelp, run: { words, _ in try list(words) }),
      Command(
        name: "show", summary: "one case: what it asks, hunts and expects", help: showHelp,
        run: { try show($0, in: $1) }),
      Command(
        name: "clause", summary: "one clause: text, code, tests, cases, mutants", help: clauseHelp,
        run: { try clause($0, in: $1) }),
      Command(
        name: "vectors", summary: "record the golden vectors, or verify them", help: vectorsHelp,
        run: { try vectors($0, in: $1) }),
      Command(
        name: "conform", summary: "run a candidate and judge its answers", help: conformHelp,
        run: { try conform($0, in: $1) }),
      Command(
        name: "report", summary: "join the results of shards, draw reports", help: reportHelp,
        run: { words, _ in try report(words) }),
      Command(
        name: "requests", summary: "every request as files, to be answered elsewhere", help: requestsHelp,
        run: { try requests($0, in: $1) }),
      Command(
        name: "judge", summary: "judge what was answered elsewhere", help: judgeHelp,
        run: { try judgeAnswers($0, in: $1) }),
      Command(
        name: "init", summary: "a candidate to begin with, in Python, Swift or C", help: initHelp,
        run: { words, _ in try initialise(words) }),
      Command(
        name: "lesson", summary: "check the programs of LoMA in an evening", help: lessonHelp,
        run: { try lesson($0, in: $1) }),
      Command(
        name: "reveal", summary: "the mistake of a mystery", help: revealHelp, run: { words, _ in try reveal(words) }),
      Command(
        name: "compare", summary: "two tensor files: what differs, and where", help: compareHelp,
        run: { words, _ in try compare(words) }),
      Command(
        name: "calibrate", summary: "bounds of the vectors from the errors of right implementations",
        help: calibrateHelp, run: { try calibrate($0, in: $1) }),
      Command(
        name: "completions", summary: "commands and options for bash, zsh or fish", help: completionsHelp,
        run: { words, _ in try completions(words) }),
      Command(
        name: "manual", summary: "the manual page", help: manualHelp, run: { words, _ in try manual(words) }),
      Command(
        name: "reference", summary: "speak the protocol as the reference", help: referenceHelp,
        run: { try reference($0, in: $1) }),
      Command(
        name: "sensitivity", summary: "which mistakes the cases catch", help: sensitivityHelp,
        run: { try sensitivity($0, in: $1) }),
    ]
  }
}
