// User name, password and the optional client key. The fields are not React state:
// the password is read once, when the form is sent, and cleared after the login.
import { useState } from 'react';
import { LoginFailure } from './api.js';

export function LoginForm({ session, userName, onProblem }) {
  const [busy, setBusy] = useState(false);
  const [wrongFields, setWrongFields] = useState([]);

  async function submit(event) {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    try {
      await session.login(Object.fromEntries(new FormData(form)));
      form.reset();
      onProblem(null);
    } catch (error) {
      if (!(error instanceof LoginFailure)) throw error;
      onProblem(error.message);
      setWrongFields(error.fields);
      form.elements[error.fields[0] ?? 'password']?.focus();
    } finally {
      setBusy(false);
    }
  }

  const field = (name) => ({ name, 'aria-invalid': wrongFields.includes(name) || undefined });
  return (
    // Should the script fail, the browser must not put the password into the address.
    <form className="login" method="post" aria-label="Log in" onSubmit={submit}>
      <p className="hint">
        Log in to run the examples. The login stays in this page only; a reload forgets it.
      </p>
      <label>
        User name
        <input
          {...field('userName')}
          defaultValue={userName}
          placeholder="name@company.com"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck="false"
          required
        />
      </label>
      <label>
        Password
        <input {...field('password')} type="password" autoComplete="current-password" required />
      </label>
      <label>
        <span>
          Client key <em>optional</em>
        </span>
        <input {...field('clientKey')} autoComplete="off" spellCheck="false" />
      </label>
      <button type="submit" className="loud" disabled={busy}>
        {busy ? 'Logging in…' : 'Log in'}
      </button>
    </form>
  );
}
