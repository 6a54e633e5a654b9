/** The first 16 digits of the SHA-256 of what tests/bits.ts runs, the same in every runtime. */
export const EXPECTED: Record<string, string> = {
  training: "9a7eb590daf642bc",
  "initial uniform": "d7fb227c10d3159f",
  "initial normal": "4735a37b78374052",
  "initial xavierUniform": "9b94900e6d60e418",
  "initial xavierNormal": "0923e23fe8211283",
  "initial heUniform": "118b88656953088c",
  "initial heNormal": "3442a2f4ba522c8b",
  "initial orthogonal": "ede5ef59f7acba44",
  generate: "48a34ac0981d7273",
  online: "42d0910a575763f9",
  "2 threads": "f4e58bb1803d24a8",
};
