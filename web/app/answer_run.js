// One answer from its question to its end, over every break of the connection on the way: sends the question, reads the
// stream, comes back with Last-Event-ID. An answer is complete only when the server said so.
import {readEvents} from '/shared/event_stream.js';
import {answerPath, backoff, conversationPath, getJson, NoConnection, pause, Problem, send, sendJson} from './api.js';
import {words} from './strings.js';

const kSilence = 30000;  // the server says something every 10 s

// What each event changes in a message (the form of GET /v1/conversations/{id}/messages, and `stage`).
const kChanges = {
  meta: (message, data) => Object.assign(message, {answer_id: data.answer_id, provider: data.provider, model: data.model}),
  status: (message, data) => (message.stage = data.stage),
  query: (message, data) => Object.assign(message, {standalone_question: data.standalone_question, used_turns: data.used_turns, query_origin: data.origin}),
  sources: (message, data) => Object.assign(message, {sources: data.sources, rerank_skipped: data.rerank_skipped}),
  provider: (message, data) => Object.assign(message, {failover: data, provider: data.to, model: data.model}),
  token: (message, data) => (message.text += data.text),
  citation: (message, data) => message.citations.push(data),
  timing: (message, data) => (message.timings = data),
  final: (message, data) => Object.assign(message, {status: 'complete', text: data.answer, sources: data.sources, citations: data.citations ?? message.citations,
    finish_reason: data.finish_reason, usage: data.usage, rerank_skipped: data.rerank_skipped}),
  error: (message, data) => Object.assign(message, {status: 'failed', error: data}),
  cancelled: (message, data) => Object.assign(message, {status: 'cancelled', cancelled: {reason: data.reason}}),
};

// The server is not there, not yet there, or about to go: what was asked can be asked once it is back.
const isAway = (error) => !(error instanceof Problem) || error.code === 'starting' || error.code === 'shutting_down';

export const emptyAnswer = (id, parentId) => ({id, parent_id: parentId, role: 'assistant', text: '', status: 'running', stage: 'sending', sources: [], citations: [], answer_id: null});

export class AnswerRun {
  // `tell(name, data)` is called after each event changed the message; also with 'link' when the connection's state
  // changed, 'end' when it ended without an event, 'reload' when the server knows more of the conversation than the page, and
  // 'busy' when another answer is being written in it.
  constructor(message, tell) {
    this.message = message;
    this.tell = tell;
    this.answerId = message.answer_id;
    this.lastId = '';
    this.lastNumber = 0;
    this.attempt = 0;
    this.link = 'live';  // 'unsent': the question could not be sent; 'lost': the stream was cut
    this.stopping = false;
    this.abort = new AbortController();
  }

  get ended() {
    return this.message.status !== 'running';
  }

  // One try of what must be done before the question can be sent.
  async prepare(action) {
    try {
      await action();
      this.setLink('live');
    } catch (error) {
      if (!isAway(error)) return this.refuse(error);
      this.setLink('unsent');
      await pause(backoff(this.attempt++), this.abort.signal);
    }
    if (this.stopping) this.end({status: 'cancelled', cancelled: {reason: 'client'}});
    return undefined;
  }

  // Asks, and reads to the end. `request` is the body of POST /v1/answers; known(id) says which messages the page has.
  async ask(request, known) {
    this.request = request;
    this.known = known;
    while (!this.ended && !this.answerId) await this.post();
    await this.follow();
  }

  async post() {
    try {
      const response = await send('/v1/answers', {
        method: 'POST', signal: this.abort.signal, body: JSON.stringify(this.request),
        headers: {'Content-Type': 'application/json', Accept: 'text/event-stream'}});
      const location = response.headers.get('Location') ?? '';
      if (/^\/v1\/answers\/[\w-]+$/.test(location)) this.started(location.slice('/v1/answers/'.length));
      await this.read(response);
    } catch (error) {
      if (this.answerId) return;  // it is followed
      if (this.stopping) await this.stopUnknown();
      else if (!isAway(error)) this.refuse(error);
      else await this.waitUnsent();
    }
  }

  started(id) {
    this.answerId = this.message.answer_id = id;
    if (this.stopping) this.cancel();
  }

  refuse(problem) {
    const busy = problem.code === 'conflict' && problem.answerId;
    this.end({status: 'failed', error: {code: problem.code, retryable: problem.retryable, message: busy ? words.ends.elsewhere : problem.code === 'not_found' ? words.ends.deleted : problem.message}});
    if (busy) this.tell('busy');
  }

  // Nobody knows whether the question arrived: once the server is back it is looked for, and sent again if it is not there.
  async waitUnsent() {
    this.setLink('unsent');
    await pause(backoff(this.attempt++), this.abort.signal);
    if (this.stopping) return this.end({status: 'cancelled', cancelled: {reason: 'client'}});
    try {
      const {messages} = await getJson(conversationPath(this.request.conversation_id, '/messages'));
      // Another tab may have asked something else meanwhile.
      const asked = new Set(messages.filter((message) => message.role === 'user' && message.text.trim() === this.request.question.trim()).map((message) => message.id));
      const answer = messages.find((message) => !this.known(message.id) && message.answer_id && asked.has(message.parent_id));
      if (answer) this.started(answer.answer_id);
      this.setLink('live');
    } catch (error) {
      if (error instanceof Problem && error.status < 500) this.refuse(error);
    }
  }

  async read(response) {
    let last = performance.now();
    const heard = new TransformStream({transform(chunk, out) {
      last = performance.now();
      out.enqueue(chunk);
    }});
    const timer = setInterval(() => performance.now() - last > kSilence && this.abort.abort(), 5000);
    try {
      for await (const event of readEvents(response.body.pipeThrough(heard))) this.take(event);
    } finally {
      clearInterval(timer);
    }
  }

  take(event) {
    const number = Number(event.id.slice(event.id.lastIndexOf(':') + 1));
    if (event.id && number <= this.lastNumber) return;
    this.lastId = event.id;
    this.lastNumber = number;
    this.attempt = 0;
    this.setLink('live');
    const data = JSON.parse(event.data);
    if (event.type === 'meta' && !this.answerId) this.started(data.answer_id);
    kChanges[event.type]?.(this.message, data);
    this.tell(event.type, data);
  }

  // Reads the rest of an answer whose id is known, however often the connection breaks.
  async follow() {
    while (!this.ended) {
      if (this.abort.signal.aborted) this.abort = new AbortController();
      try {
        const headers = this.lastId ? {'Last-Event-ID': this.lastId} : {};
        const response = await send(answerPath(this.answerId, '/events'), {headers, signal: this.abort.signal});
        if (response.status === 204) await this.settle();
        else await this.read(response);
      } catch (error) {
        if (error instanceof Problem && error.status < 500 && error.status !== 401 && error.status !== 429) this.giveUp(error);
      }
      if (this.ended) break;
      this.setLink('lost');
      await pause(backoff(this.attempt++), this.abort.signal);
    }
  }

  // What the server kept of an answer whose stream is over.
  async settle() {
    const stored = await getJson(answerPath(this.answerId));
    this.end({...stored, text: stored.answer, status: stored.status === 'running' ? 'lost' : stored.status});
  }

  giveUp(problem) {
    this.end({status: problem.status === 410 ? 'gone' : 'lost'});
    this.tell('reload');
  }

  end(change) {
    Object.assign(this.message, change);
    this.tell('end');
  }

  setLink(link) {
    if (link === this.link) return;
    this.link = link;
    this.tell('link');
  }

  // Stops it, also before it began.
  async stop() {
    if (this.ended || this.stopping) return;
    this.stopping = true;
    this.tell('link');
    if (this.answerId) await this.cancel();
    else this.abort.abort();
  }

  async cancel() {
    try {
      await sendJson('POST', answerPath(this.answerId, '/cancel'), {});
    } catch (error) {
      if (this.ended) return;
      if (!(error instanceof NoConnection)) {  // it was heard and refused: the person may try again
        this.stopping = false;
        this.tell('link');
        return;
      }
      this.end({status: 'cancelled', cancelled: {reason: 'client'}, unheard: true});
      this.abort.abort();
    }
  }

  // The question was on its way when the person stopped: the server may have begun.
  async stopUnknown() {
    try {
      const {running_answer_id: running} = await getJson(conversationPath(this.request.conversation_id));
      if (running) return this.started(running);
    } catch {
      // Nobody is there who could have begun.
    }
    this.end({status: 'cancelled', cancelled: {reason: 'client'}});
  }
}
