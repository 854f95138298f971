// What the basic console knows of the schema: a list to read, and which fields fit at a place in a query.

const INTROSPECTION = `{
  __schema {
    queryType { name }
    mutationType { name }
    types {
      kind name description
      fields(includeDeprecated: true) { name description isDeprecated args { name type { ...T } } type { ...T } }
      inputFields { name description type { ...T } }
      enumValues(includeDeprecated: true) { name description isDeprecated }
    }
  }
}
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

const BUILT_IN = ['Boolean', 'Float', 'ID', 'Int', 'String'];

/** Resolves to nothing when the gateway does not show its schema. */
export async function readSchema(session) {
  const { data } = await session.send({ query: INTROSPECTION });
  if (!data?.__schema) return null;
  const { queryType, mutationType, types } = data.__schema;
  const roots = { query: queryType.name, mutation: mutationType?.name };
  const ours = types.filter((type) => !type.name.startsWith('__') && !BUILT_IN.includes(type.name));
  // What can be asked comes first.
  const place = ({ name }) => ({ [roots.query]: 0, [roots.mutation]: 1 })[name] ?? 2;
  ours.sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name));
  return { roots, types: new Map(ours.map((type) => [type.name, type])) };
}

const TOKEN = /#.*|"""[^]*?"""|"(?:\\.|[^"\\])*"|[{}()]|\w+/g;

/** Names of the fields that may stand at the end of the beginning of a query. */
export function fieldsAt(schema, text) {
  const open = []; // the type of every selection that is open at the end
  let depth = 0; // of parentheses: arguments are no place for fields
  let field = null;
  let condition = null;
  let root = schema.roots.query;
  let previous = null;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    else if (depth > 0) continue;
    else if (token === '{') {
      open.push(condition ?? (open.length ? fieldType(schema, open.at(-1), field) : root));
      condition = null;
    } else if (token === '}') open.pop();
    else if (previous === 'on') condition = token;
    else if (open.length === 0 && token in schema.roots) root = schema.roots[token];
    else if (/^\w/.test(token)) field = token;
    previous = token;
  }
  if (depth > 0) return [];
  return (schema.types.get(open.at(-1))?.fields ?? []).filter((f) => !f.isDeprecated).map((f) => f.name);
}

function fieldType(schema, parent, name) {
  let type = schema.types.get(parent)?.fields?.find((f) => f.name === name)?.type;
  while (type?.ofType) type = type.ofType;
  return type?.name;
}

/** Shows the types that have `wanted` in their name or in the name of a member. */
export function listTypes(schema, place, wanted) {
  const has = (named) => named.name.toLowerCase().includes(wanted.toLowerCase());
  const shown = [...schema.types.values()].filter((type) => has(type) || members(type).some(has));
  place.replaceChildren(...shown.map((type) => typeEntry(type, wanted !== '' && shown.length < 6)));
}

function typeEntry(type, open) {
  const entry = element('details', '', element('summary', type.name));
  entry.open = open;
  if (type.description) entry.append(element('p', type.description));
  const list = element('dl');
  for (const member of members(type)) {
    const term = element('dt', signature(member));
    term.classList.toggle('deprecated', Boolean(member.isDeprecated));
    list.append(term, element('dd', member.description ?? ''));
  }
  entry.append(list);
  return entry;
}

function members(type) {
  return type.fields ?? type.inputFields ?? type.enumValues ?? [];
}

function signature({ name, args, type }) {
  const inputs = args?.length ? `(${args.map((arg) => `${arg.name}: ${written(arg.type)}`).join(', ')})` : '';
  return type ? `${name}${inputs}: ${written(type)}` : name;
}

function written(type) {
  if (type.kind === 'NON_NULL') return `${written(type.ofType)}!`;
  return type.kind === 'LIST' ? `[${written(type.ofType)}]` : type.name;
}

function element(tag, text = '', ...children) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
}
