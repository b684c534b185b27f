// The pages of one PDF in a scrolling box, drawn when they come into view, with places marked on them. Drawn by pdf.js
// without evaluation, forms or scripts of the document.
import {accessHeaders} from './api.js';
import {el} from './dom.js';
import {words} from './strings.js';

const kFolder = '/app/pdfjs/';
const kMostPixels = 12e6;  // of one canvas; larger ones fail in some browsers
const kKept = 8;  // drawn pages
const kZooms = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4];

let library = null;
let worker = null;

// The one address that may become a script, where the browser asks (Trusted Types).
const scriptAddress = (address) => {
  const policy = window.trustedTypes?.createPolicy('jackdaw', {createScriptURL: () => `${kFolder}pdf.worker.min.mjs`});
  return policy ? policy.createScriptURL(address) : address;
};

async function load() {
  library ??= import(`${kFolder}pdf.min.mjs`);
  const pdfjs = await library;
  worker ??= new pdfjs.PDFWorker({port: new Worker(scriptAddress(`${kFolder}pdf.worker.min.mjs`), {type: 'module'})});
  return pdfjs;
}

export class PdfPages {
  // `box` scrolls; `moved()` is called when another page is in its middle; askPassword() gives the password of a locked
  // file, or null.
  constructor(box, moved, askPassword) {
    this.box = box;
    this.askPassword = askPassword;
    this.moved = moved;
    this.leaves = [];
    this.page = 1;
    this.zoom = 1;  // 1: as wide as the box
    this.marks = [];
    this.drawn = [];
    this.list = el('div', {class: 'leaves', 'data-testid': 'pages'});
    this.watcher = new IntersectionObserver((entries) => this.seen(entries), {root: box, rootMargin: '400px 0px'});
    this.resized = new ResizeObserver(() => this.fit());
    this.scrolled = () => this.findPage();
  }

  get count() {
    return this.leaves.length;
  }

  async open(address) {
    const pdfjs = await load();
    this.pdfjs = pdfjs;
    this.task = pdfjs.getDocument({
      url: address, httpHeaders: accessHeaders(), worker, isEvalSupported: false, enableXfa: false, useWasm: false, stopAtErrors: false,
      disableAutoFetch: true, disableStream: true, useSystemFonts: false, maxImageSize: 64e6,
      cMapUrl: `${kFolder}cmaps/`, cMapPacked: true, standardFontDataUrl: `${kFolder}standard_fonts/`, wasmUrl: `${kFolder}wasm/`});
    this.task.onPassword = (answer) => this.askPassword().then((password) => (password === null ? this.task.destroy() : answer(password)));
    this.pdf = await this.task.promise;
    const first = await this.pdf.getPage(1);
    const {width, height} = first.getViewport({scale: 1});
    // The others are taken to be as large as the first until they are drawn.
    this.leaves = Array.from({length: this.pdf.numPages}, (_, at) => {
      const root = el('div', {class: 'leaf', role: 'group', 'aria-label': words.viewer.leaf(at + 1), 'data-page': at + 1});
      return {number: at + 1, root, width, height, state: ''};
    });
    this.list.replaceChildren(...this.leaves.map((leaf) => leaf.root));
    this.box.replaceChildren(this.list);
    this.fit();
    for (const leaf of this.leaves) this.watcher.observe(leaf.root);
    this.resized.observe(this.box);
    this.box.addEventListener('scroll', this.scrolled, {passive: true});
  }

  close() {
    this.closed = true;
    this.watcher.disconnect();
    this.resized.disconnect();
    this.box.removeEventListener('scroll', this.scrolled);
    this.task?.destroy();
  }

  // ---- size ---------------------------------------------------------------------------------------------------------

  scaleOf(leaf) {
    return (this.fitWidth / leaf.width) * this.zoom;
  }

  size(leaf) {
    const scale = this.scaleOf(leaf);
    leaf.root.style.width = `${leaf.width * scale}px`;
    leaf.root.style.height = `${leaf.height * scale}px`;
    leaf.root.style.setProperty('--total-scale-factor', scale);
  }

  // As wide as the box lets it; the place in the middle stays in the middle.
  fit() {
    const width = Math.max(120, this.box.clientWidth - (this.box.clientWidth < 480 ? 24 : 36));
    if (width === this.fitWidth && this.zoom === this.fittedZoom) return;
    const leaf = this.leaves[this.page - 1];
    const before = leaf?.root.offsetHeight ? (this.box.scrollTop - leaf.root.offsetTop) / leaf.root.offsetHeight : 0;
    this.fitWidth = width;
    this.fittedZoom = this.zoom;
    for (const each of this.leaves) this.size(each);
    if (leaf) this.box.scrollTop = leaf.root.offsetTop + before * leaf.root.offsetHeight;
    clearTimeout(this.redrawing);
    this.redrawing = setTimeout(() => {
      for (const each of this.leaves) {
        if (each.state === 'drawn') each.state = 'stale';
        if (each.near) this.draw(each);
      }
    }, 120);
  }

  setZoom(step) {
    const at = kZooms.findIndex((zoom) => zoom >= this.zoom - 0.01);
    this.zoom = step === 0 ? 1 : kZooms[Math.max(0, Math.min(kZooms.length - 1, at + step))];
    this.fit();
  }

  // ---- drawing ------------------------------------------------------------------------------------------------------

  seen(entries) {
    for (const entry of entries) {
      const leaf = this.leaves[Number(entry.target.dataset.page) - 1];
      leaf.near = entry.isIntersecting;
      if (leaf.near) this.draw(leaf);
    }
  }

  async draw(leaf) {
    if (this.closed || leaf.state === 'drawing' || leaf.state === 'drawn' || leaf.state === 'broken') return;
    leaf.state = 'drawing';
    try {
      const page = await this.pdf.getPage(leaf.number);
      this.learnSize(leaf, page);
      const scale = this.scaleOf(leaf);
      const viewport = page.getViewport({scale});
      const density = Math.min(Math.max(1, window.devicePixelRatio || 1), Math.sqrt(kMostPixels / (viewport.width * viewport.height)));
      const canvas = el('canvas', {width: Math.ceil(viewport.width * density), height: Math.ceil(viewport.height * density), 'aria-hidden': 'true'});
      await page.render({canvas, viewport, transform: density === 1 ? null : [density, 0, 0, density, 0, 0], annotationMode: this.pdfjs.AnnotationMode.ENABLE}).promise;
      if (this.closed) return;
      leaf.root.replaceChildren(canvas, await this.textOf(page, viewport));
      leaf.page = page;
      leaf.state = this.scaleOf(leaf) === scale ? 'drawn' : 'stale';
      leaf.root.dataset.drawn = 'true';
      this.drawMarks(leaf);
      this.keep(leaf);
      if (leaf.state === 'stale') this.draw(leaf);
    } catch {
      if (this.closed) return;
      leaf.state = 'broken';
      leaf.root.replaceChildren(el('p', {class: 'broken'}, words.viewer.brokenPage));
      leaf.root.dataset.drawn = 'broken';
    }
  }

  learnSize(leaf, page) {
    const {width, height} = page.getViewport({scale: 1});
    if (width === leaf.width && height === leaf.height) return;
    const before = leaf.root.offsetHeight;
    Object.assign(leaf, {width, height});
    this.size(leaf);
    // A page above that turns out to be taller must not push away what is being read.
    if (leaf.number < this.page) this.box.scrollTop += leaf.root.offsetHeight - before;
  }

  // The page's words, for selecting and for screen readers.
  async textOf(page, viewport) {
    const container = el('div', {class: 'textLayer'});
    try {
      await new this.pdfjs.TextLayer({textContentSource: page.streamTextContent(), container, viewport}).render();
    } catch {
      // The picture of the page is there.
    }
    return container;
  }

  keep(leaf) {
    this.drawn = [...this.drawn.filter((other) => other !== leaf), leaf];
    for (const old of this.drawn.filter((other) => !other.near).slice(0, Math.max(0, this.drawn.length - kKept))) {
      old.state = '';
      old.root.replaceChildren();
      delete old.root.dataset.drawn;
      old.page?.cleanup();
      this.drawn.splice(this.drawn.indexOf(old), 1);
    }
  }

  // ---- marks --------------------------------------------------------------------------------------------------------

  // `marks`: [{page, boxes, active, verified}]; boxes are in points from the top left of the unrotated crop box.
  setMarks(marks) {
    this.marks = marks;
    for (const leaf of this.leaves) if (leaf.page && leaf.root.dataset.drawn) this.drawMarks(leaf);
  }

  rectangle(leaf, page, [left, top, right, bottom]) {
    const viewport = page.getViewport({scale: 1});
    const [x0, , , y1] = page.view;
    const [a, b] = viewport.convertToViewportPoint(x0 + left, y1 - top);
    const [c, d] = viewport.convertToViewportPoint(x0 + right, y1 - bottom);
    return {left: Math.min(a, c) / viewport.width, top: Math.min(b, d) / viewport.height, width: Math.abs(c - a) / viewport.width, height: Math.abs(d - b) / viewport.height};
  }

  drawMarks(leaf) {
    leaf.root.querySelector('.marks')?.remove();
    const own = this.marks.filter((mark) => mark.page === leaf.number);
    if (!own.length) return;
    const layer = el('div', {class: 'marks', 'aria-hidden': 'true'});
    for (const mark of own) {
      for (const box of mark.boxes) {
        const mark_box = el('div', {class: `mark-box ${mark.active ? 'active' : ''} ${mark.verified === false ? 'doubtful' : ''}`, 'data-testid': 'mark'});
        for (const [side, part] of Object.entries(this.rectangle(leaf, leaf.page, box))) mark_box.style[side] = `${part * 100}%`;
        layer.append(mark_box);
      }
    }
    leaf.root.append(layer);
  }

  // Brings a mark (or the top of its page) to the upper third of the box.
  async goTo(number, boxes = []) {
    const leaf = this.leaves[Math.max(1, Math.min(this.count, number)) - 1];
    if (!leaf) return;
    const page = await this.pdf.getPage(leaf.number);
    if (this.closed) return;
    this.learnSize(leaf, page);
    this.page = leaf.number;
    const places = boxes.map((box) => this.rectangle(leaf, page, box));
    const top = places.length ? Math.min(...places.map((place) => place.top)) : 0;
    const left = places.length ? Math.min(...places.map((place) => place.left)) : 0;
    const {width, height} = leaf.root.getBoundingClientRect();
    this.box.scrollTop = leaf.root.offsetTop + (places.length ? top * height - this.box.clientHeight * 0.3 : -12);
    this.box.scrollLeft = leaf.root.offsetLeft + left * width - 40;
    this.moved();
  }

  findPage() {
    const middle = this.box.scrollTop + this.box.clientHeight * 0.45;
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const at = Math.ceil((low + high) / 2);
      if (this.leaves[at].root.offsetTop <= middle) low = at;
      else high = at - 1;
    }
    if (this.page === low + 1) return;
    this.page = low + 1;
    this.moved();
  }
}
