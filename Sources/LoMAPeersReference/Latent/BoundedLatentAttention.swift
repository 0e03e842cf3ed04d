// LAT-18: units of attention over a producer's entries. A port computes keys and values of heads (LAT-5) or the absorbed
// form (LAT-7), whose intermediates are other numbers; a bound covers both.

import LoMAPeers
import NaiveLlama

extension BoundedLayers {
  /// Rotated queries [rows, H·(d_n + d_r)], entries and kv_b_proj [H·(d_n + d_v), d_c] → context [rows, H·d_v] and
  /// probabilities [H, rows, entries], each with the larger units of the two forms.
  package func latentAttention(
    query: Tensor, entries: StoredEntries, keyValueUp: Tensor, visible: VisibleKeys, widths: LatentWidths,
    rules: LatentRules
  ) -> (context: Bounded, probabilities: Bounded) {
    let plain = plainForm(
      query: query, entries: entries, keyValueUp: keyValueUp, visible: visible, widths: widths, rules: rules)
    let absorbed = absorbedForm(
      query: query, entries: entries, keyValueUp: keyValueUp, visible: visible, widths: widths, rules: rules)
    return (
      plain.context.withUnits(atLeast: absorbed.context),
      plain.probabilities.withUnits(atLeast: absorbed.probabilities)
    )
  }

  private func plainForm(
    query: Tensor, entries: StoredEntries, keyValueUp: Tensor, visible: VisibleKeys, widths: LatentWidths,
    rules: LatentRules
  ) -> (context: Bounded, probabilities: Bounded) {
    let up = linear(Bounded(exact: entries.contents), keyValueUp)
    let (value, accumulation) = (rules.split(up.value, widths), rules.split(up.accumulation, widths))
    let rounding = rules.split(up.rounding, widths)
    let rotated = Bounded(exact: entries.keys.repeated(widths.heads))
    func joined(_ plain: Tensor, _ rotated: Tensor) -> Tensor {
      Tensor.joinHeads(widths.heads, left: plain, right: rotated)
    }
    let keys = Bounded(
      value: joined(value.plainKeys, rotated.value), accumulation: joined(accumulation.plainKeys, rotated.accumulation),
      rounding: joined(rounding.plainKeys, rotated.rounding))
    let values = Bounded(value: value.values, accumulation: accumulation.values, rounding: rounding.values)
    let scale = rules.scale(widths)
    let output = LatentAttention.forward(
      query, keys.value, values.value, visible: visible, heads: widths.heads, scale: scale, workers: functions.workers)
    return attention(
      output, Bounded(exact: query), keys, values, visible: visible,
      shape: AttentionShape(
        query: widths.heads, keyValue: widths.heads, keyWidth: widths.key, valueWidth: widths.value, scale: scale))
  }

  private func absorbedForm(
    query: Tensor, entries: StoredEntries, keyValueUp: Tensor, visible: VisibleKeys, widths: LatentWidths,
    rules: LatentRules
  ) -> (context: Bounded, probabilities: Bounded) {
    let (heads, plain) = (widths.heads, widths.plain)
    let keys = Bounded(exact: Tensor(sideBySide: [entries.contents, entries.keys], rows: entries.count))
    let values = Bounded(exact: entries.contents)
    let scale = rules.scale(widths)
    var (contexts, probabilities): ([Bounded], [Bounded]) = ([], [])
    for head in 0..<heads {
      let q = query.head(head, of: heads)
      let first = head * (plain + widths.value)
      let upKey = keyValueUp.selecting(rows: Array(first..<first + plain))
      let upValue = keyValueUp.selecting(rows: Array(first + plain..<first + plain + widths.value))
      let low = linear(Bounded(exact: q.columns(0..<plain)), upKey.transposed())
      let rotated = Bounded(exact: q.columns(plain..<widths.key))
      func wide(_ part: (Bounded) -> Tensor) -> Tensor { Tensor(sideBySide: [part(low), part(rotated)], rows: q.rows) }
      let own = Bounded(
        value: wide { $0.value }, accumulation: wide { $0.accumulation }, rounding: wide { $0.rounding })
      let output = LatentAttention.forward(
        own.value, keys.value, values.value, visible: visible, heads: 1, scale: scale, workers: .single)
      let result = attention(
        output, own, keys, values, visible: visible,
        shape: AttentionShape(
          query: 1, keyValue: 1, keyWidth: widths.latent + widths.rotated, valueWidth: widths.latent, scale: scale))
      contexts.append(linear(result.context, upValue))
      probabilities.append(result.probabilities)
    }
    func beside(_ part: (Bounded) -> Tensor) -> Tensor { Tensor(sideBySide: contexts.map(part), rows: query.rows) }
    func stacked(_ part: (Bounded) -> Tensor) -> Tensor {
      Tensor(shape: [heads, query.rows, entries.count], values: probabilities.flatMap { part($0).values })
    }
    return (
      Bounded(value: beside { $0.value }, accumulation: beside { $0.accumulation }, rounding: beside { $0.rounding }),
      Bounded(value: stacked { $0.value }, accumulation: stacked { $0.accumulation }, rounding: stacked { $0.rounding })
    )
  }
}

extension Bounded {
  /// The same value with units that are nowhere below another's.
  fileprivate func withUnits(atLeast other: Bounded) -> Bounded {
    func larger(_ a: Tensor, _ b: Tensor) -> Tensor {
      Tensor(shape: a.shape, values: zip(a.values, b.values).map { max($0, $1) })
    }
    return Bounded(
      value: value, accumulation: larger(accumulation, other.accumulation), rounding: larger(rounding, other.rounding))
  }
}
