// Every word that the page says. Functions where a number or a name stands inside.
const number = (value) => value.toLocaleString('en-US');
export const countOf = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export function sizeOf(bytes) {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let at = 0;
  while (bytes >= 999.5 && at < units.length - 1) {
    bytes /= 1000;
    at++;
  }
  return `${at === 0 || bytes >= 99.5 ? number(Math.round(bytes)) : bytes.toFixed(1)} ${bytes === 1 && at === 0 ? 'byte' : units[at]}`;
}

export function durationOf(milliseconds) {
  if (milliseconds < 999.5) return `${milliseconds < 9.95 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
  return milliseconds < 59950 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 60000)} min`;
}

export function timeLeft(seconds) {
  if (seconds < 1.5) return 'almost done';
  if (seconds < 90) return `about ${Math.round(seconds)} s left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}

export function dayOf(text) {
  const then = new Date(text);
  if (Number.isNaN(then.getTime())) return '';
  const midnight = new Date().setHours(0, 0, 0, 0);
  const days = Math.ceil((midnight - then.getTime()) / 86400000);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days < 7) return 'The last 7 days';
  if (days < 31) return 'The last 30 days';
  return then.toLocaleDateString('en-US', {month: 'long', year: 'numeric'});
}

export const dateOf = (text) => {
  const then = new Date(text);
  return Number.isNaN(then.getTime()) ? '' : then.toLocaleDateString('en-US', {day: 'numeric', month: 'short', year: 'numeric'});
};

export const words = {
  product: 'Jackdaw',
  close: 'Close',
  cancel: 'Cancel',
  undo: 'Undo',
  save: 'Save',
  more: 'More',
  tryAgain: 'Try again',

  nav: {
    open: 'Open the menu',
    close: 'Close the menu',
    ask: 'New conversation',
    documents: 'Documents',
    settings: 'Settings',
    label: 'Main',
  },

  link: {
    ready: 'Connected',
    starting: 'Starting',
    lost: 'Not connected',
    lostNotice: 'Jackdaw does not answer. Trying again; nothing is lost.',
    offlineNotice: 'This computer is offline. Going on as soon as it is back.',
    startingNotice: 'Jackdaw is starting: models are being loaded. This takes a few seconds.',
  },

  ask: {
    label: 'Your question',
    placeholder: 'Ask your documents',
    placeholderNext: 'Ask a follow-up question',
    send: 'Send the question',
    stop: 'Stop the answer',
    tooLong: (limit) => `A question may have at most ${number(limit)} characters.`,
    left: (count) => `${countOf(count, 'character')} left`,
    hint: 'Enter sends, Shift + Enter begins a new line.',
    toEnd: 'To the end of the conversation',
    notLoaded: 'This conversation is not loaded yet. Ask when it is here.',
    busy: 'Other answers are still being written. Wait for one of them to end, or stop it.',
    only: (name) => `Only ${name}`,
    onlyTag: (tag) => `Only tagged ${tag}`,
    dropScope: (name) => `Search everything again, not only ${name}`,
    thread: 'Conversation',
  },

  welcome: {
    title: 'What would you like to know?',
    text: (count) => `Answers come from your ${countOf(count, 'document')}, and show the place that each claim comes from.`,
    about: (name) => `Ask about ${name}`,
    noneTitle: 'Ask your documents anything',
    noneText: 'Add PDFs, office files, web pages, mail or notes. Jackdaw reads them on this machine and shows the exact place behind every answer.',
    add: 'Add documents',
  },

  message: {
    you: 'Your question',
    answer: 'Answer',
    edit: 'Edit the question',
    copyQuestion: 'Copy the question',
    sendEdit: 'Ask again',
    copy: 'Copy',
    copied: 'Copied',
    notCopied: 'The browser does not let this page copy. Select the text and copy it yourself.',
    regenerate: 'Another answer',
    found: 'How this was found',
    branch: (at, of) => `Version ${at} of ${of}`,
    before: 'The version before',
    after: 'The version after',
    askAgain: 'Ask again',
    searchedFor: (question) => `Searched for: ${question}`,
    by: (provider, model) => [provider, model].filter(Boolean).join(' · '),
  },

  stages: {
    sending: 'Sending the question',
    resolving: 'Understanding the question',
    searching: 'Searching your documents',
    reranking: 'Comparing the passages',
    prompting: (count) => `Reading ${countOf(count, 'passage')}`,
    waiting: (count) => `Reading ${countOf(count, 'passage')}`,
    answering: 'Writing',
    stopping: 'Stopping',
    following: 'Picking up the answer',
    done: 'The answer is complete.',
    sources: (count) => `${countOf(count, 'source')}.`,
  },

  ends: {
    length: 'The answer reached its length limit and stops here. Ask for the rest, or for a shorter answer.',
    content_filter: 'The provider held the rest of this answer back with its content filter.',
    no_evidence: 'The documents do not answer this. Try other words, or add a document that does.',
    other: 'The writer ended for a reason of its own; the answer may be incomplete.',
    client: 'You stopped this answer.',
    disconnect: 'Nobody was reading any more, so this answer was stopped.',
    shutdown: 'The server was shut down while this answer was written.',
    deadline: 'This answer took longer than the server allows and was stopped.',
    lost: 'The server went away while this answer was written. What had arrived until then is above.',
    lostAll: 'The server went away while this answer was written, and nothing of it was kept.',
    gone: 'This answer is no longer kept on the server.',
    broke: (why) => `The answer broke off. ${why}`,
    failed: (why) => `No answer. ${why}`,
    cut: 'The connection was lost. The answer goes on as soon as the server is back.',
    unsent: 'The question could not be sent yet: Jackdaw does not answer. It is sent as soon as the server is back.',
    stopUnheard: 'Stopped here, but the server could not be told. It may write on for a while.',
    deleted: 'This conversation was deleted. Begin a new one to ask.',
    elsewhere: 'Another answer is being written in this conversation. Ask again when it has ended.',
    nothing: 'The writer ended without a word.',
    again: 'Asking again may help.',
    failover: (from, to) => `${from} could not answer, so ${to} writes.`,
  },

  sources: {
    title: 'Sources',
    also: (count) => `${countOf(count, 'more passage')} read`,
    hideAlso: 'Show the cited ones alone',
    readTitle: 'Passages read',
    open: 'Show the place',
    source: 'Source',
    page: (label) => `Page ${label}`,
    deleted: 'This document was deleted.',
    deletedName: 'Deleted document',
    verified: 'Checked: the source says this.',
    doubtful: 'Not verified: this source does not clearly say it. Read the place yourself.',
    cite: (n, verified) => `Source ${n}${verified === false ? ', not verified' : ''}`,
  },

  found: {
    title: 'How this was found',
    question: 'The question that was searched for',
    origin: {as_asked: 'As you asked it.', rules: 'Completed from the turns before, by rule.', model: 'Rewritten by the language model from the turns before.'},
    turns: (count) => `${countOf(count, 'earlier turn')} used.`,
    ranks: 'Where each passage stood',
    passage: 'Passage',
    keyword: 'Keywords',
    vector: 'Meaning',
    fused: 'Together',
    rerank: 'Reranked',
    rank: (rank) => `${rank}.`,
    notFound: '–',
    steps: 'Time',
    skipped: {deadline: 'Reranking took too long and was skipped: this is the order of the search.', off: 'Reranking was off.'},
    names: {queue_ms: 'Waiting for a turn', resolve_ms: 'Understanding', embed_ms: 'Embedding the question', keyword_ms: 'Keyword search', vector_ms: 'Search by meaning',
      fuse_ms: 'Putting together', rerank_ms: 'Reranking', prompt_ms: 'Preparing the prompt', first_token_ms: 'Until the first word', total_ms: 'In all'},
  },

  viewer: {
    label: 'Source',
    close: 'Close the source',
    place: (page, pages) => `Page ${page} of ${pages}`,
    nextMark: 'Next marked place',
    previousMark: 'Marked place before',
    zoomIn: 'Larger',
    zoomOut: 'Smaller',
    download: 'Download the original',
    loading: 'Opening the document',
    broken: 'This PDF cannot be shown here.',
    locked: 'The file is locked. Its password is used here alone and is not kept.',
    brokenPage: 'This page cannot be shown.',
    notThere: 'This passage is no longer in the document.',
    leaf: (page) => `Page ${page}`,
  },

  documents: {
    title: 'Documents',
    drop: 'Drop files or a folder here',
    dropMore: 'PDF, Office, web pages, mail, Markdown, text',
    dropAnywhere: 'Drop to add to your documents',
    choose: 'Choose files',
    chooseFolder: 'Choose a folder',
    all: 'All',
    reading: 'Being read',
    failed: 'Not readable',
    filter: 'Filter by name',
    emptyTitle: 'No documents yet',
    emptyText: 'Drop a file anywhere on this page. It is read on this machine, and can be asked about within seconds.',
    noneFound: 'No document matches.',
    noneReading: 'Nothing is waiting: everything was read.',
    noneFailed: 'Every file could be read.',
    listFailed: (why) => `The list could not be loaded. ${why}`,
    end: (count) => countOf(count, 'document'),
    loadMore: 'Show more',
    open: 'Open',
    askAbout: 'Ask about this',
    edit: 'Title and tags',
    download: 'Download',
    remove: 'Delete',
    removed: (name) => `${name} deleted`,
    removeFailed: (name, why) => `${name} was not deleted. ${why}`,
    stop: 'Cancel reading',
    retry: 'Read again',
    unlock: 'Enter the password',
    actions: (name) => `More for ${name}`,
    state: {queued: 'Waiting', extracting: 'Reading', embedding: 'Indexing', ready: 'Ready', failed: 'Not readable', cancelled: 'Cancelled'},
    pageOf: (page, pages) => `page ${number(page)} of ${number(pages)}`,
    passageOf: (at, all) => `passage ${number(at)} of ${number(all)}`,
    recognizing: 'reading pictures of text',
    sending: (part) => `Sending, ${Math.round(part * 100)} %`,
    sent: (done, all) => `${number(done)} of ${countOf(all, 'file')} sent`,
    working: (count, more) => `Reading ${more ? 'more than ' : ''}${countOf(count, 'document')}`,
    known: 'Is among your documents already.',
    held: (seconds) => `The server has enough to do. Going on in ${countOf(seconds, 'second')}.`,
    heldLink: 'No connection. Sending goes on as soon as the server is back.',
    unreadable: 'The file cannot be read any more: it was changed, moved or deleted. Choose it again.',
    skippedEmpty: 'The file is empty.',
    noFiles: 'There is no file in that folder.',
    tooLarge: (limit) => (limit ? `The file is larger than the ${sizeOf(limit)} that this server takes.` : 'The file is larger than this server takes.'),
    unsupported: 'This kind of file cannot be read. PDF, office files, web pages, mail, Markdown and text can.',
    encrypted: 'The file is locked with a password.',
    withoutText: (pages) => `${countOf(pages.length, 'page')} without text: ${pages.slice(0, 12).join(', ')}${pages.length > 12 ? ' ...' : ''}`,
    replacement: 'A newer version is being read; the old one answers until then.',
    passwordTitle: (name) => `${name} is locked`,
    passwordText: 'Its password is used once, to read it here, and is not kept.',
    password: 'Password',
    passwordSend: 'Unlock and read',
    editTitle: 'Title and tags',
    docTitle: 'Title',
    tags: 'Tags',
    tagsHint: 'Enter adds a tag',
    dropTag: (tag) => `Remove the tag ${tag}`,
    filterTag: (tag) => `Only documents tagged ${tag}`,
    clearTag: (tag) => `Show documents without the tag ${tag} too`,
    dismiss: (name) => `Take ${name} off this list`,
  },

  talks: {
    label: 'Conversations',
    search: 'Search conversations',
    none: 'Your conversations will be here.',
    searching: 'Searching',
    noneFound: 'No conversation has these words.',
    failed: 'Conversations could not be loaded.',
    untitled: 'New conversation',
    rename: 'Rename',
    renameLabel: 'Name of the conversation',
    remove: 'Delete',
    removed: 'Conversation deleted',
    removeFailed: (why) => `The conversation was not deleted. ${why}`,
    exportMd: 'Export as Markdown',
    exportJson: 'Export as JSON',
    actions: (title) => `More for ${title}`,
    writing: 'An answer is being written',
    missingTitle: 'This conversation is not here',
    missingText: 'It was deleted, or the address is wrong.',
    loadFailed: 'The conversation could not be loaded',
    loading: 'Loading the conversation',
  },

  settings: {
    title: 'Settings',
    appearance: 'Appearance',
    theme: {system: 'System', light: 'Light', dark: 'Dark'},
    answers: 'Answers',
    writer: 'Written by',
    standard: 'As configured',
    topK: 'Passages to read',
    topKHint: (limit) => `1 to ${limit}; more takes longer`,
    rerank: 'Rerank passages',
    rerankHint: 'Slower, and better at the order',
    server: 'Server',
    version: 'Version',
    documents: 'Documents',
    searchable: (ready, all) => (ready === all ? number(all) : `${number(ready)} of ${number(all)} searchable`),
    degraded: 'Does not work at the moment',
    api: 'Interface for programs',
    key: 'API key',
    forget: 'Forget it',
    keyHint: 'Kept in this tab alone',
    unknown: 'The server does not say.',
  },

  key: {
    title: 'This server wants its API key',
    text: 'It is the value of JACKDAW_API_KEY. It stays in this tab and is sent to this server alone.',
    label: 'API key',
    wrong: 'The server did not take this key.',
    use: 'Use it',
  },

  errors: {
    offline: 'There is no connection to Jackdaw.',
    status: (status) => `The server answered with status ${status}.`,
    not_ready: 'There is nothing to search yet: add a document and wait until it was read.',
    overloaded: 'The server has too much to do at the moment. Ask again in a moment.',
    rate_limited: 'Too many requests in a short time. Ask again in a moment.',
    starting: 'Jackdaw is still starting. Ask again in a few seconds.',
    shutting_down: 'The server is being shut down.',
    not_found: 'It is not there any more.',
    storage_full: 'The disk of the server is full. Free some space, then try again.',
  },
};
