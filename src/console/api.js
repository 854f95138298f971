// What the page says to the gateway. GraphiQL and the basic console share this file.

// Relative, because a proxy may put a prefix before /graphiql/ and /graphql alike.
const ENDPOINT = new URL('../graphql', location.href);

const ACCEPT = 'application/graphql-response+json, application/json;q=0.9';

const LOGIN = `mutation Login($input: LoginInput!) {
  login(input: $input) {
    token
    expiresInMinutes
    expiresAt
    userErrors { message field }
  }
}`;

/**
 * One GraphQL request. Always resolves to a result: what goes wrong on the way
 * becomes its `errors`, in words for the person at the screen.
 */
export async function post(request, { token, headers } = {}) {
  let response;
  try {
    response = await fetch(ENDPOINT, {
      method: 'POST',
      headers: requestHeaders(token, headers),
      body: JSON.stringify(request),
    });
  } catch (cause) {
    // fetch() refuses a malformed header in the same way as a dead connection.
    return failure(`The gateway could not be reached (${cause.message}). Is it running?`);
  }
  try {
    return await response.json();
  } catch {
    return failure(`The gateway answered with status ${response.status} and without a GraphQL result.`);
  }
}

/** Resolves to `{ token, expiresAtMs }`; throws a `LoginFailure`. */
export async function login({ userName, password, clientKey }) {
  // Counted from before the request, so that the page never believes in a token longer than the gateway does.
  const askedAtMs = Date.now();
  const input = { userName, password, ...(clientKey && { clientKey }) };
  const { data, errors } = await post({ query: LOGIN, variables: { input }, operationName: 'Login' });
  if (errors?.length) throw new LoginFailure(errors);
  const { token, expiresInMinutes, expiresAt, userErrors } = data?.login ?? {};
  if (userErrors?.length) throw new LoginFailure(userErrors);
  if (!token) throw new LoginFailure([{ message: 'The gateway sent no token.' }]);
  const expiresAtMs = expiresInMinutes == null ? Date.parse(expiresAt) : askedAtMs + expiresInMinutes * 60_000;
  return { token, expiresAtMs };
}

/** Whether the gateway asks for a login, or no longer accepts the one it was given. */
export function needsLogin(result) {
  return Boolean(result?.errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED'));
}

export class LoginFailure extends Error {
  constructor(errors) {
    super(errors.map((error) => sentence(error.message)).join(' '));
    /** Names of the input fields to mend: `["input", "password"]` is about `password`. */
    this.fields = errors.map((error) => error.field?.at(-1)).filter(Boolean);
  }
}

function requestHeaders(token, extra) {
  const headers = new Headers({ accept: ACCEPT, 'content-type': 'application/json' });
  if (token) headers.set('authorization', `Bearer ${token}`);
  for (const [name, value] of Object.entries(extra ?? {})) headers.set(name, value);
  return headers;
}

function failure(message) {
  return { errors: [{ message }] };
}

/** The gateway's messages are lower case without a full stop; a screen wants a sentence. */
function sentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
