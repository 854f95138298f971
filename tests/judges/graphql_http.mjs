// The audits of `graphql-http`, the reference implementation of GraphQL over HTTP, as a user who is logged in:
// without a token the gateway answers 401 before it looks at anything that the audits are about.

import { serverAudits } from "graphql-http";
import { fetchAsUser, url } from "./checks.mjs";

// Audits that fail by design: id to reason. One that passes all the same fails the run, so that this stays true.
const FAIL_BY_DESIGN = new Map([]);

const counts = { ok: 0, other: 0 };
for (const audit of serverAudits({ url, fetchFn: fetchAsUser })) {
  const { status, reason } = await audit.fn();
  const name = `graphql-http ${audit.id}: ${audit.name}`;
  const expected = FAIL_BY_DESIGN.get(audit.id);
  // Besides `ok` there are `notice`, `warn` and `error`, for MAY, SHOULD and MUST; we want all three.
  counts[status === "ok" ? "ok" : "other"]++;
  if (status === "ok" && !expected) console.log(`ok ${name}`);
  else if (status !== "ok" && expected) console.log(`ok ${name} fails by design: ${expected}`);
  else {
    process.exitCode = 1;
    console.log(`not ok ${name}: ${status === "ok" ? "passes, but is listed as failing by design" : `${status}, ${reason}`}`);
  }
}
console.log(`graphql-http: ${counts.ok} of ${counts.ok + counts.other} audits pass`);
