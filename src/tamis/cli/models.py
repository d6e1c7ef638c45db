"""`tamis models`: who approved what, and what served when."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import models_card, output

if TYPE_CHECKING:
    from tamis.core import Workspace
    from tamis.registry import Version

app = typer.Typer(
    help="Versions of models: who approved what, and what served when.", no_args_is_help=True, rich_markup_mode=None
)

Ref = Annotated[
    str, typer.Argument(metavar="VERSION", help="A version: docs@3, docs@champion, or docs (its champion).")
]
Name = Annotated[str, typer.Argument(metavar="MODEL", help="A model's name.")]
Alias = Annotated[str, typer.Option("--alias", metavar="NAME", help="champion, challenger, or one of your own.")]
Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why. It stays in the history.")]
By = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who decides (default: TAMIS_USER, or who is logged in).")
]


def add_commands(main: typer.Typer) -> None:
    """Add the commands."""
    models_card.add_commands(app)
    main.add_typer(app, name="models")


@app.command("register")
def register(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="A run, a bundle's folder, a .tamis file, or mlflow:models:/name/3."),
    ],
    reason: Reason,
    model: Annotated[str | None, typer.Option(help="The model's name (default: that of its dataset).")] = None,
    gate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The gate's report (default: the one in the run's folder).")
    ] = None,
    by: By = "",
    as_json: output.Json = False,
) -> None:
    """Make a run's model a version that waits to be approved, and keep its bundle.

    Example: tamis models register reviews-linear-1 --reason "the first one"
    """
    from tamis.registry import is_elsewhere, keep_card, read_gate, register_from, register_run

    workspace = output.workspace(lazy=True)
    report = read_gate(gate) if gate is not None else None
    take = register_from if is_elsewhere(run) else register_run
    version = take(workspace, run, model=model, gate=report, reason=reason, who=by)
    keep_card(workspace, version.ref)
    _told(version, as_json=as_json)
    if not as_json and version.status == "pending":
        if "evaluation" not in version.facts:
            print("  no evaluation is in its bundle; once it is evaluated, register it again: that is another version")
        print(f"  next: tamis models approve {version.ref} --reason …")


@app.command("list")
def list_(
    model: Annotated[str | None, typer.Argument(help="Only this model.")] = None,
    newest: Annotated[int, typer.Option(help="How many versions of each model, besides those with an alias.")] = 20,
    as_json: output.Json = False,
) -> None:
    """List the versions of each model, with their status, aliases and main score.

    Example: tamis models list
    """
    from tamis.cli.models_shown import show_models
    from tamis.registry import open_registry

    state = open_registry(output.workspace(lazy=True)).state()
    models = [state.model(model)] if model is not None else list(state.models.values())
    if as_json:
        found = [
            version.to_dict() | {"aliases": each.aliases_of(version.number)}
            for each in models
            for version in each.versions.values()
        ]
        output.print_json(found)
    elif not models:
        print("nothing is registered yet: tamis models register RUN --reason …")
    else:
        show_models(models, newest=max(newest, 0))


@app.command("show")
def show(ref: Ref, as_json: output.Json = False) -> None:
    """Show everything that a version binds, and what was decided of it.

    Example: tamis models show reviews@1
    """
    from tamis.cli.models_shown import show_version
    from tamis.registry import open_registry

    state = open_registry(output.workspace(lazy=True)).state()
    version = state.version(ref)
    model = state.models[version.model]
    if as_json:
        output.print_json(version.to_dict() | {"aliases": model.aliases_of(version.number)})
    else:
        show_version(model, version)


@app.command("compare")
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A version: docs@3, docs@champion.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The version to hold against it.")],
    as_json: output.Json = False,
) -> None:
    """Show two versions side by side: facts, scores with intervals, gates, and the settings that differ.

    Whether one is better than the other is asked of both on the same rows: tamis compare A B.

    Example: tamis models compare reviews@1 reviews@2
    """
    from tamis.cli.models_shown import show_comparison
    from tamis.registry import compare_versions

    found = compare_versions(output.workspace(lazy=True), first, second)
    if as_json:
        output.print_json(found.to_dict())
    else:
        show_comparison(found)


@app.command("approve")
def approve(ref: Ref, reason: Reason, by: By = "", as_json: output.Json = False) -> None:
    """Let a pending version be deployed.

    Example: tamis models approve reviews@2 --reason "better on short texts"
    """
    from tamis.registry import open_registry

    _told(open_registry(output.workspace(lazy=True), who=by).approve(ref, reason=reason), as_json=as_json)


@app.command("reject")
def reject(ref: Ref, reason: Reason, by: By = "", as_json: output.Json = False) -> None:
    """Keep a version from being deployed, for good; not while an alias names it.

    Example: tamis models reject reviews@2 --reason "worse on short texts"
    """
    from tamis.registry import open_registry

    _told(open_registry(output.workspace(lazy=True), who=by).reject(ref, reason=reason), as_json=as_json)


@app.command("promote")
def promote(ref: Ref, reason: Reason, alias: Alias = "champion", by: By = "", as_json: output.Json = False) -> None:
    """Move an alias to an approved version, and wait until every live server that follows it serves that.

    Example: tamis models promote reviews@1 --alias challenger --reason "to watch it for a week"
    """
    from tamis.registry import open_registry

    workspace, start = output.workspace(lazy=True), time.monotonic()
    version = open_registry(workspace, who=by).promote(ref, alias=alias, reason=reason)
    _followed(workspace, version, alias, start, as_json=as_json)


@app.command("rollback")
def rollback(model: Name, reason: Reason, alias: Alias = "champion", by: By = "", as_json: output.Json = False) -> None:
    """Move an alias back to where it was before, and wait until every live server that follows it serves that.

    Versions that were rejected or removed meanwhile are passed over.

    Example: tamis models approve reviews@2 --reason "better on short texts"

    Example: tamis models promote reviews@2 --reason "it was approved"

    Example: tamis models rollback reviews --reason "too many complaints"
    """
    from tamis.registry import open_registry

    workspace, start = output.workspace(lazy=True), time.monotonic()
    version = open_registry(workspace, who=by).roll_back(model, alias=alias, reason=reason)
    _followed(workspace, version, alias, start, as_json=as_json)


@app.command("history")
def history(
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="DATE", help="What served on a day (2026-11-21) or at a moment, and why.")
    ] = None,
    last: Annotated[int, typer.Option(help="How many entries are shown.")] = 50,
    as_json: output.Json = False,
) -> None:
    """Show who did what, when and why; or what served on a day, and why.

    Example: tamis models history

    Example: tamis models history --model reviews --at 2026-11-21T14:30
    """
    from tamis.cli.models_shown import show_history, show_served
    from tamis.registry import open_registry, served, state_of

    entries = open_registry(output.workspace(lazy=True)).history()
    if model is not None:
        state_of(entries).model(model)
        entries = [entry for entry in entries if entry.model == model]
    if at is None:
        if as_json:
            output.print_json([entry.model_dump(mode="json") for entry in entries])
        else:
            show_history(entries, last=max(last, 0))
        return
    since, until = _moments(at)
    stretches = served(entries, since=since, until=until)
    if as_json:
        from dataclasses import asdict

        output.print_json([asdict(each) for each in stretches])
    elif stretches:
        show_served(stretches)
    else:
        print(f"no alias named a version then: {at}")


@app.command("verify")
def verify(
    head: Annotated[
        str | None, typer.Option(metavar="HASH", help="A head that was noted earlier: nothing was cut off before it.")
    ] = None,
    as_json: output.Json = False,
) -> None:
    """Prove that the history is what was written, and that the bundles are those that were registered.

    Every entry holds the hash of the one before, so that one changed word is found; exit code 3 when one is. Note the
    head somewhere else: with it nobody can cut off the end or write the whole history anew without being found.

    Example: tamis models verify
    """
    from dataclasses import asdict

    from tamis.core import CheckFailed
    from tamis.registry import verify_registry

    found = verify_registry(output.workspace(lazy=True), head=head, progress=output.progress())
    if as_json:
        output.print_json(asdict(found) | {"sound": found.sound})
    troubles = []
    if found.broken is not None:
        troubles.append(
            f"entry {found.broken} of {found.entries:,} is not what was written, or one before it is missing"
        )
    if found.cut:
        troubles.append(f"the head {head} is not in the history: its end was cut off, or it was written anew")
    troubles += [f"{ref}: {why}" for ref, why in found.damaged.items()]
    if troubles:
        raise CheckFailed("the registry is not what was written:\n  " + "\n  ".join(troubles))
    if not as_json:
        print(f"{found.entries:,} entries and {found.bundles:,} bundles are what was written")
        print(f"head: {found.head}")


@app.command("gc")
def gc(
    keep: Annotated[int, typer.Option(help="How many of the newest versions of each model stay.")] = 3,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="WHY", help="Why. Without it they are only shown.")
    ] = None,
    by: By = "",
    as_json: output.Json = False,
) -> None:
    """Remove the bundles of rejected versions, and of old ones that no alias names or may go back to.

    Without a reason it shows what would go. The history of these versions stays.

    Example: tamis models gc

    Example: tamis models gc --keep 10 --reason "the disk is small"
    """
    from tamis.cli.models_shown import show_gone
    from tamis.registry import collect_bundles, open_registry, unneeded

    workspace = output.workspace(lazy=True)
    if reason is None:
        versions = unneeded(open_registry(workspace).state(), keep=keep)
    else:
        versions = collect_bundles(workspace, keep=keep, reason=reason, who=by)
    if as_json:
        output.print_json({"removed": reason is not None, "versions": [version.to_dict() for version in versions]})
    elif not versions:
        print("every bundle is needed: nothing to remove")
    else:
        show_gone(versions)
        print("removed" if reason is not None else f"these would go: tamis models gc --keep {keep} --reason …")


def _told(version: Version, *, as_json: bool) -> None:
    from tamis.cli.models_shown import decided

    if as_json:
        output.print_json(version.to_dict())
    else:
        print(f"{version.ref} is {version.status}: {decided(version.judged or version.registered)}")


def _followed(workspace: Workspace, version: Version, alias: str, start: float, *, as_json: bool) -> None:
    """Wait for the servers that follow the alias, and tell which ones do."""
    from dataclasses import asdict

    from tamis.core import TamisError
    from tamis.registry import await_hosts

    hosts = await_hosts(workspace, version, alias=alias, start=start)
    if as_json:
        output.print_json(version.to_dict() | {"alias": alias, "hosts": [asdict(each) for each in hosts]})
    else:
        print(f"{version.model}@{alias} is {version.ref}")
        for each in hosts:
            if not each.trouble:
                print(f"  {each.address} serves it after {each.seconds:.2f} s")
    late = [f"{each.address}: {each.trouble}" for each in hosts if each.trouble]
    if late:
        raise TamisError(f"{len(late)} of {len(hosts)} servers do not serve {version.ref}:\n  " + "\n  ".join(late))


def _moments(at: str) -> tuple[datetime, datetime]:
    """Return the first and the last moment that a date means; without a zone it is this machine's."""
    from tamis.core import UsageError

    try:
        if len(at) == len("2026-11-21"):
            day = date.fromisoformat(at)
            midnight = datetime.combine(day, clock_time.min).astimezone()
            after = datetime.combine(day + timedelta(days=1), clock_time.min).astimezone()
            return midnight, after - timedelta(microseconds=1)
        moment = datetime.fromisoformat(at).astimezone()
    except (ValueError, OverflowError):
        raise UsageError(f"--at {at}: write a day, 2026-11-21, or a moment, 2026-11-21T14:30") from None
    return moment, moment
