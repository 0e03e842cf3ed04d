// `loma compute` of PyramidInfer, KVSharer, DMC, LoRC and CSR: what examples in the Spec do not show.

import Foundation
import Testing

@testable import LoMACommand

@Suite("loma compute: methods between and within layers") struct LayerComputationTests {
  @Test func `the help lists every function once`() {
    let help = command("compute --help").output
    #expect(layerForms.count == 15)
    for form in layerForms {
      #expect(help.components(separatedBy: "  loma compute \(form.name) ").count == 2, "\(form.name)")
    }
  }

  @Test(arguments: [
    ("pyramid_rows --rows 4 --counts 1", "option --recent is required"),
    ("pyramid_weights --recent 1000001", "option --recent must be in 0...1000000"),
    ("pyramid_choice --scores 1 --recent -1 --count 1", "option --recent must be in 0...1000000"),
    ("layer_share", "option --share is required"),
    ("share_bits --share 0,0 --rows -1 --kv-heads 1 --head-dim 1", "option --rows must be in 0...1000000000"),
    ("dmc_means --keys 1,2 --queries 1,2 --x 1", "dmc_means: a key, a query and a number for each token"),
    ("singular_values --x 1,2,3 --columns 2", "option --columns does not divide 3 numbers"),
    ("singular_values --x 1,2,3 --columns 0", "option --columns does not divide 3 numbers"),
    ("low_ranks --conditions 2,0 --most 4 --least 1", "low_ranks: a condition number is above 0"),
    ("low_rank_bits --key-ranks 1 --value-ranks 1,2 --most 4 --rows 1", "low_rank_bits: two ranks a layer"),
    ("pursue --x 1,2 --atoms 1,0,0 --steps 1", "pursue: atoms of as many numbers as --x"),
    (
      "farthest_atoms --x 0,0,1,0 --columns 2 --count 2",
      "farthest_atoms: fewer vectors that are not zero than atoms"
    ),
  ])
  func `a mistake is one line that names it`(_ line: String, _ complaint: String) {
    #expect(command("compute " + line) == Outcome.rejected("compute: " + complaint + "; see loma compute --help"))
  }

  @Test func `BAS-13 BAS-14 BAS-16 BAS-17 bad input is answered with its code`() {
    for (line, complaint) in [
      ("pyramid_rows --rows 4 --recent 0 --counts 1", "window-out-of-range: a window of 0 rows, there are 4"),
      ("layer_share --share 0,-1", "share-out-of-range: layer 1 is to read layer -1, must be in 0...1"),
      ("low_rank_bits --key-ranks 0 --value-ranks 1 --most 4 --rows 1", "rank-out-of-range: r is 0, must be in 1...4"),
      ("pursue --x 1,2 --atoms 1,0 --steps -1", "steps-out-of-range: s is -1, must be in 0...2"),
      (
        "pyramid_bits --rows 1000000000 --recent 1 --counts 9 --kv-heads 1000000000 --head-dim 1000000000",
        "cache-size-out-of-range: a number of bits that fits no integer"
      ),
    ] {
      #expect(command("compute " + line) == .rejected(complaint))
    }
  }
}
