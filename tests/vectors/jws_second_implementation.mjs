// Reads docs/spec/vectors/statements.json and shows, with Node's own cryptography and nothing of
// this project: each leaf, each payload, each signature of the good tokens; the codes it gives to
// the refused ones. Prints one JSON object.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const vectors = JSON.parse(readFileSync(process.argv[2], "utf8"));
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const keys = Object.fromEntries(vectors.keys.map((key) => [key.alg, key]));

function publicKey(alg) {
  const octets = Buffer.from(keys[alg].public_key, "hex");
  const jwk =
    alg === "EdDSA"
      ? { kty: "OKP", crv: "Ed25519", x: octets.toString("base64url") }
      : {
          kty: "EC",
          crv: "secp256k1",
          x: octets.subarray(0, 32).toString("base64url"),
          y: octets.subarray(32).toString("base64url"),
        };
  return createPublicKey({ key: jwk, format: "jwk" });
}

function decode(text) {
  const octets = Buffer.from(text, "base64url");
  if (octets.toString("base64url") !== text) throw new Error("base64url.malformed");
  return octets;
}

function read(token, alg) {
  const segments = token.split(".");
  if (segments.length !== 3 || segments.includes("")) throw new Error("statement.not_compact");
  if (segments[2].length !== 86) throw new Error("statement.signature_length");
  const [header, payload, signature] = segments.map(decode);
  const members = JSON.parse(header);
  for (const name of Object.keys(members)) {
    if (!["alg", "kid", "typ", "cty"].includes(name)) throw new Error("statement.header_unknown");
  }
  if (members.typ !== "vc+jwt" || (members.cty ?? "vc") !== "vc") {
    throw new Error("statement.header_type");
  }
  if (!["ES256K", "ES256", "EdDSA"].includes(members.alg)) {
    throw new Error("statement.header_algorithm");
  }
  const kid = /^(did:[^#]+)#([0-9a-f]{64})$/.exec(members.kid);
  if (kid === null) throw new Error("statement.header_kid");
  if (JSON.parse(payload).issuer.id !== kid[1]) throw new Error("statement.kid_of_stranger");
  if (members.alg !== alg) throw new Error("signature.algorithm");
  if (kid[2] !== keys[alg].key_id) throw new Error("signature.key");
  const s = BigInt("0x" + signature.subarray(32).toString("hex"));
  if (alg === "ES256K" && s > ORDER / 2n) throw new Error("signature.high_s");
  const signed = Buffer.from(segments.slice(0, 2).join("."));
  const key = publicKey(alg);
  const good =
    alg === "EdDSA"
      ? verify(null, signed, key, signature)
      : verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature);
  if (!good) throw new Error("signature.mismatch");
  const leaf = createHash("sha256").update(Buffer.concat([Buffer.from([0]), payload]));
  return { payload: payload.toString("hex"), leaf: leaf.digest("hex") };
}

const refused = vectors.refused.map(({ token }) => {
  try {
    read(token, "ES256K");
    return "accepted";
  } catch (error) {
    return error.message;
  }
});
const statements = vectors.statements.map(({ token, alg }) => read(token, alg));
console.log(JSON.stringify({ refused, statements }));
