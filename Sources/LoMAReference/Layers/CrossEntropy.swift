// LOS-4, LOS-5, NUM-1: cross-entropy of one row of logits, over the whole model vocabulary.

/// −log softmax(logits)[label], natural logarithm.
public enum CrossEntropy {
  /// max + log(Σ_j e^(x_j − max)) − x_label, the sum by rising j.
  public static func forward(_ logits: ArraySlice<Double>, label: Int) -> Double {
    let largest = maximum(of: logits)
    var sum = 0.0
    for logit in logits { sum += Elementary.exponential(logit - largest) }
    return largest + Elementary.logarithm(sum) - logits[logits.startIndex + label]
  }

  /// The gradient of the logits, given that of the loss: dloss · (softmax(logits) − onehot(label)).
  ///
  /// From `loss = max + log(Σ_j e^(x_j − max)) − x_label`.
  public static func backward(_ dLoss: Double, logits: ArraySlice<Double>, label: Int) -> [Double] {
    let largest = maximum(of: logits)
    let weights = logits.map { Elementary.exponential($0 - largest) }
    var sum = 0.0
    for weight in weights { sum += weight }
    var gradient = weights.map { $0 / sum }
    gradient[label] -= 1
    for j in gradient.indices { gradient[j] *= dLoss }
    return gradient
  }

  private static func maximum(of logits: ArraySlice<Double>) -> Double {
    var largest = -Double.infinity
    for logit in logits where logit > largest { largest = logit }
    return largest
  }
}
