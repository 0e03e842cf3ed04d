// Where the vectors are found.

import LoMAVectors
import Testing

@testable import LoMASuite

@Suite("Recording: the folder of the vectors")
struct VectorsFolderTests {
  @Test func `an option comes before the environment, that before what lies here or above`() throws {
    try withFolder { top in
      for folder in ["named", "env", "package/Vectors", "package/Sources/deep", "package/Sources/Vectors"] {
        try Disk.real.makeFolder(top + "/" + folder)
      }
      func found(
        _ option: String?, _ environment: String?, from here: String = "/package", program: String? = nil
      ) -> Result<String, VectorsFolder.Problem> {
        Result { () throws(VectorsFolder.Problem) in
          try VectorsFolder.find(
            option: option.map { top + "/" + $0 }, environment: environment.map { top + "/" + $0 },
            current: top + here, program: program.map { top + $0 })
        }
      }
      #expect(found("named", "env") == .success(top + "/named"))
      #expect(found(nil, "env") == .success(top + "/env"))
      #expect(found("none", "env") == .failure(.noSuchFolder(top + "/none", namedBy: "--vectors")))
      #expect(found(nil, "none") == .failure(.noSuchFolder(top + "/none", namedBy: "LOMA_VECTORS")))
      #expect(found(nil, nil) == .failure(.nowhere(from: top + "/package")))
      try Files.create(top + "/package/Vectors/manifest.json", with: [])
      // A folder of that name without a manifest or a mark is passed over.
      for here in ["/package", "/package/Sources", "/package/Sources/deep"] {
        #expect(found(nil, nil, from: here) == .success(top + "/package/Vectors"))
      }
      try Files.create(top + "/package/Sources/Vectors/INCOMPLETE", with: [])
      #expect(found(nil, nil, from: "/package/Sources/deep") == .success(top + "/package/Sources/Vectors"))
      // A release archive: bin/loma beside Vectors, called from elsewhere.
      try Disk.real.makeFolder(top + "/archive/Vectors")
      try Files.create(top + "/archive/Vectors/manifest.json", with: [])
      #expect(found(nil, nil, from: "/named", program: "/archive/bin") == .success(top + "/archive/Vectors"))
      #expect(found(nil, nil, program: "/archive/bin") == .success(top + "/package/Vectors"))
    }
  }

  @Test func `recording makes Vectors here where there are none`() throws {
    try withFolder { top in
      #expect(VectorsFolder.forRecording(option: nil, environment: nil, current: top) == top + "/Vectors")
      #expect(VectorsFolder.forRecording(option: "x", environment: "y", current: top) == "x")
      #expect(VectorsFolder.forRecording(option: nil, environment: "y", current: top) == "y")
      #expect(VectorsFolder.forRecording(option: nil, environment: "", current: top) == top + "/Vectors")
    }
  }
}
