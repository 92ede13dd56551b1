"""One SVG for each thing that grows: what a message costs, stacked from the service's own share and its servers'."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from loadtest.growth.points import Axis, Point

WIDTH, HEIGHT = 640, 320
LEFT, TOP, RIGHT, BOTTOM = 60, 44, 12, 64  # around the bars
OWN, SERVERS, TEXT, GRID = "#2a6f97", "#a9cce3", "#222222", "#dddddd"
BAR = 0.5  # of the room for it
LINES = 4
STYLE = "font-family: sans-serif; font-size: 12px"


def write_charts(folder: Path, points: Sequence[Point]) -> None:
    """growth-operators.svg and so on, of what there is."""
    for axis in Axis:
        of_axis = [point for point in points if point.axis == axis.value]
        if of_axis:
            (folder / f"growth-{axis.value}.svg").write_text(chart(axis, of_axis), encoding="utf-8")


def chart(axis: Axis, points: Sequence[Point]) -> str:
    """Bars, with the messages a second and the limit written at each."""
    top_s = _rounded_up(max(point.cpu_s for point in points))
    room = (WIDTH - LEFT - RIGHT) / len(points)
    bars = [part for place, point in enumerate(points) for part in _bar(point, LEFT + place * room, room, top_s)]
    title = _text(LEFT, 18, f"CPU seconds per 1,000 messages, by {axis.value}", "start", "bold")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" style="{STYLE}">'
    background = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    return "\n".join([head, background, title, *_legend(), *_grid(top_s), *bars, "</svg>", ""])


def _bar(point: Point, left: float, room: float, top_s: float) -> list[str]:
    middle, width = left + room / 2, room * BAR
    own, servers = _height(point.own_cpu_s, top_s), _height(point.server_cpu_s, top_s)
    base = HEIGHT - BOTTOM
    return [
        _rect(middle - width / 2, base - own, width, own, OWN),
        _rect(middle - width / 2, base - own - servers, width, servers, SERVERS),
        _text(middle, base - own - servers - 6, f"{point.cpu_s:.3f}"),
        _text(middle, base + 16, f"{point.size:,}", weight="bold"),
        _text(middle, base + 32, f"{point.messages_per_s:,.0f} messages/s"),
        _text(middle, base + 48, point.limited_by.partition(";")[0]),
    ]


def _grid(top_s: float) -> list[str]:
    lines = []
    for number in range(LINES + 1):
        y = HEIGHT - BOTTOM - _height(top_s * number / LINES, top_s)
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
        lines.append(_text(LEFT - 6, y + 4, f"{top_s * number / LINES:.2f}", "end"))
    return lines


def _legend() -> list[str]:
    right = WIDTH - RIGHT
    return [
        _rect(right - 190, 9, 10, 10, OWN),
        _text(right - 176, 18, "the service", "start"),
        _rect(right - 90, 9, 10, 10, SERVERS),
        _text(right - 76, 18, "its servers", "start"),
    ]


def _height(cpu_s: float, top_s: float) -> float:
    return cpu_s / top_s * (HEIGHT - TOP - BOTTOM)


def _rounded_up(cpu_s: float) -> float:
    """To the next tenth with room above it for a figure."""
    return (int(cpu_s * 10) + 1) / 10


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle", weight: str = "normal") -> str:
    look = f'text-anchor="{anchor}" font-weight="{weight}" fill="{TEXT}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>'
