/** What engines without relaxed SIMD refuse. */
export const INT8_ACTIVATIONS = "int8 activations";

/** The first 16 digits of the SHA-256 of what bits.ts runs, the same in every runtime. */
export const EXPECTED: Record<string, string> = {
  training: "6e71e5f27e521d01",
  "initial uniform": "d7fb227c10d3159f",
  "initial normal": "4735a37b78374052",
  "initial xavierUniform": "9b94900e6d60e418",
  "initial xavierNormal": "0923e23fe8211283",
  "initial heUniform": "118b88656953088c",
  "initial heNormal": "3442a2f4ba522c8b",
  "initial orthogonal": "ede5ef59f7acba44",
  generate: "48a34ac0981d7273",
  online: "776a415f31c8f2fa",
  heads: "0696007c95c6c8b2",
  int8: "a8f68485181a6908",
  [INT8_ACTIVATIONS]: "5df96a1b42b6d277",
  "2 threads": "7e887fcd8c5c2e0a",
};
