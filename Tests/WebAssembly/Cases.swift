// The check of the cases: every numeric case of the catalogue answered by the reference, one line per expected tensor with
// the SHA-256 of its bytes as the container holds them. The same lines come from Vectors/ itself (vectors.mjs).

/// Every numeric case.
private var numericCases: [Case] {
  let first = StageCases.all + ModelCases.all + TrainingCases.all + GenerationCases.all
  let second =
    NumberingCases.all + EngineCases.numeric + OptimiserCases.all + ModelFormCases.all + PairCases.numeric
    + FamilyCases.all
  return first + second.filter { [.stage, .model, .training, .generation].contains($0.level) }
}

/// Why a case has no answer here.
enum CaseFailure: Error {
  case model(ModelError)
  case request(RequestError)
  case container(ContainerError)

  var description: String {
    switch self {
    case .model(let error): error.description
    case .request(let error): error.description
    case .container(let error): error.description
    }
  }
}

private func models() throws(CaseFailure) -> [String: Model] {
  var models: [String: Model] = [:]
  for model in CaseModel.all {
    do { models[model.path] = try model.inMemory() } catch { throw .model(error) }
  }
  return models
}

private func expected(_ item: Case, _ answers: ReferenceAnswers) throws(CaseFailure) -> ArrayFile {
  let tensors: [ResultTensor]
  do { tensors = try answers.answer(item.request) } catch { throw .request(error) }
  do {
    var arrays: [NamedArray] = []
    for tensor in tensors { arrays.append(try tensor.array()) }
    return try ArrayFile(arrays, metadata: [:])
  } catch { throw .container(error) }
}

/// Writes the digest of every expected tensor, in the order of its file.
func checkCases() throws(CaseFailure) {
  let answers = ReferenceAnswers(models: try models(), workers: .single)
  var counts = (cases: 0, tensors: 0)
  var operations: [String] = []
  for item in numericCases {
    for array in try expected(item, answers).arrays {
      write("tensor " + item.id + " " + array.name + " " + SHA256.hexDigest(of: array.bytes))
      counts.tensors += 1
    }
    counts.cases += 1
    let operation = item.request.operation.rawValue
    if !operations.contains(operation) { operations.append(operation) }
  }
  write(
    "LoMACatalogue: " + String(counts.cases) + " cases, " + String(operations.count) + " operations, "
      + String(counts.tensors) + " tensors")
}
