"""What stands in place of a marker such as [PROOFS], and at the foot of each page."""

import html
import re

from markdown import Markdown

from lab import record, site
from lab.pages import Page
from lab.placeholders import TABLE
from lab.processor import PROOFS_PAGE, Processor, failing
from lab.proofs import Proof


def anchor_of(path: str) -> str:
    """Return the name that a page can link to the transcript at `path` by."""
    return re.sub(r"[^a-z0-9]+", "-", path.removeprefix("snippets/").lower()).strip("-")


class Markers(Processor):
    """Replace a line such as [PROOFS] by what the proofs, the claims or the record say."""

    @failing
    def run(self, lines: list[str]) -> list[str]:
        if not self.state.page:
            return lines
        made = {
            "[PROOFS]": self._proofs,
            "[COVERAGE]": lambda: [site.coverage_table(self.state.site, name_of=_linked)],
            "[VERSIONS]": self._versions,
            "[PLACEHOLDERS]": lambda: TABLE,
        }
        out: list[str] = []
        for line in lines:
            text = "\n".join(made[line.strip()]()) if line.strip() in made else line
            # One line for each line, so that the numbers of the lines below stay true.
            out.append(self.state.keep(self._convert(text)) if text != line else line)
        return [*out, "", self._foot()]

    def _convert(self, text: str) -> str:
        extensions = ["tables", "pymdownx.superfences", "pymdownx.highlight", "attr_list"]
        return Markdown(extensions=extensions).convert(text)

    def _proofs(self) -> list[str]:
        found, out = self.state.site, []
        for page in found.pages:
            own = [proof for proof in found.proofs if proof.page == page.path]
            if own:
                out += [
                    f"## [{page.title}]({self.state.link(page.url)})" + f" {{: #of-{page.stem} }}",
                    "",
                ]
            for proof in own:
                out += self._proof(proof)
        return out

    def _proof(self, proof: Proof) -> list[str]:
        shown = [
            f"It runs [{name_}]({self.state.link(url)})."
            for name_ in proof.transcripts
            if (url := self._shows(proof.page, name_))
        ]
        return [
            f"### {proof.title} {{: #{proof.anchor} }}",
            "",
            *[f"> {_unlinked(text)}\n" for _, text in proof.quotes],
            f"`{proof.file}`, line {proof.line}. {' '.join(shown)}",
            "",
            "```python",
            proof.source,
            "```",
            "",
        ]

    def _shows(self, page_path: str, name: str) -> str:
        page = next(page for page in self.state.site.pages if page.path == page_path)
        path = next((path for _, path in page.includes if path.endswith("/" + name)), "")
        return f"{page.url}#{anchor_of(path)}" if path else ""

    def _versions(self) -> list[str]:
        found = record.load(self.state.root)
        rows = [f"| {name} | {version} |" for name, version in found["versions"].items()]
        return ["| what | version |", "|---|---|", *rows, f"| day of the record | {found['day']} |"]

    def _foot(self) -> str:
        found = record.load(self.state.root)
        names = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
        count = self.state.site.count(self.state.page)
        proven, sourced = f"{count[site.PROVEN]} proven", f"{count[site.SOURCED]} sourced"
        link = self.state.link(f"{PROOFS_PAGE}#of-{self.state.page.stem}")
        return self.state.keep(
            f'<p class="recorded">Statements here: <a href="{link}">{proven}</a>, {sourced}. '
            f"Recorded on {found['day']} with {html.escape(names)}.</p>"
        )


def _linked(page: Page) -> str:
    """Name a page by its title, as a link to its proofs."""
    return f"[{page.title}](#of-{page.stem})" if page.title else page.path


def _unlinked(text: str) -> str:
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
