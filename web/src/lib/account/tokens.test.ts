import { expect, test } from "vitest";
import { body_of, is_forgotten, scope_sentence, sentence, type Token } from "./tokens.ts";

const asked = { purpose: "upload", repository: "ada/bert", repository_type: "model" } as const;
test("a token for uploads names one repository, in its scopes and in its sentence", () => {
  expect(body_of("ci", asked, null)).toEqual({
    name: "ci", role: "fineGrained",
    scopes: { global: [], scoped: [{ entity: { type: "model", name: "ada/bert" }, permissions: ["repo.content.read", "repo.write"] }] },
  });
  expect(sentence(asked, new Date("2027-02-21T12:00:00Z"))).toBe("Can read and change ada/bert, and nothing else that is private, until Feb 21, 2027.");
});
test("what a token may do is said in one line", () => {
  const token: Token = { id: "1", name: "x", role: "fineGrained", hint: "", current: false, createdAt: "2026-01-01T00:00:00Z", scopes: { global: [], scoped: [{ entity: { type: "model", name: "ada/bert" }, permissions: ["repo.content.read", "repo.write"] }] } };
  expect(scope_sentence(token)).toBe("Read and change ada/bert");
});
test("unused for 90 days is marked, also when it was never used", () => {
  const token = { createdAt: "2026-01-01T00:00:00Z" } as Token;
  expect(is_forgotten(token, Date.parse("2026-03-01"))).toBe(false);
  expect(is_forgotten(token, Date.parse("2026-06-01"))).toBe(true);
});
