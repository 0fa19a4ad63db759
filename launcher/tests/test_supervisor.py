import os
import signal
import subprocess
import sys
import time

import pytest

from launcher.tests.conftest import SUPERVISE, is_running, wait_for

SLEEPER = "sleeper: sleep 600\n"
# A master with a pool: the child writes its PID and would outlive its master.
MASTER = "master: sh -c 'sleep 600 & echo $! > {folder}/pool; wait'\n"
STUBBORN = """\
stubborn: sh -c 'trap "" TERM; echo $$ > {folder}/stubborn; while :; do sleep 1; done'
"""


def test_lines_come_behind_the_name_of_their_process(site):
    running = site("greeter: sh -c 'echo привет; sleep 600'\n")

    assert wait_for(lambda: "greeter  | привет" in running.output)


def test_a_last_line_without_its_end_is_shown(site):
    running = site("brief: sh -c 'printf unfinished; sleep 0.2'\n")

    assert wait_for(lambda: "brief    | unfinished\n" in running.output)


def test_a_killed_child_is_started_again(site):
    running = site(SLEEPER)
    first = running.pid("sleeper")

    os.kill(first, signal.SIGKILL)

    assert wait_for(lambda: (second := running.pid("sleeper")) != first and is_running(second))
    assert "sleeper  | ended with -9, again in 0.2 s" in running.output


def test_a_child_that_dies_at_once_is_started_less_and_less_often(site):
    running = site("brief: sh -c 'exit 3'\n")

    assert wait_for(lambda: "ended with 3, again in 0.8 s" in running.output)
    assert "again in 0.2 s" in running.output
    assert "again in 0.4 s" in running.output


def test_the_group_of_a_killed_child_goes_with_it(site):
    running = site(MASTER)
    pool = running.noted_pid("pool")
    assert is_running(pool)

    os.kill(running.pid("master"), signal.SIGKILL)

    assert wait_for(lambda: not is_running(pool))


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything(site, sig):
    running = site(SLEEPER + MASTER)
    pids = [running.pid("sleeper"), running.pid("master"), running.noted_pid("pool")]

    running.send(sig)

    assert running.wait() == 0
    assert running.output.endswith("stopped\n")
    assert not [pid for pid in pids if is_running(pid)]
    assert not list((running.folder / "run").glob("*.pid"))


def test_a_closed_terminal_is_nothing_to_nohup(site):
    running = site(SLEEPER, "nohup")
    sleeper = running.pid("sleeper")

    running.send(signal.SIGHUP)

    time.sleep(0.5)
    assert is_running(sleeper)
    assert running.process.poll() is None


def test_the_last_started_is_stopped_first(site):
    leaver = "sh -c 'trap \"echo left; exit 0\" TERM; echo ready; while :; do sleep 0.05; done'"
    running = site(f"one: {leaver}\ntwo: {leaver}\nthree: {leaver}\n")
    assert wait_for(lambda: running.output.count("ready") == 3)

    running.send(signal.SIGTERM)

    assert running.wait() == 0
    left = [line.split()[0] for line in running.output.splitlines() if line.endswith("left")]
    assert left == ["three", "two", "one"]


def test_a_second_signal_stops_what_will_not_stop(site):
    running = site(STUBBORN)
    stubborn = running.noted_pid("stubborn")
    running.send(signal.SIGINT)
    time.sleep(0.8)
    assert is_running(stubborn)
    began = time.monotonic()

    running.send(signal.SIGINT)

    assert running.wait() == 0
    assert time.monotonic() - began < 3
    assert not is_running(stubborn)


def test_the_same_request_twice_in_a_moment_is_one(site):
    on_request = 'trap "sleep 1; echo finished; exit 0" TERM'
    polite = f"polite: sh -c '{on_request}; echo up; sleep 600 & wait'\n"
    running = site(polite)
    assert wait_for(lambda: "| up" in running.output)

    running.send(signal.SIGTERM)
    time.sleep(0.1)
    running.send(signal.SIGTERM)

    assert running.wait() == 0
    assert "polite   | finished" in running.output


def test_what_will_not_stop_is_killed_after_the_grace(site):
    running = site(SLEEPER + STUBBORN, "hasty")
    stubborn = running.noted_pid("stubborn")
    began = time.monotonic()

    running.send(signal.SIGTERM)

    assert running.wait() == 0
    assert 2 <= time.monotonic() - began < 4
    assert not is_running(stubborn)


@pytest.mark.parametrize("option", ["kernel", "watchman"])
def test_a_killed_supervisor_leaves_nothing(site, option):
    running = site(SLEEPER + MASTER, option)
    pids = [running.pid("sleeper"), running.pid("master"), running.noted_pid("pool")]

    running.send(signal.SIGKILL)

    running.wait()
    assert wait_for(lambda: not any(map(is_running, pids)), seconds=5)


def test_a_killed_supervisor_leaves_not_even_the_stubborn(site):
    running = site(STUBBORN, "hasty")
    stubborn = running.noted_pid("stubborn")

    running.send(signal.SIGKILL)

    assert wait_for(lambda: not is_running(stubborn), seconds=6)


def test_a_tied_supervisor_goes_with_its_parent(tmp_path):
    (tmp_path / "Procfile").write_text(SLEEPER)
    (tmp_path / "script.py").write_text(SUPERVISE)
    parent = subprocess.Popen(
        ["/bin/sh", "-c", f"{sys.executable} {tmp_path}/script.py {tmp_path} tied & wait"],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout.readline() == "started\n"
    sleeper = int((tmp_path / "run" / "sleeper.pid").read_text())

    parent.kill()

    assert parent.stdout.read() == "stopped\n"
    assert not is_running(sleeper)
    parent.wait()
