"""What stands in place of a marker such as [PROOFS], and at the foot of each page."""

import html

from markdown import Markdown

from lab import record, site
from lab.listing import listing
from lab.pages import Page
from lab.placeholders import TABLE
from lab.processor import PROOFS_PAGE, Processor, failing


class Markers(Processor):
    """Replace a line such as [PROOFS] by what the proofs, the claims or the record say."""

    @failing
    def run(self, lines: list[str]) -> list[str]:
        if not self.state.page:
            return lines
        made = {
            "[COVERAGE]": lambda: [site.coverage_table(self.state.site, name_of=_linked)],
            "[VERSIONS]": self._versions,
            "[PLACEHOLDERS]": lambda: TABLE,
        }
        out: list[str] = []
        for line in lines:
            marker = line.strip()
            # One line for each line, so that the numbers of the lines below stay true.
            if marker == "[PROOFS]":
                out.append("\n".join(listing(self.state, self._convert)))
            elif marker in made:
                out.append(self.state.keep(self._convert("\n".join(made[marker]()))))
            else:
                out.append(line)
        return [*out, "", self._foot()]

    def _convert(self, text: str) -> str:
        extensions = ["tables", "pymdownx.superfences", "pymdownx.highlight", "attr_list"]
        extensions += ["md_in_html"]
        return Markdown(extensions=extensions).convert(text)

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
