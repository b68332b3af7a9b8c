// Second implementation of what docs/spec/vectors fixes, for Node.js or any browser; no dependency.
//   node second_implementation.mjs check <folder>    run canonical.json, trees.json and lots.json, print counts as JSON
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

// docs/spec/lots.md: sum trees. Sums are BigInts; whatever is refused throws.
const MAX_QUANTITY = 2n ** 53n - 1n;
const bounded = (value, why) => { if (value < 0n || value > MAX_QUANTITY) throw new Error(why); return value; };
const octets = (value, length) => hex(value.toString(16).padStart(2 * length, "0"));
const rowOctets = (row) => Buffer.concat(row.map((value) => octets(value, 8)));
const row = (numbers) => numbers.map(BigInt);
const id = (value, least) => {
  if (!Number.isInteger(value) || value < least || value >= 2 ** 32) throw new Error("id");
  return octets(BigInt(value), 4);
};

export function lotKey(issuer, site, productClass, batchNumber) {
  if (!/^[\x21-\x7e]{1,64}$/.test(batchNumber)) throw new Error("batch number");
  return sha256(Buffer.of(4), id(issuer, 1), id(site, 0), id(productClass, 0), Buffer.from(batchNumber, "latin1"));
}

function lotLeaf(key, statementLeaf, quantities) {
  if (quantities.length < 1 || quantities.length > 16) throw new Error("columns");
  for (const quantity of quantities) bounded(quantity, "quantity");
  return { digest: sha256(Buffer.of(2), key, statementLeaf, rowOctets(quantities)), sums: quantities };
}

function lotNode(left, right) {
  if (left.sums.length !== right.sums.length) throw new Error("columns");
  const digest = sha256(Buffer.of(3), left.digest, rowOctets(left.sums), right.digest, rowOctets(right.sums));
  return { digest, sums: left.sums.map((sum, column) => bounded(sum + right.sums[column], "sum")) };
}

function readNode(bytes, columns) {
  if (bytes.length !== 32 + 8 * columns) throw new Error("node length");
  const sums = [];
  for (let at = 32; at < bytes.length; at += 8) sums.push(bounded(bytes.readBigUInt64BE(at), "sum"));
  return { digest: bytes.subarray(0, 32), sums };
}

// RFC 9162 section 2.1.1: split at the largest power of two smaller than the number of leaves.
function treeOver(nodes, above) {
  if (nodes.length === 0) throw new Error("empty");
  if (nodes.length === 1) return nodes[0];
  let k = 1;
  while (2 * k < nodes.length) k *= 2;
  return above(treeOver(nodes.slice(0, k), above), treeOver(nodes.slice(k), above));
}

// RFC 9162 section 2.1.3.2, with sums.
export function topFromPath(leaf, index, size, path) {
  if (size < 1n || index < 0n || index >= size) throw new Error("index");
  let fn = index, sn = size - 1n, r = leaf;
  for (const bytes of path) {
    if (sn === 0n) throw new Error("path too long");
    const p = readNode(bytes, leaf.sums.length);
    if ((fn & 1n) === 1n || fn === sn) {
      r = lotNode(p, r);
      while ((fn & 1n) === 0n && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
    } else r = lotNode(r, p);
    fn >>= 1n; sn >>= 1n;
  }
  if (sn !== 0n) throw new Error("path too short");
  return r;
}

const equal = (a, b) => a.length === b.length && a.every((value, at) => value === b[at]);
const leafOf = (v) => lotLeaf(hex(v.lot_key), hex(v.statement_leaf), row(v.quantities));

export function verifyLot(v) {
  const top = topFromPath(leafOf(v), BigInt(v.index), BigInt(v.size), v.path.map(hex));
  if (!top.digest.equals(hex(v.root))) throw new Error("root");
  if (!equal(top.sums, row(v.totals))) throw new Error("totals");
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

const refuses = (call) => { try { call(); return false; } catch { return true; } };

function checkLotNodes(v) {
  const nodes = [v.left, v.right].map((each) => ({ digest: hex(each.digest), sums: row(each.sums) }));
  const above = lotNode(...nodes);
  expect(above.digest.equals(hex(v.above.digest)) && equal(above.sums, row(v.above.sums)), "node");
  for (const { digest, sums, octets: both } of [v.left, v.right, v.above]) {
    const node = readNode(hex(both), sums.length);
    expect(node.digest.equals(hex(digest)) && equal(node.sums, row(sums)), "octets of a node");
  }
}

function checkLots(vectors) {
  const key = (v) => lotKey(v.issuer, v.site, v.product_class, v.batch_number);
  const topOf = (lots, columns) => treeOver(lots.map((lot) => {
    if (lot.quantities.length !== columns) throw new Error("columns");
    return leafOf(lot);
  }), lotNode);
  for (const v of vectors.keys) expect(key(v).equals(hex(v.key)), `key ${v.batch_number}`);
  for (const v of vectors.keys_refused) expect(refuses(() => key(v)), `key refused ${v.batch_number}`);
  for (const v of [...vectors.lots, ...vectors.padding]) expect(leafOf(v).digest.equals(hex(v.leaf)), `leaf ${v.leaf}`);
  for (const v of vectors.padding) {
    expect(v.randomness === v.lot_key + v.statement_leaf && v.quantities.every((each) => each === 0), "padding");
  }
  for (const v of vectors.nodes) checkLotNodes(v);
  for (const v of vectors.trees) {
    const lots = vectors.lots.filter((lot) => lot.quantities.length === v.columns).slice(0, v.size);
    const top = topOf(lots, v.columns);
    expect(top.digest.equals(hex(v.root)) && equal(top.sums, row(v.totals)), `tree of ${v.size} by ${v.columns}`);
  }
  for (const v of vectors.trees_refused) expect(refuses(() => topOf(v.lots, v.columns)), `tree refused ${v.why}`);
  for (const v of vectors.inclusion) expect(!refuses(() => verifyLot(v)), `lot ${v.index} of ${v.size}`);
  for (const v of vectors.inclusion_refused) expect(refuses(() => verifyLot(v)), `lot refused ${v.why}`);
  for (const v of vectors.causes) {
    const leaves = v.parts.map((part) => sha256(Buffer.of(5), hex(part)));
    expect(leaves.every((each, at) => each.equals(hex(v.leaves[at]))), "leaf of a cause");
    expect(treeOver(leaves, nodeDigest).equals(hex(v.root)), "cause");
  }
  return Object.values(vectors).filter(Array.isArray).reduce((count, list) => count + list.length, 0);
}

const [mode, folder] = process.argv.slice(2);
if (mode === "check") {
  const load = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));
  process.stdout.write(JSON.stringify({
    canonical: checkCanonical(load("canonical.json")), trees: checkTrees(load("trees.json")), lots: checkLots(load("lots.json")),
  }));
} else if (mode === "canonicalise") {
  const lines = readFileSync(0, "utf8").split("\n").slice(0, -1);
  process.stdout.write(lines.map((line) => canonicalise(JSON.parse(line)) + "\n").join(""));
}
