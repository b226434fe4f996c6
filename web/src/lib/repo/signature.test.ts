import { expect, test } from "vitest";
import { signature_words } from "./signature.ts";

test("a signature says how it was made, or why it does not count", () => {
  expect(signature_words({ state: "verified", reason: "valid", type: "ssh", user: "ada" })).toBe("It was signed with an SSH key of");
  expect(signature_words({ state: "unverified", reason: "unknown_key", type: "gpg" })).toContain("does not have");
  expect(signature_words({ state: "unverified", reason: "of a later version", type: "other" })).toBe("Its signature could not be verified.");
});
