// The strip above GraphiQL: log in, or see who is logged in and for how long.
import { useState } from 'react';
import icon from './icon.svg';
import { LoginForm } from './login-form.jsx';

export function LoginBar({ session, state }) {
  const [problem, setProblem] = useState(null);
  return (
    <header className="bar">
      <div className="brand">
        <img src={icon} alt="" width="28" height="28" />
        <span>
          <strong>PeerAssist</strong>
          <small>GraphQL console</small>
        </span>
      </div>
      {state.userName ? (
        <LoggedIn session={session} state={state} />
      ) : (
        <LoginForm session={session} userName={state.lastUserName} onProblem={setProblem} />
      )}
      <p className={problem ? 'notice bad' : 'notice'} role="alert" hidden={!problem && !state.notice}>
        {problem ?? state.notice}
      </p>
    </header>
  );
}

function LoggedIn({ session, state }) {
  return (
    <div className="who">
      <span className="person" title="Every request carries this login">
        <span className="face" aria-hidden="true">
          {state.userName.charAt(0).toUpperCase()}
        </span>
        <span>
          <small>Logged in as</small>
          <strong data-testid="user">{state.userName}</strong>
        </span>
      </span>
      <span className={state.endsSoon ? 'remaining soon' : 'remaining'} data-testid="remaining">
        {state.remaining}
      </span>
      <button type="button" className="quiet" onClick={session.logout}>
        Log out
      </button>
    </div>
  );
}
