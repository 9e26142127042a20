"""Templates into HTML. Everything that comes from a store or a connector is escaped, by default and everywhere."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from airbyte_local.pages import wording

if TYPE_CHECKING:
    from jinja2 import Environment

ASSETS = {
    "pages.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
TICKING = re.compile(r"(<time[^>]*>)[^<]*")
"""What an element of time says is known from its attributes, and changes by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a page that is sent again when its *digest* has become another."""

    id: str
    html: str
    digest: str


def page(name: str, context: Mapping[str, Any]) -> str:
    return _templates().get_template(name).render(context)


def part(name: str, context: Mapping[str, Any]) -> Part:
    """The template of that name. `digests` of *context* has those parts whose HTML does not decide what is news."""
    html = page(f"parts/{name}.html", context)
    told = context.get("digests", {}).get(name) or TICKING.sub(r"\1", html)
    return Part(id=name, html=html, digest=_digest(told))


@functools.cache
def asset(name: str) -> bytes:
    """One of ASSETS."""
    return (files("airbyte_local.pages") / "assets" / name).read_bytes()


@functools.cache
def asset_url(name: str) -> str:
    """Another one for other content, so that browsers may keep what they have."""
    return f"/assets/{name}?{hashlib.sha256(asset(name)).hexdigest()[:12]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@functools.cache
def _templates() -> Environment:
    # Imported here: most servers are started by tests, and never show a page.
    from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
    from jinja2.runtime import Context
    from markupsafe import Markup

    @pass_context
    def live(context: Context, name: str, role: str | None = None) -> Markup:
        """The part of that name where it is renewed. *role*: `status` has its news read out."""
        found = part(name, context.get_all())
        said = Markup(' role="{}"').format(role) if role else ""
        return Markup('<div id="{}" class="live" data-digest="{}" tabindex="-1"{}>{}</div>').format(
            found.id,
            found.digest,
            said,
            Markup(found.html),  # noqa: S704 - escaped when it was made
        )

    found: Any = Environment(
        loader=PackageLoader("airbyte_local.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        name: getattr(wording, name) for name in ("ago", "exact", "machine", "clock", "number", "size", "duration")
    }
    found.filters["status_words"] = wording.STATUSES.get
    found.globals |= {"asset_url": asset_url, "counting": wording.counting, "live": live}
    return found
