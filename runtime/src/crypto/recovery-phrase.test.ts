import { expect, test } from "vitest";
import { phraseOf, readPhrase } from "./recovery-phrase.ts";
import { Secret } from "./secret.ts";

const bytesOf = (secret: Secret): string => secret.use((bytes) => Buffer.from(bytes).toString("hex"));

// From the vectors that BIP 39 publishes.
const VECTORS = [
  ["00".repeat(32), `${"abandon ".repeat(23)}art`],
  ["ff".repeat(32), `${"zoo ".repeat(23)}vote`],
  [
    "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f",
    "void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten exist slush involve unfold",
  ],
] as const;

test.each(VECTORS)("%s is its published phrase, and the reverse", (hex, phrase) => {
  expect(phraseOf(Secret.of(Buffer.from(hex, "hex")))).toBe(phrase);
  expect(bytesOf(readPhrase(phrase))).toBe(hex);
});

test("a phrase may be written as people write: numbered, over lines, in capitals", () => {
  const [hex, phrase] = VECTORS[2];
  const written = phrase
    .split(" ")
    .map((word, at) => `${at + 1}. ${word.toUpperCase()},\n`)
    .join("");
  expect(bytesOf(readPhrase(written))).toBe(hex);
});

test.each([
  ["a word is missing", `${"abandon ".repeat(22)}art`, "23 words, where 24 are expected"],
  ["a word is not in the list", `${"abandon ".repeat(6)}secretword ${"abandon ".repeat(16)}art`, "number 7"],
  ["two words changed places", `art ${"abandon ".repeat(23)}`, "two changed places"],
  ["nothing was entered", "", "0 words"],
])("a phrase is refused where %s, and none of its words is repeated", (_, phrase, detail) => {
  expect(() => readPhrase(phrase)).toThrow(
    expect.objectContaining({ code: "key/bad-phrase", message: expect.stringContaining(detail) as string }),
  );
  expect(() => readPhrase(phrase)).not.toThrow(/abandon|secretword/);
});
