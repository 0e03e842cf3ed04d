// `loma compute` against values known otherwise: by hand, or printed by another language.

import Foundation
import Testing

@testable import LoMACommand

@Suite("loma compute")
struct ComputeTests {
  @Test(arguments: [
    ("exp 0", "1.0"), ("exp 1", "2.718281828459045"), ("exp 710", "inf"), ("exp -746", "0.0"),
    ("exp 0x1p0", "2.718281828459045"),
    ("log 1", "0.0"), ("log 2", "0.6931471805599453"), ("log 0", "-inf"), ("log -1", "nan"),
    ("sin 1", "0.8414709848078965"), ("sin 1e22", "-0.8522008497671888"), ("cos 0", "1.0"),
    ("cos 1", "0.5403023058681398"),
    ("power 10000 -0.5", "0.01"), ("power 2 10", "1024.0"), ("power 2 -1075", "0.0"), ("power 9 0.5", "3.0"),
  ])
  func `NUM-2 elementary functions`(_ line: String, _ expected: String) {
    #expect(command("compute " + line) == Outcome(output: expected + "\n"))
  }

  @Test func `NUM-5 the first draws of a seed`() {
    #expect(
      command("compute random 0 3").output == "E220A8397B1DCDAF 6E789E6AA1B965F4 06C45D188009454F\n")
    #expect(command("compute random 1234567 1").output == "599ED017FB08FC85\n")
    #expect(command("compute random 18446744073709551615 1").complaint == nil)
  }

  @Test(arguments: [
    ("rms_norm --x 3,4 --gain 1,1 --epsilon 0", "[0.848528137423857, 1.131370849898476]"),
    ("rms_norm --x 3,4 --gain 2,0 --epsilon 3.5", "[1.5, 0.0]"),
    ("rope --x 1,0,0,1 --position 0 --theta 10000", "[1.0, 0.0, 0.0, 1.0]"),
    (
      "rope --x 1,0,0,1 --position 3 --theta 10000",
      "[-0.9899924966004454, -0.02999550020249566, 0.1411200080598672, 0.9995500337489875]"
    ),
    ("softmax --scores 1,2,3", "[0.09003057317038046, 0.24472847105479764, 0.6652409557748218]"),
    ("softmax --scores 1,2,3 --visible 2,0", "[0.11920292202211755, 0.0, 0.8807970779778823]"),
    ("softmax --scores=-5 --visible 0", "[1.0]"),
    ("silu 0", "0.0"), ("silu 1", "0.7310585786300049"), ("silu -2", "-0.2384058440442351"),
    ("cross_entropy --scores 1,2,3 --label 2", "0.4076059644443806"),
    ("cross_entropy --scores 0,0 --label 1", "0.6931471805599453"),
    ("rotary_frequencies --head-dim 4 --theta 10000", "[1.0, 0.01]"),
    ("rotary_frequencies --head-dim 4 --theta 10000 --type dynamic --factor 2", "[1.0, 0.01]"),
    ("rotary_frequencies --head-dim 4 --theta 10000 --type linear --factor 4", "[0.25, 0.0025]"),
    (
      "rotary_frequencies --head-dim 8 --theta 1000 --type yarn --factor 4 --original 64 --truncate no --beta-fast 5 "
        + "--beta-slow 0.5", "[1.0, 0.11901536415463873, 0.007905694150420948, 0.0014058533129758727]"
    ),
    (
      "attention_factor --head-dim 8 --theta 1000 --type yarn --factor 40 --original 64 --mscale 0.707 --mscale-all-dim 1",
      "0.9210423553163399"
    ),
    ("attention_factor --head-dim 8 --theta 1000 --type yarn --factor 4 --original 64 --attention-factor 1.5", "1.5"),
    ("attention_factor --head-dim 8 --theta 1000", "1.0"),
    ("kv_head --heads 4 --kv-heads 2", "[0, 0, 1, 1]"), ("kv_head --heads 3 --kv-heads 1", "[0, 0, 0]"),
  ])
  func `MOD-2 MOD-3 MOD-4 MOD-5 MOD-8 MOD-9 LOS-5 MSK-12 functions of the decoder`(_ line: String, _ expected: String) {
    #expect(command("compute " + line) == Outcome(output: expected + "\n"))
  }

  @Test(arguments: [
    ("", "compute: a function is required"), ("tan 1", "compute: no function is named tan"),
    ("exp", "compute: exp takes X, got nothing"), ("exp 1 2", "compute: exp takes X, got 1 2"),
    ("exp one", "compute: X takes a finite number, not 'one'"),
    ("exp nan", "compute: X takes a finite number, not 'nan'"),
    ("exp 1e999", "compute: X takes a finite number, not '1e999'"),
    ("power 2", "compute: power takes BASE EXPONENT, got 2"),
    ("power 0 1", "compute: power: the base must be finite and above 0, the exponent finite"),
    ("random -1 1", "compute: SEED takes an integer in 0...18446744073709551615, not '-1'"),
    ("random 1 0", "compute: random: the count must be in 1...1000000"),
    ("random 1 many", "compute: COUNT takes an integer, not 'many'"),
    (
      "rms_norm --x 1 --gain 1,2 --epsilon 0",
      "compute: rms_norm: x and gain must have one length, at least 1, and epsilon must be at least 0"
    ),
    ("rms_norm --x 1 --gain 1", "compute: option --epsilon is required"),
    (
      "rotary_frequencies --head-dim 8 --theta 1000 --type longrope",
      "compute: option --type takes default, linear, dynamic, llama3 or yarn, not 'longrope'"
    ),
    ("rotary_frequencies --head-dim 8 --theta 1000 --type linear", "compute: option --factor is required"),
    (
      "rotary_frequencies --head-dim 7 --theta 1000",
      "compute: rotary_frequencies: invalid-configuration: head_dim is 7, must be even"
    ),
    (
      "attention_factor --head-dim 8 --theta 1000 --type llama3 --factor 8 --low-freq-factor 4 --high-freq-factor 1 --original 64",
      "compute: attention_factor: invalid-configuration: rope.high_freq_factor is 1.0, must be above low_freq_factor"
    ),
    ("rms_norm --x 1,,2 --gain 1 --epsilon 0", "compute: option --x takes finite numbers joined by commas, not '1,,2'"),
    (
      "rope --x 1,2,3 --position 0 --theta 1",
      "compute: rope: x must have an even length, position must be within ±2^30, theta must be finite and above 0"
    ),
    (
      "softmax --scores 1,2 --visible 2",
      "compute: softmax: there must be a visible score, and every visible index must exist"
    ),
    ("cross_entropy --scores 1,2 --label -1", "compute: cross_entropy: the label must be the index of a score"),
    (
      "kv_head --heads 3 --kv-heads 2",
      "compute: kv_head: heads must be in 1...4096, and kv-heads a divisor of it"
    ),
    ("softmax --score 1", "compute: unknown option --score (did you mean --scores?)"),
    ("softmax 1", "compute: unexpected argument 1"),
  ])
  func `a mistake is one line that names it, and exit code 2`(_ line: String, _ complaint: String) {
    #expect(command("compute " + line) == Outcome.rejected(complaint + "; see loma compute --help"))
  }

  @Test func `LAT-11 QNT-1 functions of part II refuse wrong words, and answer bad input with its code`() {
    for (line, complaint) in [
      ("quantise --x 1,2", ""), ("quantise --bits 2", "compute: option --x is required; see loma compute --help"),
      ("quantise --x 1,2 --bits 2 --profile norm=on", "unknown-axis: no axis is named norm"),
      ("quantise --x 1,2,3 --bits 2 --group 2", "group-does-not-divide: groups of 2 do not divide 3 channels"),
      (
        "latent_producers --layers 0 --stride 1",
        "compute: option --layers must be in 1...1000000; see loma compute --help"
      ),
      (
        "latent_bits --layers 1 --stride 1 --latent 8", "compute: option --rotated is required; see loma compute --help"
      ),
    ] {
      #expect(
        command("compute " + line) == (complaint.isEmpty ? Outcome(output: "[1.0, 2.0]\n") : .rejected(complaint)))
    }
  }

  @Test func `the help lists every function once`() {
    let help = command("compute --help").output
    for name in [
      "exp X", "log X", "sin X", "cos X", "silu X", "power BASE EXPONENT", "random SEED COUNT", "rms_norm --x",
      "rope --x",
      "softmax --scores", "cross_entropy --scores", "kv_head --heads",
      "quantise --x", "quantiser_codes --x", "latent_producers --layers", "latent_bits --layers",
    ] {
      #expect(help.components(separatedBy: "  loma compute " + name).count == 2, "\(name)")
    }
  }
}
