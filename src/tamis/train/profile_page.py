"""The profile as one self-contained page."""

from __future__ import annotations

from tamis.core import Page, page
from tamis.core.charts import PALETTE, Bar, Bars, Columns, Data, Mark, Series, percent
from tamis.core.drawing import draw
from tamis.train.profile import Profile, told_parts


def profile_page(profile: Profile) -> Page:
    """Return the page: what to try, where the time went, how busy the machine was."""
    whole = Page(f"Profile of {profile.run}", lead=_lead(profile))
    whole.section("At a glance", page.tiles(_figures(profile)), *_advice(profile))
    whole.section("Where the time went", draw(_parts(profile), heading=False))
    if profile.step_seconds:
        rows = [(name.removeprefix("p") + " %", seconds * 1000) for name, seconds in profile.step_seconds.items()]
        whole.section("Steps", page.table(["of the steps took at most", "milliseconds"], rows))
    if profile.usage:
        whole.section(
            "The machine",
            draw(_over_time(profile, 1, "cores", "Cores kept busy", PALETTE[0])),
            draw(_over_time(profile, 2, "memory", "Memory held, in megabytes", PALETTE[2])),
            page.table(
                ["of the time at most", "cores busy", "megabytes held"],
                [
                    (name.removeprefix("p") + " %", busy, profile.memory_mb.get(name))
                    for name, busy in profile.cores_busy.items()
                ],
            ),
        )
    return whole


def _lead(profile: Profile) -> str:
    if not profile.steps:
        return f"{profile.seconds:.1f} s in one go"
    return f"{profile.steps:,} steps over {profile.rows:,} rows in {profile.seconds:.1f} s"


def _figures(profile: Profile) -> list[tuple[str, str]]:
    figures = [(f"{profile.seconds:,.1f} s", "in all")]
    if profile.tokens_a_second:
        figures.append((f"{profile.tokens_a_second:,.0f}", "tokens a second"))
    if profile.padding_share is not None:
        figures.append((percent(profile.padding_share), "padding"))
    if profile.cores_busy:
        figures.append((f"{profile.cores_busy['p50']:.1f} of {profile.cores}", "cores busy, mostly"))
        figures.append((f"{profile.memory_mb['p100']:,.0f} MB", "memory at most"))
    return figures


def _advice(profile: Profile) -> list[str]:
    if not profile.advice:
        return [page.advice("Nothing stands out: the time goes where it should.", kind="good")]
    return [page.advice(f"{advice.seen[0].upper()}{advice.seen[1:]}. Try: {advice.try_}.") for advice in profile.advice]


def _parts(profile: Profile) -> Bars:
    told, shares = told_parts(profile.parts), list(profile.shares.values())
    return Bars(
        name="parts",
        title="Where the time went",
        unit="seconds",
        bars=tuple(
            Bar(label=name, value=seconds, text=f"{seconds:.1f} s", note=percent(share))
            for (name, seconds), share in zip(told.items(), shares, strict=True)
        ),
        data=Data(("part", "seconds"), tuple(told.items())),
    )


def _over_time(profile: Profile, column: int, name: str, title: str, colour: str) -> Columns:
    seconds = [look[0] for look in profile.usage]
    values = tuple(look[column] for look in profile.usage)
    return Columns(
        name=name,
        title=title,
        places=tuple(f"at {second:.1f} s" for second in seconds),
        series=(Series(name=title, values=values, colour=colour),),
        ticks=(Mark(0.0, "0 s"), Mark(1.0, f"{seconds[-1]:.0f} s")),
        data=Data(("seconds", name), tuple((second, value) for second, value in zip(seconds, values, strict=True))),
    )
