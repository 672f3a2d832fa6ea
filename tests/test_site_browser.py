"""The built site in a browser: what fits on a screen, and what is asked of whom."""

import functools
import http.server
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, require

from lab import pages, transcript

PAGES = [page.url for page in pages.load_pages(ROOT)]
# Every page in a frame of each width; what does not fit, or comes from elsewhere, is sent back.
HARNESS = """<!doctype html><meta charset="utf-8"><title>harness</title><body>
<script>
const wanted = WANTED, found = [];
function textOf(article) {
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT), texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  const aids = ".headerlink, .footnote-backref, script";  // the theme shows the first two on hover
  return texts.filter((t) => /[^\\s\u2060]/.test(t.data) && !t.parentElement.closest(aids));
}
function luminance(color) {  // WCAG 2.2, relative luminance
  const [r, g, b] = color.match(/[\\d.]+/g).map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(view, holder) {
  let behind = holder;
  const isClear = (e) => /^rgba.* 0\\)$/.test(view.getComputedStyle(e).backgroundColor);
  while (behind.parentElement && isClear(behind)) behind = behind.parentElement;
  const ground = isClear(behind) ? "rgb(255, 255, 255)" : view.getComputedStyle(behind).backgroundColor;
  const pair = [luminance(view.getComputedStyle(holder).color), luminance(ground)];
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}
function isStruck(view, holder) {
  for (let e = holder; e; e = e.parentElement)
    if (view.getComputedStyle(e).textDecorationLine.includes("line-through")) return true;
  return false;
}
async function look([page, width]) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:900px;border:0`;
  const loaded = new Promise((done) => { frame.onload = done; });
  frame.src = "/" + page;
  document.body.append(frame);
  await loaded;
  const view = frame.contentWindow, doc = frame.contentDocument;
  for (const folded of doc.querySelectorAll("details")) folded.open = true;
  await doc.fonts.ready;
  const say = (what) => found.push(`${page} at ${width}: ${what}`);
  if (doc.documentElement.scrollWidth > width) say("wider than the screen");
  for (const drawing of doc.querySelectorAll(".diagram pre")) {
    if (drawing.scrollWidth > drawing.clientWidth) say("a diagram is cut off");
    if (parseFloat(view.getComputedStyle(drawing).fontSize) < 8) say("a diagram is too small");
  }
  for (const entry of view.performance.getEntriesByType("resource"))
    if (!entry.name.startsWith(location.origin)) say("asks " + entry.name);
  if (![...doc.fonts].some((font) => font.family.includes("Lab Mono") && font.status == "loaded"))
    say("the font is not there");
  for (const text of textOf(doc.querySelector("article"))) {
    const holder = text.parentElement, style = view.getComputedStyle(holder);
    const range = doc.createRange();
    range.selectNodeContents(text);
    const { width: wide, height: high, right } = range.getBoundingClientRect();
    const upright = style.direction == "ltr" && style.textTransform == "none";
    const whole = style.unicodeBidi == "isolate" || style.unicodeBidi == "normal";
    const opaque = !/^rgba.* 0\\)$/.test(style.color) && parseFloat(style.fontSize) >= 7;
    const shown = holder.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const plain = contrast(view, holder) > 2.5 && !isStruck(view, holder);
    if (!(wide > 0 && high > 0 && right > 0 && upright && whole && opaque && shown && plain))
      say(`not to be read: ${text.data.trim()}`);
  }
  for (const block of doc.querySelectorAll("pre > code"))
    if (view.getComputedStyle(block).whiteSpace != "pre") say("a block of columns is wrapped");
  for (const table of doc.querySelectorAll(".md-typeset__scrollwrap"))
    if (table.scrollWidth > table.clientWidth) say("a table is cut off");
  for (const button of doc.querySelectorAll(".console button")) {  // the theme's script copies
    let copied;
    doc.execCommand = () => { copied = [...doc.querySelectorAll("textarea")].at(-1)?.value; };
    button.click();
    if (copied != button.dataset.clipboardText) say(`a button copies ${copied}`);
    else if (width == 390) found.push(`copies ${copied}`);
  }
  for (const figure of doc.querySelectorAll("figure.diagram"))
    if (!figure.getAttribute("aria-label")) say("a diagram has no alternative");
  found.push(`${page} at ${width}: looked at`);
  frame.remove();
}
(async () => {
  try { for (const item of wanted) await look(item); }
  catch (error) { found.push(`the harness: ${error}`); }
  await fetch("/found", {method: "POST", body: JSON.stringify(found)});
})();
</script>"""


class Served(http.server.ThreadingHTTPServer):
    """The built site and the harness, on a free loopback port; `found` gets what is sent back."""

    def __init__(self, folder: Path) -> None:
        handler = functools.partial(Handler, directory=str(folder))
        super().__init__(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.found: queue.Queue[list[str]] = queue.Queue()


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.found.put(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def served(built_site: Path, tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "site"
    shutil.copytree(built_site, folder)
    wanted = [(page, width) for page in PAGES for width in (390, 1280)]
    (folder / "harness.html").write_text(HARNESS.replace("WANTED", json.dumps(wanted)), "utf-8")
    with Served(folder) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


def look(served: Served, folder: Path) -> list[str]:
    """Open the harness in a browser and return what it sent back."""
    require("chromium")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync"
    quiet = "--disable-background-networking --disable-component-update --disable-quic"
    # Its processes end, and its files go, with this one, even after SIGKILL (prctl(2)).
    command = [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "chromium",
        *flags.split(),
        *quiet.split(),
        "--window-size=1400,1000",
    ]
    place = [f"--user-data-dir={folder / 'profile'}", f"{served.address}/harness.html"]
    # A path of a Unix socket has room for 107 bytes (unix(7)), and that of a test takes them.
    with tempfile.TemporaryDirectory() as short, (folder / "errors").open("w") as errors:
        environ = os.environ | {"TMPDIR": short}
        browser = subprocess.Popen([*command, *place], env=environ, stdout=errors, stderr=errors)
        try:
            return served.found.get(timeout=100)
        except queue.Empty:
            return pytest.fail((folder / "errors").read_text()[-2000:])
        finally:
            browser.terminate()  # it ends its helpers itself
            browser.wait(20)


def test_every_page_fits_and_asks_nobody_else(served: Served, tmp_path: Path) -> None:
    found = look(served, tmp_path)
    assert len([line for line in found if line.endswith("looked at")]) == 2 * len(PAGES)
    copied = sorted(line for line in found if line.startswith("copies "))
    assert copied == sorted(f"copies {command}" for command in commands())
    assert [
        line for line in found if not line.startswith("copies ") and not line.endswith("looked at")
    ] == []


def commands() -> list[str]:
    """Return the command of every step that a page shows."""
    files = (ROOT / "snippets").rglob("*.console")
    steps = [step for file in files for step in transcript.load(file).steps]
    return [step.command for step in steps if not step.returns]


# A sentence of the page for each way to say something that nobody can read.
UNREADABLE = {
    "display: none": "Ctrl+C ends the server, and the port",
    "visibility: hidden": "Both ways open the same listener: one",
    "opacity: 0": "takes the same pair;",
    "font-size: 0": "needs no privilege on Linux.",
    "color: transparent": "FastAPI has no port of its own: importing the app",
    "direction: rtl; unicode-bidi: bidi-override": "Linux refuses an ordinary user: Uvicorn",
    "text-decoration: line-through": "reach the same app, with curl, with httpx",
    "color: #eee": "A client that names",
    "margin-left: -9999px; position: absolute": "prints nothing and ends with exit status 1",
    "text-transform: uppercase": "says where the free ports begin; its default is",
}


def test_what_does_not_fit_is_found(served: Served, tmp_path: Path) -> None:
    page = tmp_path / "site" / "start" / "local" / "index.html"
    wide = page.read_text("utf-8").replace("--columns: 57", "--columns: 20")
    other = served.address.replace("127.0.0.1", "localhost") + "/assets/images/favicon.png"
    text = wide.replace("<h1", f'<img src="{other}" alt=""><h1')
    text = text.replace("<table>", '<table style="min-width: 900px">')
    text = text.replace('<code tabindex="0">', '<code style="white-space: pre-wrap">', 1)
    for style, said in UNREADABLE.items():
        assert text.count(said) == 1
        text = text.replace(said, f'<span style="{style}">{said}</span>')
    page.write_text(text, "utf-8")
    found = "\n".join(look(served, tmp_path))
    assert "start/local/ at 390: a diagram is cut off" in found
    assert f"start/local/ at 390: asks {other}" in found
    assert "start/local/ at 390: a table is cut off" in found
    assert "start/local/ at 390: a block of columns is wrapped" in found
    for said in UNREADABLE.values():
        assert f"start/local/ at 390: not to be read: {said}" in found
