// Prints, for every case of some levels in Vectors that has no trained model, the SHA-256 of each expected tensor's bytes, read from the files alone.
//
//   node vectors.mjs VECTORS LEVEL…
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const [vectors, ...levels] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(`${vectors}/manifest.json`, "utf8"));
// There is no disk in the module to read a trained model from.
const trained = new Set(manifest.models.filter(({ recipe }) => recipe).map(({ path }) => path));
for (const { id, level, model } of manifest.cases) {
  if (!levels.includes(level) || trained.has(model)) continue;
  const file = readFileSync(`${vectors}/${level}/${id.slice(level.length + 1)}/expected.safetensors`);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const tensors = Object.entries(JSON.parse(file.toString("utf8", 8, start))).filter(([name]) => name !== "__metadata__");
  tensors.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  for (const [name, { data_offsets: [begin, end] }] of tensors) {
    const digest = createHash("sha256").update(file.subarray(start + begin, start + end)).digest("hex");
    console.log(`tensor ${id} ${name} ${digest}`);
  }
}
