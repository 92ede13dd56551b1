"""docs/simulator.md against the simulator: every trait, act and figure is there."""

from dataclasses import fields
from pathlib import Path

from document_tables import rows_below

from sandbox.smsc.acts import LINK_ACTS
from sandbox.smsc.character import Character
from sandbox.smsc.ledger import Ledger
from sandbox.smsc.mobile_originated import MobileOriginated
from sandbox.smsc.traits import shown, traits_of

SIMULATOR = Path(__file__).parents[3] / "docs" / "simulator.md"


def test_the_simulators_traits_are_those_of_the_table():
    traits = traits_of(Character)
    assert rows_below(SIMULATOR, "## Behaviour") == [
        (f"`{field.name}`", traits[field.name].help, _default_of_trait(field.default)) for field in fields(Character)
    ]


def test_the_simulators_acts_and_their_details_are_explained():
    acts = dict(rows_below(SIMULATOR, "## Acts"))
    assert list(acts) == [f"`{act}`" for act in (*LINK_ACTS, "mo")]
    assert [name for name in traits_of(MobileOriginated) if f"`{name}`" not in acts["`mo`"]] == []


def test_every_figure_of_the_simulators_report_is_explained():
    explained = dict(rows_below(SIMULATOR, "## Report"))
    report = Ledger().report()
    assert list(explained) == [f"`{key}`" for key in report]
    unexplained = [
        figure
        for key, figures in report.items()
        if isinstance(figures, dict) and key != "mo"  # the same as of receipts
        for figure in figures
        if f"`{figure}`" not in explained[f"`{key}`"] and not figure.endswith("_named")
    ]
    assert unexplained == []


def _default_of_trait(default: object) -> str:
    value = shown(default)
    if isinstance(value, dict):
        return ",".join(f"{name}={share:g}" for name, share in value.items())
    return "none" if value in ("", []) else str(value).lower() if isinstance(value, bool) else str(value)
