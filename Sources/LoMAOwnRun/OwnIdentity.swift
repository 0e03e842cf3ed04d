// RUN-13, RUN-20: the digests that tell one run on a model from another.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LoMA
import LoMAOwnModel
import LoMAVectors

/// What a run on a model is about.
package struct OwnIdentity: Sendable {
  /// SHA-256 of everything that decides what is asked, with the sizes of the model's files; it stands where a run of vectors
  /// has the manifest's.
  package let portable: String
  /// The same with the times of these files, which differ between copies of a model: the yardsticks of a model that has
  /// changed are not used again.
  package let digest: String

  /// The digest of a plan on the model in a directory. Weights count by name, size and time of their files, since reading
  /// many gigabytes twice would take as long as the run.
  package init(_ plan: OwnPlan, directory: String, naming: OwnNaming) {
    let model = plan.model
    var lines = ["own 1", "naming \(naming.rawValue)", "seed \(plan.seed)", "profile \(model.profile.name)"]
    lines.append("types \(plan.types.map(\.word))")
    lines.append("ids \(model.vocabulary)")
    lines.append("layers \(plan.sliceLayers)")
    for text in plan.texts { lines.append("text c=\(text.parameters.c) t=\(text.parameters.t) \(text.tokens)") }
    var times: [String] = []
    for name in Disk.files(in: directory).sorted()
    where name.hasSuffix(".safetensors") || name == "config.json" {
      var status = stat()
      guard stat(directory + "/" + name, &status) == 0 else { continue }
      lines.append("file \(name) \(status.st_size)")
      times.append(Self.time(status))
    }
    portable = SHA256.hexDigest(of: Array(lines.joined(separator: "\n").utf8))
    digest = SHA256.hexDigest(of: Array((lines + times).joined(separator: "\n").utf8))
  }

  private static func time(_ status: stat) -> String {
    #if canImport(Glibc)
      "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    #else
      "\(status.st_mtimespec.tv_sec).\(status.st_mtimespec.tv_nsec)"
    #endif
  }
}

extension OwnComputation {
  /// SHA-256 of the files of all yardsticks; it stands where a run of vectors has that of the bounds. Throws `FileError`.
  package func digest() throws(FileError) -> String {
    var digest = SHA256()
    for text in plan.texts {
      let path = folder.yardstick(of: text)
      for name in Disk.files(in: path).sorted() {
        digest.update(Array((text.name + "/" + name + "\n").utf8))
        digest.update(try Files.contents(of: path + "/" + name, byteLimit: 1 << 34))
      }
    }
    return digest.hexDigest()
  }
}
