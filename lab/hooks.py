"""What MkDocs calls before it reads a page (mkdocs.yml, `hooks`).

The extension lab.markdown checks as well, for any builder; but what it raises, MkDocs shows under
the name of the page that it reads at that moment, and in a site already emptied.
"""

from mkdocs.config.defaults import MkDocsConfig

from lab import site
from lab.markdown import ROOT, check_page, check_site
from lab.processor import failing


@failing
def on_pre_build(config: MkDocsConfig) -> None:
    """Raise the first fault of the site, whatever it is about."""
    found = site.load(ROOT)
    check_site(found)
    for page in found.pages:
        check_page(found, page)
