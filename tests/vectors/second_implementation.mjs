// Second implementation of what docs/spec/vectors fixes, for Node.js or any browser; no dependency.
//   node second_implementation.mjs check <folder>    run canonical.json and trees.json, print counts as JSON
//   node second_implementation.mjs canonicalise      one JSON text a line in, its RFC 8785 form a line out
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const hex = (text) => Buffer.from(text, "hex");
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const leafDigest = (entry) => sha256(Buffer.of(0), entry);
const nodeDigest = (left, right) => sha256(Buffer.of(1), left, right);

// RFC 8785: Array.prototype.sort compares UTF-16 code units, JSON.stringify writes ECMAScript numbers.
export function canonicalise(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalise).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonicalise(value[name])}`);
  return `{${members.join(",")}}`;
}

// RFC 9162 section 2.1.3.2, steps as numbered there.
export function rootFromPath(leaf, index, size, path) {
  if (index >= size) throw new Error("index");
  let fn = index, sn = size - 1n, r = leaf;
  for (const p of path) {
    if (sn === 0n) throw new Error("path too long");
    if ((fn & 1n) === 1n || fn === sn) {
      r = nodeDigest(p, r);
      while ((fn & 1n) === 0n && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
    } else r = nodeDigest(r, p);
    fn >>= 1n; sn >>= 1n;
  }
  if (sn !== 0n) throw new Error("path too short");
  return r;
}

// RFC 9162 section 2.1.4.2, steps as numbered there.
export function verifyConsistency(first, second, firstRoot, secondRoot, path) {
  if (first === second) return path.length === 0 && firstRoot.equals(secondRoot);
  if (path.length === 0) return false;
  const nodes = (first & (first - 1n)) === 0n ? [firstRoot, ...path] : [...path];
  let fn = first - 1n, sn = second - 1n;
  while ((fn & 1n) === 1n) { fn >>= 1n; sn >>= 1n; }
  let fr = nodes[0], sr = nodes[0];
  for (const c of nodes.slice(1)) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      fr = nodeDigest(c, fr); sr = nodeDigest(c, sr);
      while ((fn & 1n) === 0n && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
    } else sr = nodeDigest(sr, c);
    fn >>= 1n; sn >>= 1n;
  }
  return sn === 0n && fr.equals(firstRoot) && sr.equals(secondRoot);
}

const expect = (condition, where) => { if (!condition) throw new Error(`vector fails: ${where}`); };

function checkCanonical(vectors) {
  for (const { text, canonical, leaf } of vectors.written) {
    const octets = Buffer.from(canonicalise(JSON.parse(text)));
    expect(octets.equals(hex(canonical)), text);
    expect(leafDigest(octets).equals(hex(leaf)), text);
  }
  return vectors.written.length;
}

function checkTrees(vectors) {
  let count = 0;
  const accepts = (v) => {
    try { return rootFromPath(hex(v.leaf), BigInt(v.index), BigInt(v.size), v.path.map(hex)).equals(hex(v.root)); }
    catch { return false; }
  };
  const consistent = (v) =>
    verifyConsistency(BigInt(v.old_size), BigInt(v.new_size), hex(v.old_root), hex(v.new_root), v.path.map(hex));
  for (const v of vectors.leaves) { expect(leafDigest(hex(v.entry)).equals(hex(v.leaf)), v.entry); count++; }
  for (const v of vectors.inclusion) { expect(accepts(v), `inclusion ${v.index} of ${v.size}`); count++; }
  for (const v of vectors.inclusion_refused) { expect(!accepts(v), `refused ${v.why}`); count++; }
  for (const v of vectors.consistency) { expect(consistent(v), `${v.old_size} to ${v.new_size}`); count++; }
  for (const v of vectors.consistency_refused) { expect(!consistent(v), `refused ${v.why}`); count++; }
  return count;
}

const [mode, folder] = process.argv.slice(2);
if (mode === "check") {
  const load = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));
  process.stdout.write(JSON.stringify({ canonical: checkCanonical(load("canonical.json")), trees: checkTrees(load("trees.json")) }));
} else if (mode === "canonicalise") {
  const lines = readFileSync(0, "utf8").split("\n").slice(0, -1);
  process.stdout.write(lines.map((line) => canonicalise(JSON.parse(line)) + "\n").join(""));
}
