// The check of NaiveLlama and LoMAReference: digests of the bits of a forward, backward, step, generation and reconstruction
// run, with one thread and with two.

/// Writes the digest after each part of the run.
func checkReference() throws(ReferenceError) {
  var last = "none"
  for threads in 1...2 {
    for (part, digest) in try referenceDigests(threads: threads) {
      write("digest " + digest + ", threads " + String(threads) + ", after " + part)
      last = digest
    }
  }
  if last != recordedReferenceDigest { write("rejected: the digest recorded is " + recordedReferenceDigest) }
  write("LoMAReference: digest " + last)
}
