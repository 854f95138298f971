// Relay itself runs what its compiler made of src/app.js: its store is the strictest reader of global ids.

import { createRequire } from "node:module";
import { ask, check, equal } from "../checks.mjs";

// The compiled queries are CommonJS (`eagerEsModules: false`): they name each other without an extension.
const require = createRequire(import.meta.url);
const { Environment, fetchQuery, getSingularSelector, Network, RecordSource, Store } = require("relay-runtime");
const compiled = (name) => require(`./__generated__/${name}.graphql`);

/** A new store over the gateway; `sent` keeps the last answer as it came. */
function environment() {
  const sent = {};
  const network = Network.create(async ({ text }, variables) => (sent.answer = await ask(text, variables)));
  return { relay: new Environment({ network, store: new Store(new RecordSource()) }), sent };
}

/** What a component with this fragment would be given. */
function fragment(relay, name, data) {
  return relay.lookup(getSingularSelector(compiled(name), data)).data;
}

await check("relay: a connection of the root grows by pages to all 60 customers", async () => {
  const { relay, sent } = environment();
  const root = await fetchQuery(relay, compiled("appCustomersQuery"), { count: 25 }).toPromise();
  let held = fragment(relay, "app_customers", root);
  for (let pages = 1; held.customers.pageInfo.hasNextPage && pages < 9; pages++) {
    const variables = { count: 25, cursor: held.customers.pageInfo.endCursor };
    await fetchQuery(relay, compiled("appCustomersPaginationQuery"), variables).toPromise();
    held = fragment(relay, "app_customers", root);
  }
  equal(sent.answer.errors, undefined);
  const ids = held.customers.edges.map((edge) => edge.node.__id);
  equal([ids.length, new Set(ids).size, held.customers.totalCount], [60, 60, 60]);
});

await check("relay: a connection within a customer grows by a page through Query.node", async () => {
  const { relay, sent } = environment();
  const root = await fetchQuery(relay, compiled("appCustomerQuery"), { by: { number: "200-000" } }).toPromise();
  const first = fragment(relay, "app_customerFwos", root.customer);
  equal([first.fwos.edges.length, first.fwos.pageInfo.hasNextPage], [25, true]);
  const variables = { count: 25, cursor: first.fwos.pageInfo.endCursor, id: root.customer.__id };
  await fetchQuery(relay, compiled("appCustomerFwosPaginationQuery"), variables).toPromise();
  equal(sent.answer.errors, undefined);
  const ids = fragment(relay, "app_customerFwos", root.customer).fwos.edges.map((edge) => edge.node.id);
  equal([ids.length, new Set(ids).size], [50, 50]);
});

await check("relay: a customer is read again by its global id", async () => {
  const { relay } = environment();
  const { customer } = await fetchQuery(relay, compiled("appCustomerQuery"), { by: { databaseId: 3 } }).toPromise();
  const again = await fetchQuery(relay, compiled("appCustomerRefetchQuery"), { id: customer.__id }).toPromise();
  equal(fragment(relay, "app_customer", again.node).name, "USA General Contractors, Inc.");
});

// Relay keys objects by the field `id` whatever their type: a line whose `id` were its number in the upstream
// would be overwritten by another kind of line with the same number.
await check("relay: the lines of different FWOs and kinds stay apart in the store", async () => {
  const { relay, sent } = environment();
  const held = await fetchQuery(relay, compiled("appLinesQuery"), {}).toPromise();
  const lines = (data) => data.fwos.edges.map(({ node: { labor, materials } }) => ({ labor, materials }));
  equal(JSON.stringify(lines(held)), JSON.stringify(lines(sent.answer.data)));
});
