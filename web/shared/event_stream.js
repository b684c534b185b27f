// Server-sent events from the body of a fetch() response, as the WHATWG standard parses them (HTML, section 9.2.6).
// EventSource itself cannot send a POST.
export async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();  // drops a byte order mark
  let rest = '';
  let event = {type: 'message', data: [], id: ''};
  try {
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;  // an event without its empty line is dropped, as the standard wants
      rest += value;
      for (;;) {
        const found = rest.match(/\r\n|\n|\r/);
        // A CR at the end may be half of a CRLF that is still on its way.
        if (!found || (found[0] === '\r' && found.index === rest.length - 1)) break;
        const line = rest.slice(0, found.index);
        rest = rest.slice(found.index + found[0].length);
        if (line === '') {
          if (event.data.length) yield {type: event.type, data: event.data.join('\n'), id: event.id};
          event = {type: 'message', data: [], id: event.id};
        } else {
          takeField(event, line);
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function takeField(event, line) {
  const colon = line.indexOf(':');
  if (colon === 0) return;
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (name === 'data') event.data.push(value);
  if (name === 'event') event.type = value || 'message';
  if (name === 'id' && !value.includes('\0')) event.id = value;
}
