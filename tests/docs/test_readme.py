"""What the README shows is what happens: its example at a local Airbyte, its commands those of the Makefile."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from dagster_managed_elements.cli import main as dagster_me

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
COMMAND = Path(sys.executable).parent / "dagster-me"


def fenced(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_example_prints_what_the_readme_shows(airbyte_local, tmp_path):
    (example,) = (block for block in fenced("python") if "AirbyteConnection" in block)
    (shown,) = (block for block in fenced("console") if "dagster-me check" in block)
    command, _, output = shown.partition("\n")
    (tmp_path / "shop.py").write_text(example.replace("http://localhost:8000", airbyte_local.url))
    environment = {**os.environ, "SHOP_PASSWORD": "secret of the shop"}

    def run(verb: str) -> str:
        words = [COMMAND, verb, *command.split()[3:]]
        ran = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return ran.stdout

    assert run("check") == output
    assert run("apply") == output.replace("checking", "applying")
    assert run("check").endswith("No diff found.\n")


def test_every_make_command_of_the_readme_is_a_target():
    makefile = (REPOSITORY / "Makefile").read_text()
    commands = re.findall(r"^\$ make (\S+)$", README, re.MULTILINE)
    assert {"demo", "dist", "test", "test-slow", "lint"} == set(commands)
    assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in commands)


def test_every_command_is_in_the_table_of_the_readme():
    section = README.partition("\n## The commands\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`dagster-me (\w+)", section)) == set(dagster_me.commands)


def test_ci_runs_the_readmes_commands():
    ran = re.findall(r"^make (\S+)$", (REPOSITORY / ".ci" / "run").read_text(), re.MULTILINE)
    assert ran == ["test", "test-slow", "lint"]


def test_every_link_of_the_readme_and_the_docs_leads_somewhere():
    pages = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").glob("*.md")]
    pages += (REPOSITORY / "packages").glob("*/README.md")
    missing = [
        f"{page.name}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert missing == []


def as_laid_out(page: Path) -> str:
    """What the site is made from."""
    spec = importlib.util.spec_from_file_location("command_options", REPOSITORY / "docs" / "command_options.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    return hook.on_page_markdown(page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Of the headings, as the site and GitHub make them; lines inside a block are none."""
    text = re.sub(r"^```\w*\n.*?^```$", "", as_laid_out(page), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_link_into_a_page_leads_to_a_heading_of_it():
    pages = [
        REPOSITORY / "README.md",
        *(REPOSITORY / "docs").glob("*.md"),
        *REPOSITORY.glob("packages/*/README.md"),
    ]
    links = [
        (page, *link)
        for page in pages
        for link in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    ]
    assert len(links) >= 10
    missing = [
        f"{page.name}: {file}#{anchor}"
        for page, file, anchor in links
        if anchor not in anchors(page.parent / file if file else page)
    ]
    assert missing == []


def test_no_fence_of_the_site_has_more_than_its_language():
    """Of one that has, the site makes no block: its end begins one, which takes the next heading in."""
    fences = [
        f"{page.name}: {fence}"
        for page in (REPOSITORY / "docs").glob("*.md")
        for fence in re.findall(r"^```.+$", as_laid_out(page), re.MULTILINE)
    ]
    assert len(fences) > 50
    assert [fence for fence in fences if not re.fullmatch(r"\S+ ```\w+", fence)] == []


def test_a_warning_of_the_site_stops_its_build():
    """--quiet keeps mkdocs from making the warnings that --strict counts."""
    (build,) = re.findall(r"^.*mkdocs build.*$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert "--strict" in build
    assert not re.search(r"--quiet|\s-q\s|\|", build)
