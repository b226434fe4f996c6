import { expect, test } from "vitest";
import { hash_of } from "./hash.ts";

test("hashes are those that git and Git LFS know", async () => {
  expect(await hash_of(new Blob(["hello\n"]), "regular")).toBe("ce013625030ba8dba906f756967f9e9ca394464a");
  expect(await hash_of(new Blob([]), "regular")).toBe("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  expect(await hash_of(new Blob(["abc"]), "lfs")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
