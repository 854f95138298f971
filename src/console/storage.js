// GraphiQL's localStorage without secrets. GraphiQL remembers tabs and history, and
// with them request headers and the variables of a `login` typed by hand.
const SECRET_ARGUMENT = /((?:password|clientKey|token)"?\s*:\s*")(?:\\.|[^"\\])*"/g;

export const discreetStorage = {
  get length() {
    return localStorage.length;
  },
  getItem: (key) => localStorage.getItem(key),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  setItem: (key, value) => localStorage.setItem(key, withoutSecrets(value)),
};

/** Stored values are plain text or JSON that holds such text. */
export function withoutSecrets(value) {
  try {
    return JSON.stringify(JSON.parse(value, redacted));
  } catch {
    return blanked(value);
  }
}

function redacted(key, value) {
  if (key === 'headers') return null;
  return typeof value === 'string' ? blanked(value) : value;
}

function blanked(text) {
  return text.replace(SECRET_ARGUMENT, '$1"');
}
