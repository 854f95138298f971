// urql's core client: no cache that normalizes, each request as its fetchExchange makes it.

import { Client, fetchExchange, gql } from "@urql/core";
import { check, DEMO_PASSWORD, DEMO_USER, equal, GATEWAY, unique } from "./checks.mjs";

let token;
const options = {
  url: `${GATEWAY}/graphql`,
  exchanges: [fetchExchange],
  requestPolicy: "network-only",
  fetchOptions: () => ({ headers: token ? { authorization: `Bearer ${token}` } : {} }),
};
const client = new Client({ ...options, preferGetMethod: false });

async function ask(query, variables = {}, asker = client) {
  const { data, error } = await asker.query(query, variables).toPromise();
  if (error) throw error;
  return data;
}

/** Follows the cursors until the list or the pages end. */
async function pages(field, first, pages) {
  const query = gql(`query Page($first: Int, $after: String) { list: ${field}(first: $first, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } }`);
  const ids = [];
  for (let after = null, page = 0; page < pages; page++) {
    const { list } = await ask(query, { first, after });
    ids.push(...list.edges.map((edge) => edge.node.id));
    if (!list.pageInfo.hasNextPage) break;
    after = list.pageInfo.endCursor;
  }
  return ids;
}

await check("urql: a query without a login has the code UNAUTHENTICATED", async () => {
  const { error } = await client.query("{ customers { totalCount } }", {}).toPromise();
  equal([error.graphQLErrors[0].extensions.code, error.response.status], ["UNAUTHENTICATED", 401]);
});

await check("urql: a login gives a token", async () => {
  const mutation = gql`mutation Login($input: LoginInput!) { login(input: $input) { token userErrors { code } } }`;
  const { data } = await client.mutation(mutation, { input: { userName: DEMO_USER, password: DEMO_PASSWORD } }).toPromise();
  equal(data.login.userErrors, []);
  token = data.login.token;
});

await check("urql: customer 3 is USA General Contractors, Inc., number 200-000", async () => {
  const { byId, byNumber } = await ask('{ byId: customer(by: { databaseId: 3 }) { name number } byNumber: customer(by: { number: "200-000" }) { name number } }');
  equal(byId, byNumber);
  equal([byId.number, byId.name], ["200-000", "USA General Contractors, Inc."]);
});

await check("urql: there are 60 customers and some 5,000 FWOs", async () => {
  const { customers, fwos } = await ask("{ customers { totalCount } fwos { totalCount } }");
  equal([customers.totalCount, fwos.totalCount], [60, 5000]);
});

await check("urql: cursors lead through all customers, none twice", async () => unique(await pages("customers", 25, 9), 60));

await check("urql: cursors lead through 4 pages of FWOs, none twice", async () => unique(await pages("fwos", 50, 4), 200));

await check("urql: a customer that is not there is null without an error", async () => {
  equal((await ask("{ customer(by: { databaseId: 999999 }) { id } }")).customer, null);
});

await check("urql: a query over GET is answered", async () => {
  const getter = new Client({ ...options, preferGetMethod: "force" });
  equal((await ask("{ customers { totalCount } }", {}, getter)).customers.totalCount, 60);
});

await check("urql: an unknown field has the code GRAPHQL_VALIDATION_FAILED", async () => {
  const { error } = await client.query("{ invoices { id } }", {}).toPromise();
  equal(error.graphQLErrors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
});

await check("urql: a page of 201 is refused with BAD_USER_INPUT", async () => {
  const { error } = await client.query("{ fwos(first: 201) { totalCount } }", {}).toPromise();
  equal([error.graphQLErrors[0].extensions.code, error.graphQLErrors[0].path], ["BAD_USER_INPUT", ["fwos"]]);
});

await check("urql: an order is made, moved and deleted, and what cannot be is a user error with its path", async () => {
  const write = async (name, selection, input) => {
    const type = `${name[0].toUpperCase()}${name.slice(1)}Input`;
    const mutation = gql(`mutation Write($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field } } }`);
    const { data, error } = await client.mutation(mutation, { input }).toPromise();
    if (error) throw error;
    return data[name];
  };
  const order = { projectId: "1", summary: "Patch drywall", description: "Level 3", labor: [{ employeeName: "Dana", trade: "Drywall", tradeClass: "Journeyman", workDate: "2026-11-02", regularHours: "7.5" }] };
  const { fwo } = await write("createFwo", "fwo { id status laborHours }", order);
  equal([fwo.status, fwo.laborHours], ["ENTRY", "7.50"]);
  const { userErrors } = await write("updateFwo", "fwo { id }", { id: fwo.id, summary: "", labor: [{ regularHours: "25" }] });
  equal(userErrors.map(({ code, field }) => `${code} ${field.join(".")}`), ["BAD_USER_INPUT input.summary", "BAD_USER_INPUT input.labor.0.regularHours"]);
  equal((await write("moveFwo", "fwo { status }", { id: fwo.id, status: "PRICING" })).fwo.status, "PRICING");
  equal((await write("moveFwo", "fwo { status }", { id: fwo.id, status: "INVOICE_PAID" })).userErrors[0].code, "FAILED_PRECONDITION");
  equal((await write("deleteFwo", "deletedFwoId", { id: fwo.id })).deletedFwoId, fwo.id);
});
