// The console without third-party code, for builds without npm. It shares the
// session, the requests and the examples with the GraphiQL page.
import { LoginFailure } from './api.js';
import { EXAMPLES } from './examples.js';
import { fieldsAt, listTypes, readSchema } from './fallback-schema.js';
import { createSession } from './session.js';
import { discreetStorage } from './storage.js';

const SAVED = 'peerassist:operation';
const byId = (id) => document.getElementById(id);
const session = createSession();
let schema = null;

// Who is asking

session.subscribe(() => {
  const { userName, lastUserName, remaining, endsSoon, notice } = session.state();
  byId('login').hidden = Boolean(userName);
  byId('who').hidden = !userName;
  if (lastUserName) byId('login').elements.userName.value = lastUserName;
  document.querySelector('[data-testid=user]').textContent = userName;
  document.querySelector('.face').textContent = userName?.charAt(0).toUpperCase();
  const left = document.querySelector('[data-testid=remaining]');
  left.textContent = remaining;
  left.classList.toggle('soon', endsSoon);
  say(notice, 'hint');
});

byId('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const button = form.querySelector('button');
  button.disabled = true;
  try {
    await session.login(Object.fromEntries(new FormData(form)));
    form.reset();
    loadSchema();
  } catch (error) {
    if (!(error instanceof LoginFailure)) throw error;
    say(error.message, 'bad');
  } finally {
    button.disabled = false;
  }
});

byId('logout').addEventListener('click', session.logout);

function say(text, kind) {
  byId('notice').textContent = text;
  byId('notice').hidden = !text;
  byId('notice').classList.toggle('bad', kind === 'bad');
}

// What is asked

function show({ query, variables }) {
  byId('query').value = query;
  byId('variables').value = variables ?? '';
  suggest();
}

async function run() {
  const operation = { query: byId('query').value, variables: byId('variables').value };
  discreetStorage.setItem(SAVED, JSON.stringify(operation));
  let variables;
  try {
    variables = JSON.parse(operation.variables || '{}');
  } catch (error) {
    byId('status').textContent = `The variables are not JSON: ${error.message}`;
    return;
  }
  byId('run').disabled = true;
  const startedMs = performance.now();
  const result = await session.send({ query: operation.query, variables });
  byId('run').disabled = false;
  byId('status').textContent = `${result.errors ? 'With errors' : 'Done'} in ${Math.round(performance.now() - startedMs)} ms`;
  byId('result').textContent = JSON.stringify(result, null, 2);
}

byId('run').addEventListener('click', run);

document.querySelector('.ask').addEventListener('keydown', (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  const action = { Enter: run, ' ': () => byId('fields').firstChild?.click() }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

for (const [index, { query }] of EXAMPLES.entries()) {
  byId('examples').append(new Option(/(?:query|mutation) (\w+)/.exec(query)[1], index));
}
byId('examples').addEventListener('change', (event) => {
  if (event.target.value) show(EXAMPLES[event.target.value]);
  event.target.value = '';
});

// What there is to ask

async function loadSchema() {
  schema = (await readSchema(session)) ?? schema;
  if (!schema) return;
  listTypes(schema, byId('types'), byId('find').value);
  suggest();
}

/** Buttons with the fields that fit at the cursor; pressing one writes it there. */
function suggest() {
  const editor = byId('query');
  const before = editor.value.slice(0, editor.selectionStart);
  const [begun] = /\w*$/.exec(before);
  const names = schema ? fieldsAt(schema, before.slice(0, before.length - begun.length)) : [];
  const fitting = names.filter((name) => name.startsWith(begun) && name !== begun);
  byId('fields').replaceChildren(...fitting.map((name) => fieldButton(name, editor, begun)));
}

function fieldButton(name, editor, begun) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = name;
  button.addEventListener('click', () => {
    editor.setRangeText(name, editor.selectionStart - begun.length, editor.selectionEnd, 'end');
    editor.focus();
    suggest();
  });
  return button;
}

for (const happening of ['input', 'keyup', 'click']) byId('query').addEventListener(happening, suggest);
byId('find').addEventListener('input', () => schema && listTypes(schema, byId('types'), byId('find').value));

show(JSON.parse(discreetStorage.getItem(SAVED)) ?? EXAMPLES[0]);
loadSchema();
