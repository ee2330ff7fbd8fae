"""The dashboard, the alert rules and the documents name the metrics that exist, and no others."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, ProcessCollector

from bot.discord.connection.interaction_tally import Ending
from bot.features.alerts.store import MessageKind
from bot.operating.metrics import metrics_table
from bot.operating.metrics.declared import METRICS
from tests.support.promql import Expression, Selected, read
from tests.support.source import ROOT

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "patchbay.json"
OF_PROMETHEUS = {"job", "instance"}
"""The labels that Prometheus adds to each series."""
WORDS = {"result": {*Ending, "sent"}, "kind": set(MessageKind)}
"""The values that labels have which expressions compare."""
WIDTH = 24
"""Of Grafana's grid."""


def series() -> dict[str, set[str]]:
    """Return the labels of every series that a scrape can have, by its name."""
    found: dict[str, set[str]] = {"up": set()}
    for metric in METRICS:
        if metric.kind == "histogram":
            found[f"{metric.name}_bucket"] = {*metric.labels, "le"}
            found |= {f"{metric.name}_{end}": set(metric.labels) for end in ("count", "sum")}
        else:
            found[metric.name] = set(metric.labels)
    for family in ProcessCollector(registry=CollectorRegistry()).collect():
        found |= {sample.name: set(sample.labels) for sample in family.samples}
    return {name: labels | OF_PROMETHEUS for name, labels in found.items()}


def rules() -> list[dict[str, Any]]:
    """Return the alert rules."""
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Return the dashboard's panels."""
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Yield where each expression stands, and the expression."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


@pytest.mark.parametrize(("place", "text"), list(expressions()))
def test_an_expression_names_what_exists(place: str, text: str) -> None:
    """Each series exists and has the labels by which it is chosen or summed, with values that it can have."""
    existing, found = series(), read(text)
    assert found.selected, place
    for selected in found.selected:
        assert selected.name in existing
        for label, operator, value in selected.matchers:
            assert label in existing[selected.name]
            bounds = next((each.bounds for each in METRICS if selected.name == f"{each.name}_bucket"), ())
            if label == "le":
                assert value in map(str, bounds)
            elif label in WORDS:
                assert set(value.split("|") if "~" in operator else [value]) <= WORDS[label]
    assert found.listed <= set.union(*(existing[selected.name] for selected in found.selected))


@pytest.mark.parametrize(("place", "text"), list(expressions()))
def test_counters_and_histograms_are_read_as_such(place: str, text: str) -> None:
    """A counter is only looked at through its growth, a quantile only taken of buckets with their bounds."""
    found = read(text)
    counters = {each.name for each in METRICS if each.kind == "counter"}
    histograms = [each.name for each in METRICS if each.kind == "histogram"]
    counters |= {f"{name}_{end}" for name in histograms for end in ("bucket", "count", "sum")}
    for selected in found.selected:
        if selected.name in counters:
            assert re.search(rf"(rate|increase)\({selected.name}\b", text), place
    if "histogram_quantile" in found.functions:
        assert "le" in found.listed
        assert all(selected.name.endswith("_bucket") for selected in found.selected)


def test_the_first_failure_is_enough() -> None:
    """A rule about a single failure counts a series that has just begun: its first value is no increase."""
    single = [rule["expr"] for rule in rules() if "patchbay_interactions_total" in rule["expr"]]
    single = [text for text in single if text.endswith("> 0")]
    assert len(single) == 1
    for text in single:
        (chosen,) = {tuple(each.matchers) for each in read(text).selected}
        matchers = ",".join(f'{label}{operator}"{value}"' for label, operator, value in chosen)
        new = f"patchbay_interactions_total{{{matchers}}}"
        assert f"increase({new}[15m]) > 0 or ({new} unless {new} offset 15m)" in text


def test_a_share_of_what_members_do_needs_a_volume() -> None:
    """One slow or failed interaction of two at night is no alert."""
    shares = [rule for rule in rules() if re.search(r"/ sum by .*patchbay_interaction", rule["expr"])]
    assert len(shares) == 2
    for rule in shares:
        (whole,) = set(re.findall(r"/ sum by \(job, instance\) \(rate\((\w+)\[15m\]\)\)", rule["expr"]))
        assert rule["expr"].endswith(f"and sum by (job, instance) (increase({whole}[15m])) > 20")


def test_every_metric_is_of_use() -> None:
    """Each metric is on the dashboard or in a rule: nothing is counted that nobody sees."""
    used = {selected.name for _, text in expressions() for selected in read(text).selected}
    unused = [each.name for each in METRICS if not any(name.startswith(each.name) for name in used)]
    assert unused == []


def test_every_metric_is_documented_once() -> None:
    """The page for hosts has the table of all metrics, which names no label that is not there."""
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    assert metrics_table() in page
    assert [each.name for each in METRICS if page.count(f"| `{each.name}` |") != 1] == []
    assert len({each.name for each in METRICS}) == len(METRICS)


def test_names_are_as_prometheus_wants_them() -> None:
    """All begin with the program's name, counters end with _total, and times are in seconds."""
    for metric in METRICS:
        assert re.fullmatch(r"patchbay_[a-z]+(_[a-z]+)*", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert metric.kind != "histogram" or metric.name.endswith("_seconds")
        assert not {"guild", "server", "member", "user", "channel", "connection", "agent"} & set(
            metric.labels
        )


def test_each_rule_says_what_to_do() -> None:
    """A rule has a severity, a sentence and a link to a part of the documents that exists and names it."""
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]
        path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert path == "docs/operating.md"
        _, mark, text = page.partition(f'<a id="{anchor}"></a>')
        assert mark, anchor
        assert rule["alert"] in text.partition("<a id=")[0]
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))


def test_the_dashboard_can_be_imported_anywhere() -> None:
    """It names no data source of one machine; no two panels overlap, and each has an id of its own."""
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    assert dashboard["id"] is None
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        cells = {(column, line) for column in columns for line in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= WIDTH
        assert not cells & taken, panel["title"]
        taken |= cells
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == panel["datasource"]["uid"] == "${datasource}"
            assert "$instance" in target["expr"]
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
    assert {each["name"] for each in dashboard["templating"]["list"]} == {"datasource", "job", "instance"}


def test_names_are_found_wherever_they_stand() -> None:
    """What the comparison rests on: it sees each series and each label, and takes no function for one."""
    text = """sum by (job, le) (rate(a_bucket{x="1", y=~"b|{c}"}[5m] offset 1h)) / on (job) group_left (z)
        max without (q) (b:c) > bool 0.5 and histogram_quantile(0.9, d[$__rate_interval]) unless e{i=~"$i"}"""
    assert read(text) == Expression(
        [
            Selected("a_bucket", [("x", "=", "1"), ("y", "=~", "b|{c}")]),
            Selected("b:c"),
            Selected("d"),
            Selected("e", [("i", "=~", "1m")]),
        ],
        {"job", "le", "z", "q"},
        {"sum", "rate", "max", "histogram_quantile"},
    )


NAME = st.from_regex(r"[a-z_]{1,8}_total", fullmatch=True)
LABEL = st.from_regex(r"x[a-z]{1,5}", fullmatch=True)


@given(st.lists(st.tuples(NAME, LABEL, st.text('ab|{}" \\', max_size=6))))
def test_no_name_is_missed(chosen: list[tuple[str, str, str]]) -> None:
    """Whatever stands in a label's value, each series and label is found in its place."""
    terms = [
        f"sum by ({label}) (rate({name}{{{label}={json.dumps(value)}}}[1m]))" for name, label, value in chosen
    ]
    found = read(" + ".join(terms))
    assert [each.name for each in found.selected] == [name for name, _, _ in chosen]
    assert [each.matchers[0][0] for each in found.selected] == [label for _, label, _ in chosen]
