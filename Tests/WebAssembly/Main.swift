// The entry of both builds: one line per check. A check writes text, ends with one line of counts, and never prints what
// could differ between machines.

/// Runs every check.
@main struct Main {
  static func main() {
    do throws(InputError) {
      try checkIntegers()
    } catch {
      write("rejected: " + error.description)
    }
    do throws(ReferenceError) {
      try checkReference()
    } catch {
      write("rejected: " + error.description)
    }
    do throws(PeerError) {
      try checkPeerIntegers()
    } catch {
      write("rejected: " + error.description)
    }
    do throws(PeerReferenceError) {
      try checkPeers()
    } catch {
      write("rejected: " + error.description)
    }
    do throws(PeerError) {
      try checkLatentIntegers()
    } catch {
      write("rejected: " + error.description)
    }
    do throws(ReferenceError) {
      try checkLatent()
    } catch {
      write("rejected: " + error.description)
    }
    do throws(CaseFailure) {
      try checkCases()
    } catch {
      write("rejected: " + error.description)
    }
  }
}
