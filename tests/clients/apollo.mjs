// Apollo Client, as a web application has it: HttpLink, a normalizing cache, paging by fetchMore.

import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache, ServerError } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { filter, firstValueFrom } from "rxjs";
import { check, DEMO_PASSWORD, DEMO_USER, equal, GATEWAY, unique } from "./checks.mjs";

let token;
const client = new ApolloClient({
  cache: new InMemoryCache({
    possibleTypes: { Node: ["Customer", "Fwo"] },
    typePolicies: { Query: { fields: { customers: relayStylePagination(["filter", "orderBy"]), fwos: relayStylePagination(["filter", "orderBy"]) } } },
  }),
  link: ApolloLink.from([
    new ApolloLink((operation, forward) => {
      if (token) operation.setContext({ headers: { authorization: `Bearer ${token}` } });
      return forward(operation);
    }),
    new HttpLink({ uri: `${GATEWAY}/graphql` }),
  ]),
});

const LOGIN = gql`mutation Login($input: LoginInput!) { login(input: $input) { token userErrors { code field } } }`;
const CUSTOMERS = gql`
  query Customers($first: Int, $after: String) {
    customers(first: $first, after: $after) { totalCount edges { cursor node { id name number } } pageInfo { hasNextPage endCursor } }
  }`;
const FWOS = gql`
  query Fwos($first: Int, $after: String) {
    fwos(first: $first, after: $after) { totalCount edges { cursor node { id number customer { id name } } } pageInfo { hasNextPage endCursor } }
  }`;

/** Reads `pages` pages through the cache's own merging and gives what the cache holds then. */
async function pages(query, field, first, pages) {
  const watched = client.watchQuery({ query, variables: { first } });
  const screen = watched.subscribe(() => {});
  let { data } = await firstValueFrom(watched.pipe(filter((result) => !result.loading)));
  for (let page = 1; page < pages; page++) {
    ({ data } = await watched.fetchMore({ variables: { first, after: data[field].pageInfo.endCursor } }));
  }
  screen.unsubscribe();
  const held = client.readQuery({ query, variables: { first } })[field];
  return held.edges.map((edge) => edge.node.id);
}

await check("apollo: a query without a login is a ServerError 401 with the code UNAUTHENTICATED", async () => {
  const error = await client.query({ query: CUSTOMERS }).then(() => null, (error) => error);
  equal(CombinedGraphQLErrors.is(error) || ServerError.is(error), true);
  const code = CombinedGraphQLErrors.is(error) ? error.errors[0].extensions.code : JSON.parse(error.bodyText).errors[0].extensions.code;
  equal(code, "UNAUTHENTICATED");
});

await check("apollo: a wrong password is a user error, not a failure", async () => {
  const { data, error } = await client.mutate({ mutation: LOGIN, variables: { input: { userName: DEMO_USER, password: "wrong" } } });
  equal(error, undefined);
  equal([data.login.token, data.login.userErrors[0].code], [null, "UNAUTHENTICATED"]);
});

await check("apollo: a login gives a token", async () => {
  const { data } = await client.mutate({ mutation: LOGIN, variables: { input: { userName: DEMO_USER, password: DEMO_PASSWORD } } });
  token = data.login.token;
  equal(token.length > 20, true);
});

await check("apollo: customer 3 is USA General Contractors, Inc., number 200-000", async () => {
  const { data } = await client.query({ query: gql`{ customer(by: { databaseId: 3 }) { id databaseId name number } }` });
  const { name, number, databaseId } = data.customer;
  equal([databaseId, number, name], ["3", "200-000", "USA General Contractors, Inc."]);
});

await check("apollo: there are 60 customers", async () => {
  const { data } = await client.query({ query: CUSTOMERS, variables: { first: 1 }, fetchPolicy: "no-cache" });
  equal(data.customers.totalCount, 60);
});

await check("apollo: fetchMore reads all customers in 3 pages, none twice", async () => {
  unique(await pages(CUSTOMERS, "customers", 20, 3), 60);
});

await check("apollo: fetchMore reads 4 pages of FWOs out of some 5,000, none twice", async () => {
  unique(await pages(FWOS, "fwos", 25, 4), 100);
  const { data } = await client.query({ query: FWOS, variables: { first: 1 }, fetchPolicy: "no-cache" });
  equal(data.fwos.totalCount, 5000);
});

await check("apollo: the cache knows a customer by its global id wherever it came from", async () => {
  const { data } = await client.query({ query: gql`{ fwo(by: { databaseId: 2 }) { id customer { id } } }` });
  const held = client.readFragment({ id: client.cache.identify(data.fwo.customer), fragment: gql`fragment C on Customer { name number }` });
  equal([held.name, held.number], ["USA General Contractors, Inc.", "200-000"]);
});

await check("apollo: node(id:) resolves a fragment on its type", async () => {
  const { data } = await client.query({ query: gql`{ node(id: "Q3VzdG9tZXI6Mw") { id ... on Customer { number } } }` });
  equal(data.node.number, "200-000");
});

await check("apollo: the lines of different FWOs and kinds stay apart in the cache", async () => {
  const query = gql`{ fwos(first: 3, orderBy: [{ field: AMOUNT, direction: DESC }]) { edges { node { id
    labor { __typename employeeName amount } materials { __typename description amount } equipment { __typename description amount } } } } }`;
  const kept = await client.query({ query });
  const plain = await client.query({ query, fetchPolicy: "no-cache" });
  equal(kept.data, plain.data);
});

await check("apollo: a page of 201 is refused with BAD_USER_INPUT at its path", async () => {
  const error = await client.query({ query: CUSTOMERS, variables: { first: 201 }, fetchPolicy: "no-cache" }).then(() => null, (error) => error);
  equal(CombinedGraphQLErrors.is(error), true);
  const [{ extensions, path }] = error.errors;
  equal([extensions.code, extensions.fields[0].field, path], ["BAD_USER_INPUT", "first", ["customers"]]);
});

await check("apollo: a mutation's answer changes the customer wherever the cache holds it", async () => {
  const CREATE = gql`mutation Create($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id name city } userErrors { code } } }`;
  const UPDATE = gql`mutation Update($input: UpdateCustomerInput!) { updateCustomer(input: $input) { customer { id city } userErrors { code } } }`;
  const DELETE = gql`mutation Delete($input: DeleteCustomerInput!) { deleteCustomer(input: $input) { deletedCustomerId userErrors { code } query { customers { totalCount } } } }`;
  const write = async (mutation, input) => Object.values((await client.mutate({ mutation, variables: { input } })).data)[0];
  const input = { name: "Apollo Builders", number: "APOLLO", city: "Dublin", contactName: "Ann", contactEmail: "ann@apollo.example", contactPhone: "6145550100" };
  const { customer } = await write(CREATE, { ...input, clientMutationId: "once" });
  equal((await write(CREATE, { ...input, clientMutationId: "once" })).customer.id, customer.id);
  equal((await write(CREATE, input)).userErrors, [{ __typename: "UserError", code: "CONFLICT" }]);
  await write(UPDATE, { id: customer.id, city: "Dayton" });
  const held = client.readFragment({ id: client.cache.identify(customer), fragment: gql`fragment Changed on Customer { name city }` });
  equal([held.name, held.city], ["Apollo Builders", "Dayton"]);
  const gone = await write(DELETE, { id: customer.id });
  equal([gone.deletedCustomerId, gone.query.customers.totalCount], [customer.id, 60]);
});

client.stop();
