// Renders /openapi.json: operations by tag, their schemas and examples, a search, and a form that sends real requests.
// Runs in the browser as it stands. The bearer lives in its field only: nothing is stored.

/** Builds an element; children may be texts, elements or undefined. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined));
  return element;
}

/** Text whose `quoted` parts are code. */
function prose(text) {
  return text.split('`').map((part, at) => (at % 2 === 1 ? el('code', {}, part) : part));
}

const spec = await (await fetch('/openapi.json')).json();
const byId = (id) => document.getElementById(id);

function resolve(schema) {
  if (!schema?.$ref) return schema ?? {};
  const name = schema.$ref.split('/').at(-1);
  return { title: name, ...spec.components.schemas[name] };
}

/** A value of the schema's shape, from its examples where it has some. */
function exampleOf(given, depth = 0) {
  const schema = resolve(given);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const choice = schema.anyOf ?? schema.oneOf;
  if (choice) return exampleOf(choice[0], depth);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object') {
    if (depth > 5) return {};
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([name, property]) => [name, exampleOf(property, depth + 1)]),
    );
  }
  if (type === 'array') return depth > 5 ? [] : [exampleOf(schema.items, depth + 1)];
  if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 0, 0);
  if (type === 'boolean') return true;
  return type === 'null' ? null : 'text';
}

function typeText(given) {
  const schema = resolve(given);
  const choice = schema.anyOf ?? schema.oneOf;
  if (choice) return choice.map(typeText).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.type === 'array') return `list of ${typeText(schema.items)}`;
  if (schema.title) return schema.title;
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'any');
  return schema.format ? `${type} (${schema.format})` : type;
}

/** Names, types and sentences of an object's properties, nested ones folded. */
function schemaView(given, depth = 0) {
  const schema = resolve(given);
  const inner = schema.type === 'array' ? resolve(schema.items) : schema;
  const object = (inner.anyOf ?? inner.oneOf)?.map(resolve).find((choice) => choice.properties) ?? inner;
  if (!object.properties || depth > 4) return el('p', { class: 'type' }, typeText(schema));
  const rows = Object.entries(object.properties).map(([name, property]) => {
    const nested = hasProperties(property)
      ? el('details', {}, el('summary', {}, 'fields'), schemaView(property, depth + 1))
      : undefined;
    const required = object.required?.includes(name);
    return el(
      'li',
      {},
      el('code', {}, name),
      ' ',
      el('span', { class: 'type' }, typeText(property) + (required ? '' : ', optional')),
      property.description ? el('span', { class: 'note' }, ': ', prose(property.description)) : undefined,
      nested,
    );
  });
  return el('ul', { class: 'schema' }, rows);
}

function hasProperties(given) {
  const schema = resolve(given);
  if (schema.properties) return true;
  if (schema.type === 'array') return hasProperties(schema.items);
  return (schema.anyOf ?? schema.oneOf ?? []).some(hasProperties);
}

const pretty = (value) => JSON.stringify(value, undefined, 2);

function bodySchema(part) {
  return Object.values(part?.content ?? {})[0]?.schema;
}

function field(parameter) {
  const example = parameter.schema?.example ?? '';
  const input = el('input', {
    name: parameter.name,
    'data-in': parameter.in,
    placeholder: String(example),
    autocomplete: 'off',
    ...(parameter.required ? { required: '' } : {}),
  });
  const note = parameter.description ?? parameter.schema?.description ?? '';
  return el(
    'label',
    { class: 'field' },
    el('span', {}, `${parameter.name} (${parameter.in})`),
    input,
    el('small', {}, prose(note)),
  );
}

function tryForm(method, path, operation) {
  const parameters = operation.parameters ?? [];
  const schema = bodySchema(operation.requestBody);
  const body = schema ? el('textarea', { rows: '8', spellcheck: 'false', 'aria-label': 'Body' }) : undefined;
  if (body) body.value = pretty(exampleOf(schema));
  const result = el('pre', { class: 'result', hidden: '', tabindex: '0' });
  const send = async (event) => {
    event.preventDefault();
    result.hidden = false;
    result.textContent = 'Waiting …';
    try {
      result.textContent = await sendRequest(method, path, event.target, body?.value);
    } catch (error) {
      result.textContent = String(error);
    }
  };
  return el(
    'details',
    { class: 'try' },
    el('summary', {}, 'Try it'),
    el(
      'form',
      { onsubmit: send },
      parameters.map(field),
      body,
      el('button', { type: 'submit' }, `Send ${method.toUpperCase()}`),
    ),
    result,
  );
}

async function sendRequest(method, path, form, body) {
  const headers = {};
  const query = new URLSearchParams();
  let address = path;
  for (const input of form.querySelectorAll('input')) {
    if (input.dataset.in === 'path') address = address.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value !== '' && input.dataset.in === 'query') query.set(input.name, input.value);
    else if (input.value !== '') headers[input.name] = input.value;
  }
  const bearer = byId('bearer').value.trim();
  if (bearer !== '') headers.Authorization = `Bearer ${bearer}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const search = query.size > 0 ? `?${query}` : '';
  const response = await fetch(address + search, {
    method: method.toUpperCase(),
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const shown =
    /json/.test(response.headers.get('content-type') ?? '') && text !== '' ? pretty(JSON.parse(text)) : text;
  return `${response.status} ${response.statusText}\nX-Request-Id: ${response.headers.get('x-request-id')}\n\n${shown}`;
}

function operationView(method, path, operation) {
  const request = bodySchema(operation.requestBody);
  const responses = Object.entries(operation.responses).map(([status, response]) => {
    const schema = bodySchema(response);
    return el(
      'div',
      { class: 'response' },
      el(
        'h4',
        {},
        status === 'default' ? 'Otherwise' : status,
        ' ',
        el('span', { class: 'note' }, prose(response.description)),
      ),
      schema && status !== 'default' ? schemaView(schema) : undefined,
      schema && status !== 'default'
        ? el('details', {}, el('summary', {}, 'Example'), el('pre', {}, pretty(exampleOf(schema))))
        : undefined,
    );
  });
  return el(
    'article',
    {
      id: operation.operationId,
      'data-text': `${method} ${path} ${operation.summary} ${operation.tags}`.toLowerCase(),
    },
    el('h3', {}, el('span', { class: `method ${method}` }, method.toUpperCase()), ' ', el('code', {}, path)),
    el('p', {}, operation.summary),
    el('p', { class: 'note' }, prose(operation.description ?? '')),
    request ? el('section', {}, el('h4', {}, 'Body'), schemaView(request)) : undefined,
    responses,
    tryForm(method, path, operation),
  );
}

const operations = Object.entries(spec.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
);

for (const { name } of spec.tags) {
  const own = operations.filter(({ operation }) => operation.tags.includes(name));
  const links = own.map(({ operation }) =>
    el('li', { 'data-for': operation.operationId }, el('a', { href: `#${operation.operationId}` }, operation.summary)),
  );
  byId('contents').append(el('section', {}, el('h2', {}, name), el('ul', {}, links)));
  const views = own.map(({ method, path, operation }) => operationView(method, path, operation));
  byId('operations').append(el('section', {}, el('h2', {}, name), views));
}
byId('about').append(...prose(`${spec.info.description} Version ${spec.info.version}.`));

/** Hides what does not hold every word, and headings left with nothing. */
function search() {
  const words = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const article of document.querySelectorAll('article')) {
    const hidden = !words.every((word) => article.dataset.text.includes(word));
    article.hidden = hidden;
    document.querySelector(`li[data-for="${article.id}"]`).hidden = hidden;
  }
  for (const section of document.querySelectorAll('#contents > section, #operations > section'))
    section.hidden = section.querySelector('article:not([hidden]), li[data-for]:not([hidden])') === null;
}
byId('search').addEventListener('input', search);
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
