// Runs a module's main in node and prints the bytes it writes.
import { readFileSync, writeSync } from "node:fs";

const bytes = [];
const flush = () => {
  const chunk = Buffer.from(bytes);
  for (let start = 0; start < chunk.length; ) start += writeSync(1, chunk, start);
  bytes.length = 0;
};
const host = {
  put(byte) {
    bytes.push(byte);
    if (bytes.length >= 65536) flush();
  },
};
const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), { host });
// What was written before a trap is worth reading.
try {
  instance.exports.__main_argc_argv(0, 0);
} finally {
  flush();
}
