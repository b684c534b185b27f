// Shows an OpenAPI 3.1 description: every route with its parameters, bodies, answers, a curl command and a form that sends it.
import {readEvents} from '/shared/event_stream.js';
import {element, readableBytes, readableTime, send} from './page.js';

const kMethods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];
const kDeepest = 8;  // levels of a schema that are shown: a description may refer to itself

let api = {};

// Follows "#/components/..." references; a reference that leads nowhere reads as an empty object.
function resolve(node) {
  for (let hops = 0; node?.$ref && hops < 16; hops++) {
    const {$ref, ...beside} = node;
    const path = $ref.replace(/^#\//, '').split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    node = {...path.reduce((at, part) => at?.[part], api), ...beside};
  }
  return node ?? {};
}

// Text of the description, with what stands between backticks as code.
const prose = (text) => text.split('`').map((part, at) => (at % 2 ? element('code', {}, part) : part));

// ---- schemas --------------------------------------------------------------------------------------------------------

// A schema with the parts of its allOf put together.
function merged(schema) {
  schema = resolve(schema);
  if (!schema.allOf) return schema;
  const {allOf, ...own} = schema;
  return [...allOf.map(merged), own].reduce((all, part) => ({
    ...all, ...part,
    properties: {...all.properties, ...part.properties},
    required: [...(all.required ?? []), ...(part.required ?? [])],
  }), {});
}

const choices = (schema) => schema.oneOf ?? schema.anyOf ?? [];

function typeOf(node, depth = 0) {
  const schema = merged(node);
  if (depth > kDeepest) return '...';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (choices(schema).length) return [...new Set(choices(schema).map((choice) => typeOf(choice, depth + 1)))].join(' | ');
  const types = [schema.type ?? (schema.properties ? 'object' : 'any')].flat();
  return types.map((type) => {
    if (type === 'array') return `array of ${schema.items ? typeOf(schema.items, depth + 1) : 'any'}`;
    if (type === 'string' && (schema.format ?? schema.contentMediaType)) return `string (${schema.format ?? schema.contentMediaType})`;
    return type;
  }).join(' | ');
}

function limitsOf(schema) {
  const range = (low, high, unit) => (low === undefined && high === undefined ? '' : `${low ?? ''}..${high ?? ''}${unit}`);
  return [range(schema.minimum, schema.maximum, ''), range(schema.minLength, schema.maxLength, ' characters'),
    range(schema.minItems, schema.maxItems, ' items'), schema.default !== undefined ? `default ${JSON.stringify(schema.default)}` : '',
    schema.pattern ? `matches ${schema.pattern}` : ''].filter(Boolean).join(', ');
}

function fieldItem(name, node, required, depth) {
  const schema = merged(node);
  return element('li', {},
    element('code', {}, name), ' ', element('span', {className: 'type'}, [typeOf(schema), limitsOf(schema)].filter(Boolean).join(', ')),
    required ? [' ', element('span', {className: 'must'}, 'required')] : null,
    schema.description ? element('div', {className: 'text'}, prose(schema.description)) : null,
    fieldsOf(schema, depth + 1));
}

// The properties of an object, of an array's items, of each choice; null for a schema without any.
function fieldsOf(node, depth = 0) {
  const schema = merged(node);
  if (depth > kDeepest) return null;
  if (schema.items) return fieldsOf(schema.items, depth + 1);
  const parts = Object.entries(schema.properties ?? {}).map(([name, property]) =>
    fieldItem(name, property, schema.required?.includes(name), depth));
  for (const choice of choices(schema)) {
    const fields = fieldsOf(choice, depth + 1);
    if (fields) parts.push(element('li', {}, element('span', {className: 'type'}, merged(choice).title ?? 'or'), fields));
  }
  return parts.length ? element('ul', {className: 'fields'}, parts) : null;
}

function exampleOf(node, depth = 0) {
  const schema = merged(node);
  if (depth > kDeepest) return null;
  for (const key of ['example', 'const', 'default']) if (schema[key] !== undefined) return schema[key];
  if (schema.examples?.length) return schema.examples[0];
  if (schema.enum) return schema.enum[0];
  if (choices(schema).length) return exampleOf(choices(schema)[0], depth + 1);
  const type = [schema.type].flat()[0];
  if (type === 'array') return schema.items ? [exampleOf(schema.items, depth + 1)] : [];
  if (type === 'object' || schema.properties) {
    const wanted = Object.entries(schema.properties ?? {}).filter(([name]) => schema.required?.includes(name));
    return Object.fromEntries(wanted.map(([name, property]) => [name, exampleOf(property, depth + 1)]));
  }
  return {string: 'text', integer: schema.minimum ?? 1, number: schema.minimum ?? 1, boolean: true}[type] ?? null;
}

// ---- one route ------------------------------------------------------------------------------------------------------

const isFile = (schema) => {
  const plain = merged(schema);
  const item = plain.items ? merged(plain.items) : plain;
  return item.format === 'binary' || Boolean(item.contentMediaType) || Boolean(item.contentEncoding);
};

// {path, method, operation, parameters, contents: {media type: media}}
function readRoute(path, method, item) {
  const operation = item[method];
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
  return {path, method, operation, parameters, contents: resolve(operation.requestBody).content ?? {}};
}

function exampleBody(media) {
  const named = Object.values(media.examples ?? {})[0];
  return media.example ?? (named ? resolve(named).value : exampleOf(media.schema));
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function curlFor(route) {
  const streams = Object.values(route.operation.responses ?? {}).some((answer) => resolve(answer).content?.['text/event-stream']);
  const words = ['curl', ...(streams ? ['-N'] : []), ...(route.method === 'get' ? [] : ['-X', route.method.toUpperCase()]),
    location.origin + route.path.replace(/[{}]/g, (brace) => (brace === '{' ? '<' : '>'))];
  const [type, media] = Object.entries(route.contents)[0] ?? [];
  if (words.at(-1).includes('<')) words.push(quoted(words.pop()));
  if (!type) return words.join(' ');
  if (type === 'multipart/form-data') return [...words, '-F', 'file=@document.pdf'].join(' ');
  words.push('-H', quoted(`Content-Type: ${type}`));
  if (type.includes('json')) words.push('-d', quoted(JSON.stringify(exampleBody(media))));
  else words.push('--data-binary', '@document.pdf');
  return words.join(' ');
}

function curlBlock(route) {
  const command = curlFor(route);
  const button = element('button', {type: 'button', className: 'small'}, 'Copy');
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(command);
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
  return element('div', {className: 'curl'}, element('pre', {}, command), navigator.clipboard ? button : null);
}

function contentList(contents) {
  return Object.entries(contents ?? {}).map(([type, media]) => element('div', {},
    element('p', {className: 'hint'}, element('code', {}, type), media.schema ? ` ${typeOf(media.schema)}` : ''),
    media.schema ? fieldsOf(media.schema) : null,
    media.example !== undefined || media.examples
      ? element('pre', {}, [exampleBody(media)].map((value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2)))[0])
      : null));
}

function answerList(responses) {
  return Object.entries(responses ?? {}).map(([status, node]) => {
    const answer = resolve(node);
    const head = [element('span', {className: 'code mono'}, status), prose(answer.description ?? '')].flat();
    const contents = contentList(answer.content);
    return contents.length ? element('details', {}, element('summary', {}, head), contents) : element('div', {}, head);
  });
}

const section = (title, ...parts) => (parts.flat().some(Boolean) ? [element('h4', {}, title), ...parts.flat().filter(Boolean)] : []);

function fillRoute(inside, route) {
  const {operation} = route;
  const parameters = route.parameters.map((parameter) =>
    fieldItem(`${parameter.name} (${parameter.in})`, {...resolve(parameter.schema), description: parameter.description}, parameter.required, 0));
  inside.append(
    ...(operation.description ? [element('p', {}, prose(operation.description))] : []),
    ...section('Parameters', parameters.length ? element('ul', {className: 'fields'}, parameters) : null),
    ...section('Request body', contentList(route.contents)),
    ...section('Answers', element('div', {className: 'answers'}, answerList(operation.responses))),
    ...section('From a shell', curlBlock(route)),
    ...section('Try it', tryForm(route)));
}

// ---- sending it -----------------------------------------------------------------------------------------------------

// {type, inputs: [element], read: () => the body for fetch}
function bodyInputs(type, media) {
  if (type === 'multipart/form-data') {
    const inputs = Object.entries(merged(media.schema).properties ?? {}).map(([name, schema]) =>
      element('input', {name, type: isFile(schema) ? 'file' : 'text', multiple: isFile(schema)}));
    return {type: '', inputs, read: () => {
      const form = new FormData();
      for (const input of inputs) {
        if (input.type === 'file') for (const file of input.files) form.append(input.name, file);
        else if (input.value) form.append(input.name, input.value);
      }
      return form;
    }};
  }
  if (type.includes('json') || type.startsWith('text/')) {
    const text = element('textarea', {name: 'body', rows: 6, className: 'body', spellcheck: false});
    text.value = type.includes('json') ? JSON.stringify(exampleBody(media), null, 2) : '';
    return {type, inputs: [text], read: () => text.value};
  }
  const file = element('input', {name: 'body', type: 'file'});
  return {type, inputs: [file], read: () => file.files[0] ?? ''};
}

function parameterInput(parameter) {
  const schema = merged(parameter.schema);
  const values = schema.enum ?? (schema.type === 'boolean' ? [true, false] : null);
  if (!values) {
    return element('input', {name: parameter.name, required: Boolean(parameter.required), autocomplete: 'off',
      placeholder: String(parameter.example ?? schema.example ?? schema.default ?? '')});
  }
  const options = values.map((value) => element('option', {value: String(value)}, String(value)));
  return element('select', {name: parameter.name}, parameter.required ? null : element('option', {value: ''}, '-'), options);
}

function urlFor(route, inputs) {
  const query = new URLSearchParams();
  let path = route.path;
  route.parameters.forEach((parameter, at) => {
    const value = inputs[at].value;
    if (parameter.in === 'path') path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    if (parameter.in === 'query' && value !== '') query.append(parameter.name, value);
  });
  return query.size ? `${path}?${query}` : path;
}

function tryForm(route) {
  const parameterInputs = route.parameters.map(parameterInput);
  const [type, media] = Object.entries(route.contents)[0] ?? [];
  const body = type ? bodyInputs(type, media) : {type: '', inputs: [], read: () => undefined};
  const result = element('div', {className: 'result', 'aria-live': 'polite'});
  const sendButton = element('button', {type: 'submit', className: 'primary'}, 'Send');
  const stopButton = element('button', {type: 'button', disabled: true}, 'Stop');
  const label = (input, text) => element('label', {}, text, input);
  const form = element('form', {className: 'try'},
    route.parameters.map((parameter, at) => label(parameterInputs[at], `${parameter.name} (${parameter.in})`)),
    body.inputs.map((input) => label(input, input.name)),
    element('div', {className: 'row'}, sendButton, stopButton), result);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const stop = new AbortController();
    stopButton.onclick = () => stop.abort();
    sendButton.disabled = !(stopButton.disabled = false);
    const headers = body.type ? {'Content-Type': body.type} : {};
    route.parameters.forEach((parameter, at) => {
      if (parameter.in === 'header' && parameterInputs[at].value) headers[parameter.name] = parameterInputs[at].value;
    });
    await showExchange(result, urlFor(route, parameterInputs),
      {method: route.method.toUpperCase(), headers, body: body.read(), signal: stop.signal});
    sendButton.disabled = !(stopButton.disabled = true);
  });
  return form;
}

async function showExchange(result, url, options) {
  const begin = performance.now();
  const line = element('div', {className: 'line'}, `${options.method} ${url}`);
  result.replaceChildren(line);
  try {
    const response = await send(url, options);
    line.textContent = `${response.status} ${response.statusText} after ${readableTime(performance.now() - begin)}`;
    line.classList.add(response.ok ? 'good' : 'bad');
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    const body = element('pre', {});
    result.append(element('details', {}, element('summary', {}, 'Headers'), element('pre', {}, headers)), body);
    await showBody(body, response);
    if (!body.textContent) body.textContent = '(empty body)';
  } catch (error) {
    const stopped = error.name === 'AbortError';
    result.append(element('div', {className: stopped ? 'line' : 'line bad'}, stopped ? 'Stopped.' : `No answer: ${error.message}`));
  }
}

async function showBody(body, response) {
  const type = response.headers.get('Content-Type') ?? '';
  if (type.startsWith('text/event-stream')) {
    for await (const event of readEvents(response.body)) {
      body.append(`${event.type === 'message' ? '' : `event: ${event.type}\n`}data: ${event.data}\n\n`);
    }
  } else if (type.includes('json')) {
    const text = await response.text();
    try {
      body.textContent = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      body.textContent = text;
    }
  } else if (type.startsWith('text/')) {
    body.textContent = await response.text();
  } else {
    const bytes = (await response.blob()).size;
    body.textContent = bytes ? `${readableBytes(bytes)} of ${type || 'unknown type'}` : '';
  }
}

// ---- all routes -----------------------------------------------------------------------------------------------------

function routeBlock(route) {
  const inside = element('div', {className: 'inside'});
  const block = element('details', {className: 'route', id: `${route.method}${route.path.replace(/[^a-z0-9]+/gi, '-')}`},
    element('summary', {},
      element('span', {className: `method ${route.method}`}, route.method.toUpperCase()),
      element('code', {className: 'path'}, route.path),
      element('span', {className: 'summary'}, route.operation.summary ?? '')),
    inside);
  block.addEventListener('toggle', () => inside.childElementCount || fillRoute(inside, route));
  return block;
}

export function showReference(container, description) {
  api = description;
  const routes = Object.entries(api.paths ?? {}).flatMap(([path, node]) => {
    const item = resolve(node);
    return kMethods.filter((method) => item[method]).map((method) => readRoute(path, method, item));
  });
  const tagOf = (route) => route.operation.tags?.[0] ?? '';
  const tags = [...new Set([...(api.tags ?? []).map((tag) => tag.name), ...routes.map(tagOf)])];
  container.replaceChildren(...tags.flatMap((tag) => {
    const group = routes.filter((route) => tagOf(route) === tag);
    return group.length ? [...(tag ? [element('h3', {className: 'group'}, tag)] : []), ...group.map(routeBlock)] : [];
  }));
}
