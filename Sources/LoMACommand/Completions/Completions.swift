// `loma completions` and `loma manual`: what shells and `man` want to know, made of the commands' own help.

import LoMAAnswers
import LoMAVectors

let completionsHelp = """
  loma completions bash|zsh|fish

  Prints completions of commands and options. Have your shell read them at its start:

    bash     loma completions bash > ~/.local/share/bash-completion/completions/loma
    zsh      loma completions zsh > "${fpath[1]}/_loma"
    fish     loma completions fish > ~/.config/fish/completions/loma.fish

  """

let manualHelp = """
  loma manual

  Prints the manual page, which holds the help of every command: loma manual > loma.1; man ./loma.1

  """

/// The shells that are known.
private enum Shell: String, CaseIterable {
  case bash, zsh, fish
}

func completions(_ words: [String]) throws(UsageError) -> Outcome {
  guard words.count == 1 else { throw UsageError(line: "one of bash, zsh, fish is required") }
  switch try Arguments.choice(words[0], of: "SHELL") as Shell {
  case .bash: return Outcome(output: CommandTable().bash)
  case .zsh: return Outcome(output: CommandTable().zsh)
  case .fish: return Outcome(output: CommandTable().fish)
  }
}

func manual(_ words: [String]) throws(UsageError) -> Outcome {
  guard words.isEmpty else { throw UsageError(line: "unexpected argument \(words[0])") }
  return Outcome(output: CommandTable().manual)
}

/// Every command with its summary, its options and its help.
private struct CommandTable {
  struct Entry {
    let name: String
    let summary: String
    let options: [String]
    let help: String
  }

  let entries = Command.all.map { command in
    Entry(
      name: command.name, summary: command.summary, options: Self.options(in: command.help), help: command.help)
  }

  /// The options that a help text names, each once, in its order; every command has `--help`.
  private static func options(in help: String) -> [String] {
    var options: [String] = []
    for match in help.matches(of: /(?:^|[\s(\[|])(--[a-z][a-z0-9-]*)/) {
      let option = String(match.1)
      if !options.contains(option) { options.append(option) }
    }
    return options.filter { $0 != "--help" } + ["--help"]
  }

  private var names: String { (entries.map { $0.name } + ["help"]).joined(separator: " ") }

  var bash: String {
    let cases = entries.map { "  \($0.name)) options=\"\($0.options.joined(separator: " "))\" ;;" }
    return EmbeddedText(PackageResources.completions_bash).filled([
      "names": names, "cases": cases.joined(separator: "\n"),
    ])
  }

  var zsh: String {
    let summaries = entries.map { "    '\($0.name):\(Self.quoted($0.summary))'" }
    let cases = entries.map { "    \($0.name)) options=(\($0.options.joined(separator: " "))) ;;" }
    return EmbeddedText(PackageResources.completions_zsh).filled([
      "summaries": summaries.joined(separator: "\n"), "cases": cases.joined(separator: "\n"),
    ])
  }

  var fish: String {
    var lines = ["# Completions of loma for fish."]
    for entry in entries {
      lines.append("complete -c loma -n __fish_use_subcommand -a \(entry.name) -d '\(Self.quoted(entry.summary))'")
      for option in entry.options {
        lines.append("complete -c loma -n '__fish_seen_subcommand_from \(entry.name)' -l \(option.dropFirst(2))")
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The page in the language of `man`.
  var manual: String {
    var lines = [
      ".TH LOMA 1 \"\" \"suite \(Versions.suite)\" \"LoMA\"", ".SH NAME",
      "loma \\- Lossless Compressed Memory Attention, exactly", ".SH SYNOPSIS", ".B loma", "COMMAND [option]...",
      ".SH COMMANDS",
    ]
    for entry in entries { lines += [".TP", ".B \(Self.roff(entry.name))", Self.roff(entry.summary)] }
    for entry in entries {
      lines += [".SH \(Self.roff(entry.name.uppercased()))", ".nf"]
      lines += entry.help.split(separator: "\n", omittingEmptySubsequences: false).map { Self.roff(String($0)) }
      lines.append(".fi")
    }
    lines += [".SH EXIT STATUS", ".nf"]
    lines += ExitCode.allCases.map { Self.roff("\($0.rawValue)  \($0.meaning)") } + [".fi"]
    return lines.map { $0 + "\n" }.joined()
  }

  /// Text that `man` shows as it is.
  private static func roff(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
  }

  /// Text between single quotes of a shell.
  private static func quoted(_ text: String) -> String { text.replacing("'", with: "'\\''") }
}
