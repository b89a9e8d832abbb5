"""README, CONTRIBUTING and the docs' overview tell of what is there: marts, commands, vars, links.

The tree of the README is held against the disk in test_project_shape.py.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from moodle_analytics import cli
from moodle_analytics.dashboard import specification
from test_cli import commands
from test_project_shape import files_under, report

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "models/overview.md")
COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ )*moodle-analytics(?: |$)")
# Words of a command line that its reader fills in, or that follow it.
END_OF_COMMAND = ("|", ">", "&&", ";")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code_of(text: str) -> Iterator[str]:
    """Give each line of fenced code, and each piece of code within a line (also a broken one)."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    for block in blocks:
        yield from block.splitlines()
    rest = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.M | re.S)
    for code in re.findall(r"`([^`]+)`", rest):
        yield " ".join(code.split())


def marts(manifest: Mapping[str, Any]) -> set[str]:
    return {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "/marts/" in node["original_file_path"]
    }


# Commands


def command_lines(text: str) -> list[str]:
    """Give the command lines of a text, without remarks behind them."""
    lines = [re.split(r"\s+#\s", line)[0].strip() for line in code_of(text)]
    found = [line for line in lines if COMMAND.match(line)]
    found += re.findall(r"\$\((moodle-analytics [^)]+)\)", "\n".join(lines))
    return found


def fault_of(line: str) -> str | None:
    """Say what is wrong with a command line: an unknown command, option or value."""
    words = shlex.split(line.partition("moodle-analytics")[2])
    for end in END_OF_COMMAND:
        words = words[: words.index(end)] if end in words else words
    command: Any = typer.main.get_command(cli.app)
    # Typer's groups are of a class of its own.
    while hasattr(command, "commands"):
        if not words or words[0].startswith("-"):
            return None if words in (["--help"], ["--version"]) else f"{line}: no command"
        name = words.pop(0)
        if name not in command.commands:
            return f"{line}: there is no command {name}"
        command = command.commands[name]
    if command.context_settings.get("ignore_unknown_options"):
        return None
    known = {option: one for one in command.params for option in [*one.opts, *one.secondary_opts]}
    unknown = [
        word
        for word in words
        if word.startswith("-") and word != "-" and word.partition("=")[0] not in {*known, "--help"}
    ]
    return f"{line}: there is no option {', '.join(unknown)}" if unknown else None


@pytest.mark.parametrize("name", PAGES)
def test_command_lines_are_those_of_the_command(name: str) -> None:
    lines = command_lines(text_of(name))
    assert lines or name == "CONTRIBUTING.md"
    report(f"{name}: {fault}" for line in lines if (fault := fault_of(line)))


def test_wrong_command_lines_are_found() -> None:
    text = """
Say `moodle-analytics nonsense`, or `moodle-analytics
train --nonsense 3`.

```
moodle-analytics load moodle.sql.gz      # a --pg_dump
PGDATABASE=x moodle-analytics remind --sendd smtp
eval "$(moodle-analytics db url --exports)"
moodle-analytics --nonsense
```
"""
    assert [fault_of(line) for line in command_lines(text)] == [
        None,
        "PGDATABASE=x moodle-analytics remind --sendd smtp: there is no option --sendd",
        "moodle-analytics --nonsense: no command",
        "moodle-analytics nonsense: there is no command nonsense",
        "moodle-analytics train --nonsense 3: there is no option --nonsense",
        "moodle-analytics db url --exports: there is no option --exports",
    ]


def test_every_command_is_in_the_readme() -> None:
    told = " ".join(text_of("README.md").split())
    faults = []
    for path in commands(typer.main.get_command(cli.app)):
        said = (f"moodle-analytics {' '.join(path)}", f"`{path[-1]}`", f"make {path[-1]}")
        # `db` is told of as a whole.
        if path[0] != "db" and not any(words in told for words in said):
            faults.append(f"moodle-analytics {' '.join(path)}: not in the README")
    report(faults)


@pytest.mark.parametrize("name", PAGES)
def test_targets_of_make_are_those_of_the_makefile(name: str) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", text_of("Makefile"), re.M))
    told = {
        word
        for line in code_of(text_of(name))
        for word in re.findall(r"(?:^|=\S+ )make ([a-z][a-z-]*)", line)
    }
    report(f"{name}: there is no make {word}" for word in told - targets)


# Marts


def test_table_of_the_readme_has_every_mart(manifest: Mapping[str, Any]) -> None:
    section = re.search(r"^## The marts\n(.*?)^## ", text_of("README.md"), re.M | re.S)
    assert section is not None
    told = re.findall(r"^\| `(\w+)` \|", section.group(1), re.M)
    assert len(told) == len(set(told))
    assert set(told) == marts(manifest)


def test_output_of_the_build_in_the_readme_has_every_mart(manifest: Mapping[str, Any]) -> None:
    told = re.findall(r"^│ (\w+) +│ +[\d,]+ │", text_of("README.md"), re.M)
    assert told == sorted(marts(manifest))


def test_overview_has_every_mart_once(manifest: Mapping[str, Any]) -> None:
    section = text_of("models/overview.md").partition("**All marts**")[2].partition("**")[0]
    told = re.findall(r"\[(\w+)\]", section)
    assert sorted(told) == sorted(marts(manifest))


# Words in code: vars with their values, names that exist


def test_vars_have_the_values_that_the_readme_tells() -> None:
    defined = yaml.safe_load(text_of("dbt_project.yml"))["vars"]
    text = text_of("README.md")
    told = re.findall(r"`(\w+)`,? \(?(-?\d+(?:\.\d+)?)\b", text)
    pairs = [(name, float(value)) for name, value in told if name in defined]
    assert len(pairs) > 10
    report(
        f"README.md: {name} is {defined[name]}, not {value:g}"
        for name, value in pairs
        if float(defined[name]) != value
    )


@pytest.mark.parametrize("name", PAGES)
def test_names_in_code_exist(name: str) -> None:
    folders = ("models", "macros", "seeds", "tests", "analyses", "scripts")
    suffixes = (".sql", ".yml", ".csv", ".py", ".md")
    pages = {ROOT / page for page in PAGES}
    files = [ROOT / path for path in files_under(*folders, suffixes=suffixes)]
    all_text = "\n".join(
        path.read_text(encoding="utf-8") for path in files if path not in pages
    ) + text_of("dbt_project.yml")
    known = set(re.findall(r"\w+", all_text)) | {path.stem for path in files}
    code = [one for one in code_of(text_of(name)) if re.fullmatch(r"[a-z]\w*_\w*[a-z0-9]", one)]
    report(f"{name}: {word} is nowhere else" for word in set(code) - known)


# Links


def anchors(text: str) -> set[str]:
    """Give the anchors that GitHub makes of a text's headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def link_fault(address: str, manifest: Mapping[str, Any], folder: Path) -> str | None:
    """Say what is wrong with the address of a link, as seen from a folder."""
    if re.match(r"https?://|mailto:", address):
        return None
    if address.startswith("#!/"):
        page, _, query = address[3:].partition("?")
        unique_id = page.partition("/")[2]
        named = re.findall(r"(?:exposure:|source:moodle\.)?(?<=[:.B=])([a-z]\w+)", query)
        names = {node["name"] for kind in ("nodes", "sources", "exposures")
                 for node in manifest[kind].values()}  # fmt: skip
        places = [manifest[kind] for kind in ("nodes", "sources", "exposures")]
        if unique_id and not any(unique_id in place for place in places):
            return f"there is no {unique_id}"
        lost = [name for name in named if name not in names and name != "moodle"]
        return f"there is no {', '.join(lost)}" if lost else None
    path, _, anchor = address.partition("#")
    target = folder / path if path else None
    if target is not None and not target.exists():
        return f"there is no {path}"
    if anchor and target is not None and anchor not in anchors(target.read_text(encoding="utf-8")):
        return f"{path} has no heading {anchor}"
    return None


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str, manifest: Mapping[str, Any]) -> None:
    text = text_of(name)
    # What stands in the text around a broken line is one address still.
    addresses = re.findall(r"\]\(([^)\s]+)\)", text)
    found = {}
    for address in addresses:
        place = f"{name}{address}" if address.startswith("#") and "!" not in address else address
        folder = ROOT if place != address else (ROOT / name).parent
        found[address] = link_fault(place, manifest, folder)
    report(f"{name}: {address}: {fault}" for address, fault in found.items() if fault)


def test_lost_links_are_found(manifest: Mapping[str, Any]) -> None:
    faults = {
        "#!/model/model.moodle_analytics.fct_weekly_progress": None,
        "#!/model/model.moodle_analytics.fct_nothing": "there is no",
        "#!/overview?g_v=1&g_i=%2Bexposure:html_report": None,
        "#!/overview?g_v=1&g_i=%2Bexposure:html_reports": "there is no html_reports",
        "#!/overview?g_v=1&g_i=2%2Bfct_weekly_nothing%2B1": "there is no fct_weekly_nothing",
        "README.md#the-marts": None,
        "README.md#the-mart": "README.md has no heading the-mart",
        "READ.md": "there is no READ.md",
        "https://example.org": None,
    }
    for address, expected in faults.items():
        found = link_fault(address, manifest, ROOT)
        assert found == expected or (expected and found and found.startswith(expected)), address


# Exposures


def exposures(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in manifest["exposures"].values()}


def read_by(exposure: Mapping[str, Any]) -> set[str]:
    return {key.rpartition(".")[2] for key in exposure["depends_on"]["nodes"]}


def test_exposures_have_an_owner_and_an_address(manifest: Mapping[str, Any]) -> None:
    faults = []
    for name, exposure in exposures(manifest).items():
        owner = exposure["owner"]
        if not (owner["name"] and "@" in (owner["email"] or "")):
            faults.append(f"{name}: no owner with an address")
        if not exposure["url"]:
            faults.append(f"{name}: no url")
        elif fault := link_fault(exposure["url"], manifest, ROOT):
            faults.append(f"{name}: {fault}")
    report(faults)


def test_commands_of_exposures_exist(manifest: Mapping[str, Any]) -> None:
    lines = {
        line
        for exposure in manifest["exposures"].values()
        for line in [
            *filter(None, [exposure["config"]["meta"].get("command")]),
            *command_lines(exposure["description"]),
        ]
    }
    assert lines
    report(fault for line in lines if (fault := fault_of(line)))


def test_dashboards_depend_on_what_their_specification_reads(manifest: Mapping[str, Any]) -> None:
    read = specification.load()
    expected = {source.table for source in read.sources.values()}
    expected |= {join.table for source in read.sources.values() for join in source.joins}
    expected |= {first.table for one in read.filters.values() for first in one.first}
    found = exposures(manifest)
    assert read_by(found["tableau_workbook"]) == expected
    assert read_by(found["html_report"]) == expected


def test_all_marts_are_checked_and_for_everyone(manifest: Mapping[str, Any]) -> None:
    found = exposures(manifest)
    assert read_by(found["data_quality_checks"]) == marts(manifest)
    assert read_by(found["marts_for_live_connections"]) == marts(manifest)
