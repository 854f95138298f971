// The whole page: the login bar above GraphiQL.
import { useMemo, useSyncExternalStore } from 'react';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { EXAMPLES } from './examples.js';
import { LoginBar } from './login-bar.jsx';
import { withTrueName } from './operation-name.js';
import { createSession } from './session.js';
import { discreetStorage } from './storage.js';

const session = createSession();
const plugins = [HISTORY_PLUGIN, explorerPlugin()];

export function App() {
  const state = useSyncExternalStore(session.subscribe, session.state);
  // A new identity makes GraphiQL read the schema again, which may depend on who asks.
  const fetcher = useMemo(
    () => (request, options) => session.send(withTrueName(request), options?.headers),
    [state.userName],
  );
  return (
    <>
      <LoginBar session={session} state={state} />
      <main className="workbench">
        <GraphiQL
          fetcher={fetcher}
          plugins={plugins}
          defaultTabs={EXAMPLES}
          defaultEditorToolsVisibility="variables"
          shouldPersistHeaders={false}
          storage={discreetStorage}
          inputValueDeprecation
          schemaDescription
        />
      </main>
    </>
  );
}
