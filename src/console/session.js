// Who is logged in. The token lives in one closure and nowhere else: not in the
// page's state, not in storage, not in the address. A reload forgets it.
import { login as requestToken, needsLogin, post } from './api.js';

const LOGGED_OUT = { userName: null, lastUserName: '', remaining: null, endsSoon: false, notice: null };
const SOON_MS = 5 * 60_000;

export function createSession() {
  let token = null;
  let expiresAtMs = 0;
  let clock = null;
  let state = LOGGED_OUT;
  const listeners = new Set();

  function show(next) {
    state = next;
    for (const listener of listeners) listener();
  }

  function logout() {
    clearInterval(clock);
    token = null;
    show(LOGGED_OUT);
  }

  /** Logs out against the person's will: says why and keeps the name for the next login. */
  function dismiss(notice) {
    const lastUserName = state.userName ?? state.lastUserName;
    logout();
    show({ ...LOGGED_OUT, lastUserName, notice });
  }

  function tick() {
    const leftMs = expiresAtMs - Date.now();
    if (leftMs <= 0) {
      dismiss('Your login has expired, log in again.');
      return;
    }
    const remaining = inWords(leftMs);
    if (remaining !== state.remaining) show({ ...state, remaining, endsSoon: leftMs <= SOON_MS });
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    state: () => state,

    /** Throws a `LoginFailure` and leaves the session as it was. */
    async login(credentials) {
      ({ token, expiresAtMs } = await requestToken(credentials));
      state = { ...LOGGED_OUT, userName: credentials.userName };
      clearInterval(clock);
      clock = setInterval(tick, 1_000);
      tick();
    },

    logout,

    /** Sends a GraphQL request as who is logged in. */
    async send(request, headers) {
      if (token) tick(); // A sleeping computer does not run the clock.
      const sentWith = token;
      const result = await post(request, { token, headers });
      // An answer to an earlier login says nothing about the present one.
      if (needsLogin(result) && sentWith === token) {
        dismiss(token ? 'The gateway no longer accepts this login, log in again.' : 'Log in to run this operation.');
      }
      return result;
    },
  };
}

/** Rounded up, so that the last minute does not read "0 min left". */
function inWords(leftMs) {
  if (Number.isNaN(leftMs)) return 'logged in';
  return leftMs < 60_000 ? `${Math.ceil(leftMs / 1_000)} s left` : `${Math.ceil(leftMs / 60_000)} min left`;
}
