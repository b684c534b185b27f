// Printed PDFs hold a real hyphen where a word is divided over a line end, and nothing elsewhere; a browser would leave every
// soft hyphen in the file. So: a soft hyphen at which the line breaks becomes a hyphen, every other one goes.
window.addEventListener('load', async () => {
  await document.fonts.ready;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const settled = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data;
    let out = '';
    for (let i = 0; i < text.length; i++) {
      if (text[i] !== '\u00ad') {
        out += text[i];
        continue;
      }
      const top = (at) => {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        return [...range.getClientRects()].pop().top;
      };
      if (top(i - 1) !== top(i + 1)) out += '-';
    }
    settled.push([node, out]);
  }
  for (const [node, out] of settled) node.data = out;
});
