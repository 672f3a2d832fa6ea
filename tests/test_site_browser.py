"""The built site in a browser: what fits on a screen, and what is asked of whom."""

import functools
import html
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, require

from lab import pages

PAGES = [page.url for page in pages.load_pages(ROOT)]
# Every page in a frame of each width; what does not fit, or comes from elsewhere, is written down.
HARNESS = """<!doctype html><meta charset="utf-8"><title>harness</title><pre id="found">running</pre>
<script>
const wanted = WANTED, found = [];
async function look([page, width]) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:900px;border:0`;
  const loaded = new Promise((done) => { frame.onload = done; });
  frame.src = "/" + page;
  document.body.append(frame);
  await loaded;
  const view = frame.contentWindow, doc = frame.contentDocument;
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
  for (const figure of doc.querySelectorAll("figure.diagram"))
    if (!figure.getAttribute("aria-label")) say("a diagram has no alternative");
  found.push(`${page} at ${width}: looked at`);
  frame.remove();
}
(async () => {
  for (const item of wanted) await look(item);
  document.getElementById("found").textContent = JSON.stringify(found);
})();
</script>"""


@pytest.fixture
def served(built_site: Path, tmp_path: Path) -> Iterator[str]:
    """The built site and the harness, served on a free loopback port."""
    folder = tmp_path / "site"
    shutil.copytree(built_site, folder)
    wanted = [(page, width) for page in PAGES for width in (390, 1280)]
    (folder / "harness.html").write_text(HARNESS.replace("WANTED", json.dumps(wanted)), "utf-8")
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


def look(address: str, profile: Path) -> list[str]:
    """Open the harness in a browser and return what it wrote down."""
    require("chromium")
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync"
    quiet = "--disable-background-networking --disable-component-update"
    ended = subprocess.run(
        [
            "chromium",
            *flags.split(),
            *quiet.split(),
            f"--user-data-dir={profile}",
            "--virtual-time-budget=60000",
            "--window-size=1400,1000",
            "--dump-dom",
            f"{address}/harness.html",
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    written = re.search(r'<pre id="found">(.*?)</pre>', ended.stdout, re.S)
    assert written, ended.stderr[-2000:]
    return json.loads(html.unescape(written[1]))


def test_every_page_fits_and_asks_nobody_else(served: str, tmp_path: Path) -> None:
    found = look(served, tmp_path / "profile")
    assert len([line for line in found if line.endswith("looked at")]) == 2 * len(PAGES)
    assert [line for line in found if not line.endswith("looked at")] == []


def test_what_does_not_fit_is_found(served: str, tmp_path: Path) -> None:
    page = tmp_path / "site" / "start" / "local" / "index.html"
    wide = page.read_text("utf-8").replace("--columns: 57", "--columns: 20")
    other = served.replace("127.0.0.1", "localhost") + "/assets/images/favicon.png"
    page.write_text(wide.replace("<h1", f'<img src="{other}" alt=""><h1'), "utf-8")
    found = "\n".join(look(served, tmp_path / "profile"))
    assert "start/local/ at 390: a diagram is cut off" in found
    assert f"start/local/ at 390: asks {other}" in found
