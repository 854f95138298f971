// The voice of the judges in JavaScript, and their way to ask the gateway as a user who is logged in.

export { check, equal } from "../clients/checks.mjs";

const { GATEWAY, TOKEN } = process.env;
export const url = `${GATEWAY}/graphql`;

/** `fetch` with the user's token. */
export const fetchAsUser = (target, init = {}) =>
  fetch(target, { ...init, headers: { ...init.headers, authorization: `Bearer ${TOKEN}` } });

/** The whole answer, `data` and `errors`. */
export async function ask(query, variables) {
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
  return (await fetchAsUser(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) })).json();
}
