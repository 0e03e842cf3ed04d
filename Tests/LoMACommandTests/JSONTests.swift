// The JSON drawing: parses, keeps its order, and says what LoMA says.

import Foundation
import LoMA
import LoMAExplanation
import LoMAVectors
import Testing
@testable import LoMAConformance

@testable import LoMACommand

private func parse(_ line: String) throws -> [String: Any] {
  let outcome = loma(line + " --format json")
  try #require(outcome.complaint == nil)
  return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
}

private func texts<Text>(_ root: [String: Any], _ section: String, as: Text.Type) throws -> [Text] {
  try #require((root[section] as? [String: Any])?["texts"] as? [Text])
}

@Suite struct `Explain JSON` {
  @Test func `MSK-1 the mask is Mask cells, the rows are the layout's`() throws {
    let parameters = try Parameters(c: 2, t: 1)
    for profile in Profile.all {
      let root = try parse("explain --c 2 --t 1 --tokens 4,1,1,0,3 --tokens 2 --profile \(profile.name)")
      let layouts = try [[4, 1, 1, 0, 3], [2]].map {
        try Layout.training(
          text: $0, vocabulary: try Vocabulary(textSize: 5), parameters: parameters, profile: profile)
      }
      let batch = Batch(layouts)
      let masks = try texts(root, "mask", as: [String].self)
      #expect(
        masks.map { $0.joined().map { $0 == "1" } } == batch.texts.map { Mask(rows: $0, profile: profile).cells() })
      let rows = try texts(root, "rows", as: [[String: Any]].self)
      try #require(rows.map { $0.count } == batch.texts.map { $0.count })
      for (row, object) in zip(batch.texts.joined(), rows.joined()) {
        #expect(object["zone"] as? String == row.place.zone.rawValue)
        #expect(object["chunk"] as? Int == row.place.chunk)
        #expect(object["index"] as? Int == row.place.index)
        #expect(object["position"] as? Int == row.position)
        #expect(object["token_id"] as? Int == row.token)
        #expect(object["label_id"] as? Int == row.label)
      }
    }
  }

  @Test func `GEN-3 schedule, reconstruction, cost, metrics and choice`() throws {
    let line =
      "explain --c 2 --t 1 --tokens 4,1,1,0,3 --show schedule,reconstruction,cost,metrics,choice "
      + "--reconstructed 4,1,1,1 --scores 1,3,3,0,0,9,9 --layers 1 --kv-heads 1 --head-dim 2 --bytes 4"
    let root = try parse(line)
    let parameters = try Parameters(c: 2, t: 1)
    let schedule = try CacheSchedule(fedLength: 5, parameters: parameters)
    let events = try #require(try texts(root, "schedule", as: [String: Any].self)[0]["events"] as? [[String: Any]])
    #expect(events.map { $0["cache"] as? Int } == schedule.steps.map { $0.cacheSize })
    #expect(events.map { $0["first_row"] as? Int } == schedule.steps.map { $0.fedRows.lowerBound })
    #expect(events.map { $0["row_count"] as? Int } == schedule.steps.map { $0.fedRows.count })
    let chunks = try texts(root, "reconstruction", as: [[String: Any]].self)[0]
    #expect(chunks.map { $0["predicting_rows"] as? [Int] } == [[3, 4], [8, 9]])
    let cost = try Cost(textLength: 5, parameters: parameters, profile: .base)
    let costs = try texts(root, "cost", as: [String: Any].self)[0]
    #expect(costs["generation"] as? Int == cost.generation && costs["training"] as? Int == cost.training)
    #expect(
      (costs["bytes"] as? [String: Int]) == ["entry": 16, "final_cache": 48, "largest_cache": 64, "uncompressed": 80])
    let metrics = try #require(root["metrics"] as? [String: [String: Int]])
    #expect(metrics["token_repetition_accuracy"] == ["correct": 3, "total": 4])
    #expect(metrics["repetition_accuracy"] == ["correct": 1, "total": 2])
    #expect((root["choice"] as? [String: Int]) == ["token": 1])
    let none = try parse("explain --c 2 --t 1 --text 1 --show metrics")
    #expect((none["metrics"] as? [String: NSNull])?.count == 2)
  }

  @Test func `sections keep their order, whatever order they are asked in`() throws {
    let output = loma("explain --c 2 --t 1 --text 5 --format json --show cost,profiles,parameters,mask").output
    let places = ["\"format\"", "\"parameters\"", "\"mask\"", "\"cost\"", "\"profiles\""].map {
      output.range(of: $0)?.lowerBound
    }
    #expect(!places.contains(nil))
    #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
    #expect(try parse("explain --show profiles").keys.sorted() == ["format", "profiles"])
  }

  @Test func `strings are escaped`() throws {
    let hostile = (0..<0x300).compactMap { Unicode.Scalar($0) }.map { String($0) }.joined() + "\u{2028}👾"
    let text = JSONValue.members([.init(hostile, .array([.string(hostile), .integer(.min), .null, .array([])]))]).text()
    let parsed = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [Any]])
    #expect(parsed.keys.first?.unicodeScalars.elementsEqual(hostile.unicodeScalars) == true)
    #expect((parsed.values.first?.first as? String)?.unicodeScalars.elementsEqual(hostile.unicodeScalars) == true)
    #expect(parsed.values.first?[1] as? Int == .min)
  }
}
