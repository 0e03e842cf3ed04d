import LoMAReference
extension ReferenceAnswers {
  func rmsNorm(_ request: Request) throws(RequestError) -> [ResultTensor] { throw .parameter("") }
  func rope(_ request: Request) throws(RequestError) -> [ResultTensor] { throw .parameter("") }
  func attention(_ request: Request) throws(RequestError) -> [ResultTensor] { throw .parameter("") }
  func feedForward(_ request: Request) throws(RequestError) -> [ResultTensor] { throw .parameter("") }
  func decoderLayer(_ request: Request) throws(RequestError) -> [ResultTensor] { throw .parameter("") }
  func crossEntropy(_ request: Request) throws(RequestError) -> [ResultTensor] { throw .parameter("") }
}
