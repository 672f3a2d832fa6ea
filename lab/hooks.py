"""What MkDocs calls before it reads a page (mkdocs.yml, `hooks`).

The extension lab.markdown checks as well, for any builder; but what it raises, MkDocs shows under
the name of the page that it reads at that moment, and in a site already emptied.
"""

import logging

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import get_plugin_logger

from lab import site
from lab.markdown import ROOT, check_page, check_site
from lab.processor import failing

log = get_plugin_logger("lab")


@failing
def on_pre_build(config: MkDocsConfig) -> None:
    """Raise the first fault of the site, whatever it is about; outside CI, log open claims."""
    found = site.load(ROOT)
    check_site(found)
    for page in found.pages:
        check_page(found, page)
    # A warning would fail a strict build, and outside CI that may have open claims.
    level = logging.INFO if config.strict else logging.WARNING
    for page in found.pages:
        for error in found.open_claims(page):
            log.log(level, "%s", error)
