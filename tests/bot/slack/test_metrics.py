"""The text form of metrics, as Prometheus' documentation describes it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.slack.metrics import Metrics


def test_a_counter_starts_at_nought_for_every_value_of_its_label() -> None:
    metrics = Metrics()
    counter = metrics.counter("asked_total", "Asked.", "outcome", ["good", "bad"])
    counter.add("bad")
    counter.add("bad")
    assert metrics.text() == (
        "# HELP asked_total Asked.\n"
        "# TYPE asked_total counter\n"
        'asked_total{outcome="good"} 0\n'
        'asked_total{outcome="bad"} 2\n'
    )


def test_a_histogram_counts_up_to_each_bound_and_to_infinity() -> None:
    metrics = Metrics()
    histogram = metrics.histogram("seconds", "Took.", [0.1, 1.0])
    for value in (0.05, 0.1, 0.5, 3.0):
        histogram.observe(value)
    assert metrics.text().splitlines()[2:] == [
        'seconds_bucket{le="0.1"} 2',
        'seconds_bucket{le="1"} 3',
        'seconds_bucket{le="+Inf"} 4',
        "seconds_sum 3.65",
        "seconds_count 4",
    ]


def test_a_gauge_is_asked_each_time_and_may_have_nothing_to_say() -> None:
    metrics, values = Metrics(), [1.5, None]
    metrics.gauge("queue", "Waiting.", lambda: values.pop(0))
    assert metrics.text().endswith("queue 1.5\n")
    assert metrics.text() == ""


def test_words_in_labels_and_help_are_escaped() -> None:
    metrics = Metrics()
    metrics.info("index_info", "A\\B\nC", lambda: {"generation": 'a"b\\c\nd'})
    assert metrics.text() == (
        '# HELP index_info A\\\\B\\nC\n# TYPE index_info gauge\nindex_info{generation="a\\"b\\\\c\\nd"} 1\n'
    )


def test_a_name_is_given_once() -> None:
    metrics = Metrics()
    metrics.counter("asked_total", "Asked.")
    with pytest.raises(ValueError, match="asked_total"):
        metrics.counter("asked_total", "Asked again.")


def test_counting_from_many_threads_loses_nothing() -> None:
    metrics = Metrics()
    counter = metrics.counter("asked_total", "Asked.")
    with ThreadPoolExecutor(8) as pool:
        for _ in range(2_000):
            pool.submit(counter.add)
    assert metrics.text().endswith("asked_total 2000\n")
