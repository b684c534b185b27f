// The messages of a conversation as a tree: questions edited and answers regenerated are branches, and one path through
// it is shown.
export class Turns {
  constructor(messages = []) {
    this.messages = new Map();
    this.children = new Map();  // parent's id, or null: [message], in order
    this.chosen = new Map();  // parent's id, or null: the child that is shown
    for (const message of messages) this.add(message);
    this.chooseNewest(messages);
  }

  // In each branch the way to its newest message is shown. `messages` are in the order of their making.
  chooseNewest(messages) {
    const decided = new Set();
    for (const message of [...messages].reverse()) {
      for (let at = message; at && !decided.has(at.parent_id ?? null); at = this.messages.get(at.parent_id)) {
        decided.add(at.parent_id ?? null);
        this.choose(at);
      }
    }
  }

  add(message) {
    const parent = message.parent_id ?? null;
    this.messages.set(message.id, message);
    if (!this.children.has(parent)) this.children.set(parent, []);
    this.children.get(parent).push(message);
    this.chosen.set(parent, message);
  }

  remove(message) {
    const parent = message.parent_id ?? null;
    const rest = (this.children.get(parent) ?? []).filter((other) => other !== message);
    this.messages.delete(message.id);
    this.children.set(parent, rest);
    if (this.chosen.get(parent) === message) this.chosen.set(parent, rest[rest.length - 1]);
  }

  // The server has a name for what the page had made up one for.
  rename(message, id) {
    if (message.id === id) return;
    this.messages.delete(message.id);
    this.messages.set(id, message);
    for (const map of [this.children, this.chosen]) {
      if (map.has(message.id)) map.set(id, map.get(message.id));
      map.delete(message.id);
    }
    for (const child of this.children.get(id) ?? []) child.parent_id = id;
    message.id = id;
  }

  path() {
    const path = [];
    for (let at = this.chosen.get(null); at && path.length <= this.messages.size; at = this.chosen.get(at.id)) path.push(at);
    return path;
  }

  siblings(message) {
    return (this.children.get(message.parent_id ?? null) ?? []).filter((other) => other.role === message.role);
  }

  choose(message) {
    this.chosen.set(message.parent_id ?? null, message);
  }
}
