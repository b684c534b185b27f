"""The page's Markdown in a real Chromium: what it builds, and that a text which streams ends as the same text at once."""

import shutil

import pytest

from app_page import Page, Program

pytestmark = pytest.mark.skipif(not shutil.which("chromedriver"), reason="chromedriver is not installed (Debian packages chromium, chromium-driver)")

# build(text, cut): the HTML of a text that arrives in the pieces cut(text) gives; [1] to [3] are sources.
BUILD = r"""
const build = (text, pieces) => import('/app/markdown.js').then(({MarkdownText}) => {
  const box = document.createElement('div');
  document.body.append(box);
  const chip = (n, ordinal) => Object.assign(document.createElement('button'), {textContent: `${n}.${ordinal}`});
  const view = new MarkdownText(box, {sources: () => 3, chip});
  for (const piece of pieces) { view.append(piece); view.flush(); }
  view.flush(true);
  box.normalize();
  const html = box.innerHTML;
  box.remove();
  return html;
});
const pieces = (text, seed) => {
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
  const all = [];
  for (let at = 0; at < text.length;) { const size = 1 + Math.floor(random() * (seed % 2 ? 3 : 14)); all.push(text.slice(at, at + size)); at += size; }
  return all;
};
"""

SAMPLE = """# Prices with **bold** and `code`

The list price is **€68,400** ex works [1]. It _includes_ the dock [2][3], not [7] or [0]. snake_case_word and 5 * 3 * 2.
A second line with a hard  
break and <br> too. An [unclosed link](https://exa

1. First item
2. Second item with [a link](https://example.org/x?y=1 "title")
   - nested *one*
   - nested two

     a paragraph inside
3. Third

- loose

- list [1]

| Item | Price |
|:-----|------:|
| Magpie-7 | €68,400 [2] |
| a \\| b | `c` |

> quoted **text**
> more

```python
x = [1]
# not a heading

print("``` inside")
```

~~gone~~ https://example.com/path_(x)?a=b. ***both*** **bold *inner* end** \\*escaped\\* <b>no html</b> &amp;

---

12
13. not a list that begins in a word, 💶 and more
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    program = Program(tmp_path_factory.mktemp("markdown") / "p", [{"text": "x"}])
    with Page(width=1000, height=800) as browser:
        browser.go(program)
        yield browser
    program.stop()


def built(page, text):
    return page.run(BUILD + "return build(arguments[0], [arguments[0]])", text)


def test_a_text_that_streams_ends_as_the_same_text_at_once(page):
    different = page.run(BUILD + """
        const text = arguments[0];
        return build(text, [text]).then(async (whole) => {
          const different = [];
          for (let seed = 1; seed <= 120; seed++) {
            const html = await build(text, pieces(text, seed * 7919));
            if (html !== whole) different.push([seed, html]);
          }
          return different;
        });""", SAMPLE)
    assert different == []


def test_it_knows_the_forms_that_writers_use(page):
    html = built(page, SAMPLE)
    for part in ("<h3>Prices with <strong>bold</strong> and <code>code</code></h3>", "<button>1.0</button>", "not [7] or [0]",
                 "snake_case_word and 5 * 3 * 2", "hard  <br>break", '<li>nested <em>one</em></li>', '<td class="right">€68,400 <button>2.4</button></td>',
                 "<td>a | b</td>", "<blockquote><p>quoted <strong>text</strong>\nmore</p></blockquote>", "x = [1]\n# not a heading\n\nprint(\"``` inside\")",
                 "<del>gone</del>", "<strong><em>both</em></strong>", "*escaped* &lt;b&gt;no html&lt;/b&gt; &amp;amp;", "<hr>"):
        assert part in html, (part, html)


@pytest.mark.parametrize("text", [
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "[x](vbscript:x)", "[x](//evil.example/)",
    "[x](/v1/documents)", "[x](https://good.example@evil.example/)", "<javascript:alert(1)>", "[x](file:///etc/passwd)", "[x](blob:https://x/y)"])
def test_only_plain_web_addresses_can_be_clicked(page, text):
    assert "<a " not in built(page, text)


def test_a_link_shows_where_it_goes_and_tells_nothing_about_where_it_came_from(page):
    html = built(page, "[your bank](https://evil.example/%E2%80%AE?x=1)")
    assert 'href="https://evil.example/%E2%80%AE?x=1"' in html and 'rel="noopener noreferrer nofollow"' in html and 'target="_blank"' in html
    assert "(https://evil.example/%E2%80%AE?x=1)" in html
    assert "xn--" in built(page, "[apple](https://аpple.example/)"), "a look-alike letter is shown as what it is"


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "![x](http://127.0.0.1:9/x.png)", "<script>alert(1)</script>", "<iframe src=//x></iframe>",
                                  "<svg onload=alert(1)>", "```html\n<img src=x>\n```", "| <img src=x> |\n|---|\n| <style>*{}</style> |", "<a href='javascript:1'>x</a>"])
def test_nothing_in_it_becomes_an_element_of_its_own(page, text):
    html = built(page, text)
    for tag in ("<img", "<script", "<iframe", "<svg", "<style", "onerror=\"", "onload=\""):
        assert tag not in html.replace("&lt;", "&"), html


@pytest.mark.parametrize("unit", ["*", "`a", "[", "_a *b ", "[a](http://x.y/", "> ", "- ", "|a", "~~", "<br", "\\", "#", "**a", "`` ` "])
def test_no_shape_of_text_makes_it_slow(page, unit):
    """A program whose time grew with the square of the length would not end within the driver's minute."""
    text = unit * (60000 // len(unit))
    page.run(BUILD + "return build(arguments[0], arguments[0].match(/[^]{1,6000}/g)).then((html) => html.length)", text)
