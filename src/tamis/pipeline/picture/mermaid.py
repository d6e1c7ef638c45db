"""The picture of a graph as Mermaid text, which code hosts and wikis draw themselves."""

from __future__ import annotations

from collections.abc import Sequence

from tamis.pipeline.picture.nodes import WORDS, Node
from tamis.pipeline.picture.words import said_seconds

_LOOKS = {
    "finished": "fill:#dff3e7,stroke:#1f8a54,color:#12301f",
    "cached": "fill:#e3edfd,stroke:#2f6fde,color:#12264d",
    "running": "fill:#e3edfd,stroke:#2f6fde,color:#12264d,stroke-width:3px",
    "failed": "fill:#fbe3e2,stroke:#c4302b,color:#4d1210",
    "cancelled": "fill:#fbf0dd,stroke:#b26a00,color:#402600",
    "interrupted": "fill:#fbf0dd,stroke:#b26a00,color:#402600",
    "skipped": "fill:#f0f2f5,stroke:#8b96a8,color:#3b4456,stroke-dasharray:4 3",
    "waiting": "fill:#f0f2f5,stroke:#8b96a8,color:#3b4456",
}


def draw_mermaid(nodes: Sequence[Node]) -> str:
    """Return the graph as a Mermaid flowchart with the state of each step.

    >>> print(draw_mermaid([Node(name="a", title="a"), Node(name="b", title="b", above=("a",))]).splitlines()[1])
      n1["a<br>waiting"]:::waiting
    """
    numbers = {node.name: f"n{number}" for number, node in enumerate(nodes, start=1)}
    lines = ["flowchart TD"]
    for node in nodes:
        title = _safe(node.title + (f" × {node.count}" if node.count > 1 else ""))
        time = f" in {said_seconds(node.seconds)}" if node.seconds and node.status in ("finished", "failed") else ""
        said = _safe(node.why if node.count > 1 else WORDS[node.status] + time)
        over = f"<br>{_safe(node.detail)}" if node.detail else ""
        lines.append(f'  {numbers[node.name]}["{title}{over}<br>{said}"]:::{node.status}')
    for node in nodes:
        lines += [f"  {numbers[other]} --> {numbers[node.name]}" for other in node.above if other in numbers]
    used = dict.fromkeys(node.status for node in nodes)
    return "\n".join([*lines, *(f"  classDef {status} {_LOOKS[status]}" for status in used)]) + "\n"


def _safe(text: str) -> str:
    """The text with what Mermaid would read as its own written as it asks."""
    return "".join(f"#{ord(sign)};" if sign in '"<>#&`' else sign for sign in text)
