"""Claims: what a run took is measured, and what took too much is named."""

import os
import subprocess
import sys

import pytest
from budgets import all_over_minutes, over_memory, over_minutes, recorded, recorded_over_budget
from measuring import Figures, busy, peak_memory_gb, processor_seconds

NO_PROC = peak_memory_gb(os.getpid()) is None


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (Figures(11.9, chapter=True), None),
        (Figures(12.1, chapter=True), "took 12.10 minutes; 4.00 are allowed, 12.00 is the limit"),
        (Figures(0.74), None),
        (Figures(0.76), "took 0.76 minutes; 0.25 are allowed"),
    ],
)
def test_too_many_minutes_are_named(run, message):
    problem = over_minutes(run)
    assert problem is None if message is None else message in problem


def test_too_much_memory_is_named():
    assert over_memory(Figures(1.0, peak_gb=1.79)) is None
    assert over_memory(Figures(1.0)) is None
    assert "took 1.81 GB; 1.50 are allowed, 1.80 is the limit" in over_memory(Figures(1.0, peak_gb=1.81))


def test_a_run_that_waited_for_a_core_is_told_from_a_slow_one():
    assert busy(Figures(13.0, processor_minutes=8.0))
    assert not busy(Figures(13.0, processor_minutes=9.0))
    assert not busy(Figures(13.0, processor_minutes=20.0, load=1.9))
    assert busy(Figures(13.0, processor_minutes=20.0, load=2.1))
    assert busy(Figures(13.0, load=2.1))
    assert not busy(Figures(13.0))
    assert not busy(Figures(0.4, processor_minutes=0.1, load=3.0)), "the start of a kernel"


def test_all_pages_together_have_a_budget():
    chapters = [Figures(7.0, chapter=True)] * 12
    assert all_over_minutes(chapters) is None
    assert "took 91.0 minutes" in all_over_minutes([*chapters, *[Figures(0.5)] * 14])
    assert "9.5 minutes on average" in all_over_minutes([Figures(9.5, chapter=True)])
    assert all_over_minutes([]) is None


def test_a_record_is_held_by_its_larger_figures():
    record = {"cpu_minutes": 3.3, "memory_gb": 1.5, "avx2": {"minutes": 4.0, "memory_gb": 1.4}}
    assert recorded(record) == (4.0, 1.5)
    assert recorded_over_budget(record) is None
    assert "takes 4.6 minutes; 4 are" in recorded_over_budget({**record, "avx2": {"minutes": 4.6}})
    assert "takes 1.51 GB; 1.5 are" in recorded_over_budget({**record, "avx2": {"memory_gb": 1.51}})
    assert "takes 4.1 minutes" in recorded_over_budget({"cpu_minutes": 4.1})
    assert recorded_over_budget({}) is None


@pytest.mark.skipif(NO_PROC, reason="this system tells no processor time")
def test_processor_time_is_that_of_the_cores_and_of_ended_children_too(tmp_path):
    work = "import time\nwhile time.process_time() < 0.5: pass\n"
    code = f"import subprocess, sys, time\n{work}subprocess.run([sys.executable, '-c', {work!r}])\n"
    code += "time.sleep(0.5)\nprint('done', flush=True)\ninput()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        seconds = processor_seconds(process.pid)
        process.communicate(b"\n")
    assert 0.95 <= seconds < 1.4
    assert processor_seconds(process.pid) is None, "it has ended"
