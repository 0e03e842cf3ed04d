import LoMAVectors

func positions(inVectors folder: String) throws -> [Int] {
  let path = folder + "/structure/layout.c2-t2-n13/expected.safetensors"
  let file = try ArrayFile(contentsOf: path, byteLimit: 1 << 20)
  return try file.array("positions").integers()
}
