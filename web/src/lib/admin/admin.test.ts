import { expect, test } from "vitest";
import { deed } from "./admin.ts";

test("deeds are told in words, by whom they concern", () => {
  expect(deed({ operation: "admin.users.disable", target: "/users/bob/disable" })).toBe("stopped bob");
  expect(deed({ operation: "admin.organizations.member", target: "/organizations/crew/members/bob" })).toBe("changed the role of bob in crew");
  expect(deed({ operation: "admin.repos.delete", target: "/repos/model/ada/bert" })).toBe("deleted the model ada/bert");
  expect(deed({ operation: "admin.new.thing", target: "/x" })).toBe("new.thing /x");
});
