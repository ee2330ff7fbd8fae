"""Answers ``/metrics`` in the format that Prometheus asks for."""

import asyncio
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Final, TypeAlias

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from bot.discord.client import PatchbayBot
from bot.durations import BOUNDS
from bot.operating.health.loop_lag import LoopLag
from bot.operating.health.readiness import Readiness
from bot.operating.health.server import Page
from bot.operating.metrics.counted import counted
from bot.operating.metrics.declared import METRICS, Declared
from bot.operating.metrics.reading import Distribution, Reading
from bot.operating.metrics.stored import questions
from bot.rests import with_rests
from bot.settings import Settings
from bot.store.revision import newest_revision

_Family: TypeAlias = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
_FAMILIES: Final = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
    "histogram": HistogramMetricFamily,
}


def metrics_page(bot: PatchbayBot, readiness: Readiness, lag: LoopLag, settings: Settings) -> Page:
    """Return what answers a request for the page."""
    asked = questions(bot, settings)
    schema = newest_revision(settings.database)
    one_at_a_time = asyncio.Lock()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        async with one_at_a_time:
            answers = await asyncio.gather(*(each.answer() for each in asked))
            readings = [*counted(bot, readiness, lag, schema), *chain.from_iterable(answers)]
            accepted = request.headers.get("Accept", "")
            # Thousands of lines take milliseconds: not in the event loop.
            body, content_type = await asyncio.to_thread(_render, readings, accepted)
        return web.Response(body=body, headers={"Content-Type": content_type})

    return answer


class _RestedSamples(list[Sample]):
    """Samples that are written with rests: a busy bot has thousands."""

    def __iter__(self) -> Iterator[Sample]:
        return with_rests(super().__iter__())


class _Taken(Collector):
    """Hands readings to prometheus-client, whose own counters would be a second place for each number."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._families: dict[Declared, _Family] = {each: _family(each) for each in METRICS}
        for metric, value, labels in with_rests(readings):
            family = self._families[metric]
            if isinstance(value, Distribution):
                assert isinstance(family, HistogramMetricFamily)  # noqa: S101 - tells mypy
                family.add_metric(labels, _buckets(value.counts, metric.bounds), value.total)
            else:
                assert not isinstance(family, HistogramMetricFamily)  # noqa: S101 - as above
                family.add_metric(labels, value)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, those without a series included."""
        for family in self._families.values():
            family.samples = _RestedSamples(family.samples)
            yield family


def _family(metric: Declared) -> _Family:
    family: _Family = _FAMILIES[metric.kind](metric.name, metric.meaning, labels=metric.labels)
    return family


def _buckets(counts: Sequence[int], bounds: Sequence[float]) -> list[tuple[str, float]]:
    """Return Prometheus's buckets, each of which includes those before."""
    up_to = dict(zip((*BOUNDS, math.inf), accumulate(counts), strict=True))
    return [*((str(bound), up_to[bound]) for bound in bounds), ("+Inf", up_to[math.inf])]


def _render(readings: Iterable[Reading], accepted: str) -> tuple[bytes, str]:
    """Return the page and its content type. accepted: the header in which a client says what it takes."""
    # Not the library's own registry, which anything that is imported may add to.
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Taken(readings))
    ProcessCollector(registry=registry)
    try:
        encode, content_type = choose_encoder(accepted)
    except (TypeError, ValueError):  # a version that is none
        encode, content_type = generate_latest, CONTENT_TYPE_PLAIN_0_0_4
    return encode(registry), content_type
