/** Surnames of ten languages, from the lists of Faker, and how they become tokens. */

import { de, en, es, fr, hr, it, nl, pl, ro, tr } from "@faker-js/faker";

const LOCALES = {
  Italian: it,
  German: de,
  Croatian: hr,
  Polish: pl,
  Spanish: es,
  English: en,
  Turkish: tr,
  Romanian: ro,
  French: fr,
  Dutch: nl,
};
export const labels = Object.keys(LOCALES);

/** All names, without those that several languages have: `{ name, language }`, the language by its index. */
export function surnames() {
  const all = Object.values(LOCALES).flatMap(({ person }, language) => {
    const { generic, female = [], male = [] } = person.last_name;
    return [...new Set(generic ?? [...female, ...male])].map((name) => ({ name: name.toLowerCase(), language }));
  });
  const seen = new Map();
  for (const { name } of all) seen.set(name, (seen.get(name) ?? 0) + 1);
  return all.filter(({ name }) => seen.get(name) === 1);
}

/** A token for each letter; the last one is for letters that were not learned. */
export function tokensOf(name, alphabet) {
  const letters = [...alphabet];
  return Uint8Array.from(
    [...name.toLowerCase().normalize("NFC")].map((letter) => letters.indexOf(letter)),
    (at) => (at < 0 ? letters.length : at),
  );
}
