// graphql-js, the reference implementation, on the committed SDL and on what the gateway itself serves.

import { readFileSync } from "node:fs";
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  lexicographicSortSchema,
  printSchema,
  validateSchema,
} from "graphql";
import { ask, check, equal } from "./checks.mjs";

const sdl = buildSchema(readFileSync(new URL("../../schema/peerassist.graphql", import.meta.url), "utf8"));
const printed = (schema) => printSchema(lexicographicSortSchema(schema));

await check("graphql-js: the SDL is a valid schema", () => equal(validateSchema(sdl), []));

await check("graphql-js: the introspection is a valid schema, and the SDL's", async () => {
  const every = { oneOf: true, specifiedByUrl: true, inputValueDeprecation: true, directiveIsRepeatable: true };
  const { data, errors } = await ask(getIntrospectionQuery(every));
  equal(errors, undefined);
  const served = buildClientSchema(data);
  equal(validateSchema(served), []);
  const wanted = printed(sdl).split("\n");
  equal(printed(served).split("\n").find((line, at) => line !== wanted[at]), undefined);
  equal(printed(served).length, printed(sdl).length);
});

await check("graphql-js: the lookups are known as @oneOf", () => {
  equal([sdl.getType("CustomerBy").isOneOf, sdl.getType("FwoBy").isOneOf], [true, true]);
});
