// What a commit's signature says, in words.
import type { Signature } from "../api/types.ts";

const kinds: Record<string, string> = { gpg: "a GPG key", ssh: "an SSH key" };
const why_not: Record<string, string> = {
  unknown_committer: "It was signed, but its e-mail address is no account's verified one.",
  unknown_key: "It was signed with a key that the account of its e-mail address does not have.",
  other_address: "It was signed with a key that does not name its e-mail address.",
  expired_key: "It was signed with a key that was over, or is revoked.",
  invalid: "Its signature is of something else.",
  unsupported: "It was signed in a way that this hub cannot check.",
  unavailable: "Its signature could not be checked now. Load the page again later.",
};

/** Of a verified one without its last word, whose key it is. */
export const signature_words = (signature: Signature): string =>
  signature.state === "verified" ? `It was signed with ${kinds[signature.type] ?? "a key"} of` : (why_not[signature.reason] ?? "Its signature could not be verified.");
