"""What the command line shows people: tables that read well on light and dark terminals."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from flows.document_view import show_command, visible_line
from flows.progress import pace
from flows.said import counted, duration, shown_path
from flows.summary import Summary
from flows.tables import add_row, titled_table
from pipeline.checking.report import Report
from pipeline.corpus.documents import Seen
from pipeline.corpus.outcomes import Counts, total
from pipeline.corpus.status import Status
from schemas.unit import QuestionCost
from schemas.version import VersionManifest

_SHOWN_UNITS = 20
_ONLY_VERBATIM = (
    "every accepted document is as it was: none was given a comment. Where `rules` answers, that "
    "says little: the rule book knows a short list of English words, and is no judge of a corpus"
)


def outcome_table(documents: Counts) -> Table:
    """Return documents by outcome and reason, with the sum that must add up."""
    table = titled_table("documents", [("outcome", False), ("reason", False), ("documents", True)])
    for kind, reasons in documents.items():
        for place, (reason, count) in enumerate(reasons.items()):
            add_row(table, "" if place else kind, reason, f"{count:,}")
    table.add_section()
    add_row(table, "in = out", "", f"{total(documents):,}")
    return table


def question_table(questions: dict[str, QuestionCost]) -> Table:
    """Return what every pass has asked, who answered, and what it cost."""
    columns = [
        ("question", False),
        ("asked", True),
        ("known", True),
        ("read", True),
        ("cached", True),
        ("thought", True),
        ("written", True),
        ("kept", True),
        ("seconds", True),
        ("answered by", False),
    ]
    table = titled_table("questions asked, or known from before; tokens, and those kept", columns)
    for question, cost in questions.items():
        who = ", ".join(f"{name.partition(':')[0]} {n:,}" for name, n in sorted(cost.by.items()))
        numbers = [cost.asked, cost.remembered, cost.read, cost.cached, cost.thought]
        numbers += [cost.written, cost.kept]
        cells = [*(f"{number:,}" for number in numbers), f"{cost.seconds:,.1f}"]
        add_row(table, question, *cells, who)
    return table


def summary_lines(summary: Summary, recipe: str) -> list[Any]:
    """Return what a build has come to, and what to try next."""
    lines: list[Any] = [outcome_table(summary.documents)]
    if summary.units and summary.resumed == summary.units:
        lines.append(f"all {counted(summary.units, 'unit')} were finished already")
    else:
        lines.append(
            f"{counted(summary.units, 'unit')}, {summary.resumed:,} finished before; "
            f"{counted(summary.asked, 'question')} asked now, "
            f"{counted(summary.remembered, 'answer')} kept from before"
        )
    lines.append(f"{summary.seconds:.1f} s; the log is {shown_path(summary.log)}")
    if not total(summary.documents):
        lines.append("the sources hold no document: a finished build of nothing, and no version")
    elif "pending" in summary.documents:
        lines.append("some documents wait for answers; run the same command when they are there")
        lines += [visible_line(what) for what in summary.waiting_for]
    elif summary.version is None:
        lines.append("nothing was accepted, so there is no version; the reasons stand above")
        lines.append(f"look: prealign sample {shown_path(recipe)} --outcome rejected")
    else:
        made = "published" if summary.is_new else "the corpus is still the same as"
        dataset = shown_path(summary.dataset)
        lines.append(f"{made} version {summary.version} of {dataset}")
        if set(summary.documents.get("accepted", {})) == {"verbatim"}:
            lines.append(_ONLY_VERBATIM)
        lines.append(f"next: prealign pull {dataset}@{summary.version} --to DIR")
    return lines


def status_lines(status: Status, recipe: str) -> list[Any]:
    """Return where a build stands: who is at work, stages, outcomes, questions, units, failures."""
    lines: list[Any] = [Text(_head(status))]
    if status.stages:
        lines.append(_stage_table(status))
    lines += [outcome_table(status.documents), question_table(status.questions)]
    lines.append(_unit_table(status))
    if status.failing:
        lines.append(_failure_table(status.failing))
        lines.append(f"look: {show_command(shown_path(recipe), status.failing[0].row['id'])}")
    return lines


def _head(status: Status) -> str:
    finished, units = status.count("finished"), counted(len(status.units), "unit")
    who = status.holder
    at_work = f"process {who.process} on {who.host} is at work since {who.since}" if who else ""
    if not who:
        at_work = f"nobody is at work; the newest build was started {status.started}"
    return f"{status.corpus}: {finished:,} of {units} finished; {at_work}"


def _stage_table(status: Status) -> Table:
    table = titled_table("stages", [("stage", False), ("stands", False), ("done", False)])
    for stage in status.stages:
        if stage.ended is not None:
            stands = f"ended after {duration(stage.ended - stage.begun)}"
        else:
            stands = "under way" if status.holder else "interrupted"
        now = status.now if status.holder else stage.begun
        add_row(table, stage.name, stands, pace(stage, stage.ended or now) if stage.done else "")
    return table


def _unit_table(status: Status) -> Table:
    units = titled_table("units", [("unit", False), ("rows", True), ("stands", False)])
    # Those that are not finished are what one looks for.
    order = sorted(status.units, key=lambda unit: unit.stands == "finished")
    for unit in order[:_SHOWN_UNITS]:
        counts = ", ".join(f"{sum(r.values()):,} {kind}" for kind, r in unit.documents.items())
        add_row(units, unit.name, f"{unit.rows:,}", counts or unit.stands.replace("_", " "))
    if len(order) > _SHOWN_UNITS:
        add_row(units, f"… and {len(order) - _SHOWN_UNITS:,} more", "", "")
    return units


def _failure_table(failing: Sequence[Seen]) -> Table:
    columns = [("document", False), ("outcome", False), ("what", False), ("where", False)]
    table = titled_table("failing", columns)
    for seen in failing:
        row = seen.row
        stands = f"{row['outcome']}: {row['reason']}"
        add_row(table, row["id"], stands, row["detail"], row["place"])
    return table


def version_table(folder: str, manifests: list[VersionManifest]) -> list[Any]:
    """Return the versions of a dataset, newest last."""
    columns = [
        ("version", True),
        ("published", False),
        ("documents", True),
        ("shards", True),
        ("bytes", True),
        ("sources", True),
    ]
    table = titled_table(shown_path(folder), columns)
    for manifest in manifests:
        rows = sum(entry.rows for entry in manifest.lists)
        shards = sum(entry.shards for entry in manifest.lists)
        size = sum(entry.bytes for entry in manifest.lists)
        numbers = (rows, shards, size, manifest.sources)
        add_row(table, str(manifest.version), manifest.created, *(f"{n:,}" for n in numbers))
    return [table]


def check_lines(report: Report) -> list[Any]:
    """Return what a check has found: each error with its count and first places."""
    lines: list[Any] = []
    for code, count in sorted(report.counts.items(), key=lambda item: (-item[1], item[0])):
        lines.append(f"{code}: {count:,}")
        kept = report.faults.get(code, [])
        for fault in kept:
            said = f"{fault.what}\n{fault.hint}".rstrip().replace("\n", "\n      ")
            lines.append(f"  {fault.place}: {said}")
        if count > len(kept):
            lines.append(f"  … and {count - len(kept):,} more")
    if report.skipped:
        more = ", …" if report.skipped_files > len(report.skipped) else ""
        names = ", ".join(report.skipped) + more
        lines.append(f"{counted(report.skipped_files, 'file')} of other kinds not read: {names}")
    errors, wrong = sum(report.counts.values()), counted(report.wrong, "place")
    verdict = f"{counted(errors, 'error')} in {wrong}" if errors else "nothing is wrong"
    read = f"{counted(report.texts, 'text')} in {counted(report.files, 'file')}"
    return [*lines, f"{read}, scheme {' and '.join(report.schemes) or 'unknown'}: {verdict}"]
