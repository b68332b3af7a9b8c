// Reads docs/spec/vectors/disclosure.json and works everything out again from docs/spec/disclosure.md,
// with Node's own cryptography and nothing of this project. Prints one JSON object.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const vectors = JSON.parse(readFileSync(process.argv[2], "utf8"));
const LEAF = Buffer.from([6]);
const NODE = Buffer.from([1]);
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const byName = Object.fromEntries(vectors.indicators.map((item) => [item.name, item]));

function refuse(code) {
  throw new Error(code);
}

function attempt(work) {
  try {
    return work();
  } catch (error) {
    return error.message;
  }
}

function requireValue(name, value) {
  const { kind } = byName[name];
  const integer = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  const good =
    value === null ||
    (kind === "count" && integer) ||
    (kind === "share" && integer && value <= 1000000) ||
    (kind === "yes-no" && typeof value === "boolean") ||
    (kind === "quantity" &&
      typeof value === "string" &&
      /^(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$/.test(value) &&
      value.replace(".", "").length <= 15);
  if (!good) refuse("disclosure.value");
}

function leafOf(subject, { name, dimension, value, salt }) {
  requireValue(name, value);
  const text = Buffer.from(salt, "hex").toString("base64url");
  const parts = [text, vectors.catalogue, subject, dimension, name, value];
  return sha256(LEAF, Buffer.from(JSON.stringify(parts)));
}

function rootOf(leaves) {
  if (leaves.length === 1) return leaves[0];
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return sha256(NODE, rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

function climb(leaf, index, size, path) {
  // RFC 9162 section 2.1.3.2, as written there
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (sn === 0) refuse("trees.path_length");
    if (fn % 2 === 1 || fn === sn) {
      r = sha256(NODE, sibling, r);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else {
      r = sha256(NODE, r, sibling);
    }
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  if (sn !== 0) refuse("trees.path_length");
  return r;
}

function checkLeaf(opened) {
  const item = byName[opened.name] ?? refuse("disclosure.indicator_unknown");
  if (opened.size !== 76) refuse("disclosure.indicator_count");
  if (opened.dimension !== item.dimension) refuse("disclosure.other_dimension");
  if (opened.index !== item.index) refuse("disclosure.other_index");
  const path = opened.path.map((node) => Buffer.from(node, "hex"));
  const leaf = leafOf(vectors.set.subject, opened);
  const root = climb(leaf, opened.index, opened.size, path);
  if (root.toString("hex") !== vectors.set.root) refuse("trees.root_mismatch");
  return "proven";
}

const digestOf = (text) => createHash("sha256").update(text, "ascii").digest("base64url");

function decode(text) {
  const octets = Buffer.from(text, "base64url");
  if (octets.toString("base64url") !== text) refuse("base64url.malformed");
  return octets;
}

function jws(token, typ) {
  const segments = token.split(".");
  if (segments.length !== 3 || segments.includes("")) refuse("disclosure.not_compact");
  const [header, payload, signature] = segments.map(decode);
  const members = JSON.parse(header);
  if (members.typ !== typ) refuse("disclosure.header_type");
  const claims = JSON.parse(payload);
  return { members, claims, signature, signed: Buffer.from(segments.slice(0, 2).join(".")) };
}

function reconstruct(document, texts) {
  const byDigest = new Map();
  for (const text of texts) {
    if (byDigest.has(digestOf(text))) refuse("disclosure.repeated");
    byDigest.set(digestOf(text), JSON.parse(decode(text)));
  }
  const met = new Set();
  const opened = [];
  let unopened = 0;
  const escape = (step) => String(step).replaceAll("~", "~0").replaceAll("/", "~1");
  function lookUp(digest) {
    if (digest.length !== 43) refuse("disclosure.digest_malformed");
    if (met.has(digest)) refuse("disclosure.digest_repeated");
    met.add(digest);
    if (!byDigest.has(digest)) unopened += 1;
    return byDigest.get(digest);
  }
  function object(members, place) {
    if ("..." in members || "_sd_alg" in members) refuse("disclosure.reserved_name");
    const shown = {};
    for (const [name, value] of Object.entries(members)) {
      if (name !== "_sd") shown[name] = walk(value, `${place}/${escape(name)}`);
    }
    const digests = members._sd ?? [];
    if (!Array.isArray(digests)) refuse("disclosure.digest_malformed");
    for (const digest of digests) {
      const contents = lookUp(digest);
      if (contents === undefined) continue;
      if (contents.length !== 3) refuse("disclosure.wrong_kind");
      const [, name, value] = contents;
      if (Object.hasOwn(shown, name)) refuse("disclosure.name_taken");
      opened.push(`${place}/${escape(name)}`);
      shown[name] = walk(value, `${place}/${escape(name)}`);
    }
    return shown;
  }
  function array(elements, place) {
    const shown = [];
    for (const element of elements) {
      const here = `${place}/${shown.length}`;
      if (element === null || typeof element !== "object" || !("..." in element)) {
        shown.push(walk(element, here));
        continue;
      }
      if (Object.keys(element).length !== 1) refuse("disclosure.element_malformed");
      const contents = lookUp(element["..."]);
      if (contents === undefined) continue;
      if (contents.length !== 2) refuse("disclosure.wrong_kind");
      opened.push(here);
      shown.push(walk(contents[1], here));
    }
    return shown;
  }
  function walk(value, place) {
    if (Array.isArray(value)) return array(value, place);
    return value !== null && typeof value === "object" ? object(value, place) : value;
  }
  const { _sd_alg: algorithm = "sha-256", ...members } = document;
  if (algorithm !== "sha-256") refuse("disclosure.hash_algorithm");
  const claims = object(members, "");
  for (const digest of byDigest.keys()) if (!met.has(digest)) refuse("disclosure.not_referenced");
  return { claims, opened: opened.sort(), unopened };
}

function readSdJwt(token, atS) {
  const parts = token.split("~");
  const binding = parts.pop();
  const [signedPart, ...texts] = parts;
  const { members, claims, signature, signed } = jws(signedPart, "vc+sd-jwt");
  const issuer = typeof claims.issuer === "object" ? claims.issuer.id : claims.issuer;
  if (members.kid.split("#")[0] !== issuer) refuse("disclosure.kid_of_stranger");
  const bound = binding === "" ? null : jws(binding, "kb+jwt");
  const octets = Buffer.from(vectors.sd_jwt_key, "hex");
  const [x, y] = [octets.subarray(0, 32), octets.subarray(32)].map((o) => o.toString("base64url"));
  const jwk = { kty: "EC", crv: "secp256k1", x, y };
  const key = createPublicKey({ key: jwk, format: "jwk" });
  if (!verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature)) {
    refuse("signature.mismatch");
  }
  const shown = reconstruct(claims, texts);
  if (claims.exp !== undefined && atS >= claims.exp) refuse("disclosure.expired");
  let isBound = false;
  if (bound !== null) {
    const holder = createPublicKey({ key: claims.cnf.jwk, format: "jwk" });
    const covered = digestOf(token.slice(0, token.lastIndexOf("~") + 1));
    isBound =
      verify(null, bound.signed, holder, bound.signature) && bound.claims.sd_hash === covered;
  }
  return { ...shown, is_bound: isBound };
}

const setLeaves = vectors.opened.map((opened) => leafOf(vectors.set.subject, opened));
console.log(
  JSON.stringify({
    leaves: vectors.leaves.map((entry) => leafOf(entry.subject, entry).toString("hex")),
    root: rootOf(setLeaves).toString("hex"),
    values_refused: vectors.values_refused.map(({ name, value, is_number: isNumber }) =>
      attempt(() => requireValue(name, isNumber ? Number(value) : value) ?? "accepted"),
    ),
    opened: vectors.opened.map((opened) => attempt(() => checkLeaf(opened))),
    opened_refused: vectors.opened_refused.map((opened) => attempt(() => checkLeaf(opened))),
    disclosures: vectors.disclosures.map(({ text }) => {
      const contents = JSON.parse(decode(text));
      const value = contents.pop();
      return { digest: digestOf(text), name: contents[1] ?? null, value };
    }),
    sd_jwts: vectors.sd_jwts.map(({ token }) => readSdJwt(token, 0)),
    sd_jwts_refused: vectors.sd_jwts_refused.map(({ token, at_s: atS }) =>
      attempt(() => readSdJwt(token, atS) && "accepted"),
    ),
  }),
);
