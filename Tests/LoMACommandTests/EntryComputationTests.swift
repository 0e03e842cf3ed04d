// `loma compute` of eviction, ZigZagKV, ThinK, ZipCache and stored noise: what examples in the Spec do not show.

import Foundation
import Testing

@testable import LoMACommand

@Suite("loma compute: methods on the entries of a layer") struct EntryComputationTests {
  @Test func `the help lists every function once`() {
    let help = command("compute --help").output
    #expect(entryForms.count == 11)
    for form in entryForms {
      #expect(help.components(separatedBy: "  loma compute \(form.name) ").count == 2, "\(form.name)")
    }
  }

  @Test func `of two KV heads each has its own row`() {
    let sizes = "--heads 2 --kv-heads 2 --head-dim 2"
    let one = "--query 1,2,3,4 --key 1,1,2,1 \(sizes) --window 1 --pruned 1 --recent 0"
    #expect(
      command("compute think \(one)").output
        == "scores [[1.0, 4.0], [36.0, 16.0]] pruned [[0], [1]]\nkeys [[0.0, 1.0, 2.0, 0.0]]\n")
    let zip = "--key 1,2,3,4 --value 1,2,3,4 --attention 1,1 \(sizes) --low 0 --low-bits 2 --high-bits 0 --probe 0"
    #expect(
      command("compute zip_cache \(zip)").output
        == "saliency [[1.0], [1.0]] low [[], []]\nkey codes [[0, 0, 0, 0]] value codes [[0, 0, 0, 0]]\n"
        + "values [[1.0, 2.0, 3.0, 4.0]]\n")
  }

  @Test(arguments: [
    ("whole_bits --layers 0 --rows 4 --kv-heads 1 --head-dim 2", "option --layers must be at least 1"),
    ("highest --scores 1,2 --count 3", "option --count must be in 0...2"),
    ("lowest --scores 1,2 --count -1", "option --count must be in 0...2"),
    (
      "evict --attention 1,0,0.5 --heads 1 --kv-heads 1 --window 1 --budget 1",
      "option --attention takes 1·T·T numbers, got 3"
    ),
    (
      "zigzag_budgets --needs 0,1 --rows 4 --window 1 --total 4 --least 1",
      "option --needs takes numbers of entries, at least 1 each"
    ),
    (
      "think --query 1,2 --key 1,2,3,4 --heads 1 --kv-heads 1 --head-dim 2 --window 1 --pruned 0 --recent 0",
      "think: a query and a key for every row"
    ),
    (
      "think --query 1,2 --key 1,2,3 --heads 1 --kv-heads 1 --head-dim 2 --window 1 --pruned 0 --recent 0",
      "option --key takes rows of 2 numbers, got 3"
    ),
    (
      "zip_cache --key 1,2 --value 1,2 --attention 1,0,1,0 --heads 1 --kv-heads 1 --head-dim 2 --low 0 --low-bits 0 "
        + "--high-bits 0", "zip_cache: a key, a value and attention for every row"
    ),
    (
      "store_noise --x 1,2 --kv-heads 1 --head-dim 2 --sigma 0 --seed -1",
      "option --seed takes an integer in 0...18446744073709551615"
    ),
  ])
  func `a mistake is one line that names it`(_ line: String, _ complaint: String) {
    #expect(command("compute " + line) == Outcome.rejected("compute: " + complaint + "; see loma compute --help"))
  }

  @Test func `BAS-2 BAS-4 BAS-6 BAS-11 bad input is answered with its code`() {
    for (line, complaint) in [
      ("whole_bits --layers 1 --rows 4 --kv-heads 0 --head-dim 2", "invalid-heads: 0 query heads, 0 KV heads"),
      (
        "whole_bits --layers 9 --rows 9223372036854775807 --kv-heads 1 --head-dim 2",
        "cache-size-out-of-range: a number of bits that fits no integer"
      ),
      (
        "zip_cache --key 1,2 --value 1,2 --attention 1 --heads 1 --kv-heads 1 --head-dim 2 --low 0 --low-bits 0 "
          + "--high-bits 0 --probe 1", "choice-out-of-range: index 1 is out of order, or not in 0..<1"
      ),
      (
        "zip_bits --rows 4 --kv-heads 1 --head-dim 2 --low 5 --low-bits 0 --high-bits 0",
        "pruned-out-of-range: a count of 5, must be in 0...4"
      ),
    ] {
      #expect(command("compute " + line) == .rejected(complaint))
    }
  }
}
