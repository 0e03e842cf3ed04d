// `loma clause`: a clause of the Spec, and everything that is about it.

import LoMACatalogue
import LoMAExplanation
import LoMAMutants
import LoMASuite
import LoMAVectors

let clauseHelp = """
  loma clause [ID] [--project DIR]
  loma clause --index FILE [--project DIR]

  Shows a clause of the Spec, or a decision of its registry: its text, and what is about it. With the id of a case or of a
  mutant: the clauses that it cites. Without an ID: every id and title.

    --index FILE             writes the table of all clauses there; the project's own is Spec/index.md
    --project DIR            the project's checkout; otherwise LOMA_PROJECT, then the nearest folder with a Spec, here
                             or above, then the same from where this program lies

  What is about a clause:

    code                     lines of Sources that cite it, starter ports too; not the catalogues of cases and mutants
    tests                    those whose names cite it
    cases                    those of the golden vectors that cite it and can fail it. A case of a mask without a cell
                             that the clause decides cannot fail it; such cases are named apart.
    mutants                  mistakes of a port that break it, as the catalogue of mutants says
    breaks                   lines of the reference that Tests/Breaks/run breaks, each to fail a test of the clause

  """

/// Runs `loma clause`.
func clause(_ words: [String], in environment: Environment) throws -> Outcome {
  let id = words.first.flatMap { $0.hasPrefix("--") ? nil : $0 }
  let arguments = try Arguments(
    Array(words.dropFirst(id == nil ? 0 : 1)),
    options: ["--index", "--project"].map { Arguments.Option(name: $0, repeats: false) })
  if let id, arguments["--index"] != nil { throw UsageError(line: "--index is of all clauses, not of '\(id)'") }
  let project = try ProjectFolder(
    option: arguments["--project"], environment: environment.project, current: environment.folder,
    program: environment.program)
  let index = try clauseIndex(of: project)
  if let path = arguments["--index"] { return Outcome(output: ClauseTable.page(index), path: path) }
  guard let id else { return Outcome(output: ClauseText.list(index)) }
  guard let text = ClauseText.text(of: id, in: index) ?? ClauseText.text(citedBy: id, in: index) else {
    let nearest = index.ids(nearest: id, count: 3).joined(separator: ", ")
    throw UsageError(line: "no clause has the id '\(id)', the nearest are \(nearest)")
  }
  return Outcome(output: text)
}

/// The clauses of a project, with the cases and mutants of this program.
func clauseIndex(of project: ProjectFolder) throws(ProjectFolder.Problem) -> ClauseIndex {
  try ClauseIndex(
    project: project,
    cases: Part.allCases.flatMap { part in
      Catalogue.cases(of: part).map {
        CitingCase(id: $0.id, part: part, clauses: $0.clauses, idleClauses: $0.idleClauses)
      }
    },
    mutants: Part.allCases.flatMap { Mutant.all(of: $0) }.map {
      CitingMutant(id: $0.id, sentence: $0.sentence, clauses: $0.clauses)
    })
}
