"""What a site of ours is started with, and how its log is read."""

from bench.site import ALLOWANCES, LogTail, Site, faster
from config.settings import base


def test_a_site_inherits_nothing_that_leads_to_other_servers(tmp_path, monkeypatch):
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgres://somebody.example/real")
    monkeypatch.setenv("SECRET_KEY", "somebody's")
    environment = Site("trial", {"AVITO_POLL_SECONDS": "5"}).environment
    assert environment["DATABASE_URL"] == ""
    assert "SECRET_KEY" not in environment
    assert environment["AVITO_POLL_SECONDS"] == "5"
    assert environment["VAR_DIR"] == str(tmp_path / "bench-trial")


def test_two_sites_share_no_port(tmp_path, monkeypatch):
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    site = Site("trial")
    assert len({site.port, site.sandbox_port, site.sandbox_port + 2}) == 3


def test_a_process_that_is_not_there_is_not_killed(tmp_path, monkeypatch):
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    site = Site("trial")
    assert site.pid("worker") is None
    assert site.kill("worker") is False
    (site.var_dir / "run").mkdir(parents=True)
    (site.var_dir / "run" / "worker.pid").write_text("4194305\n")
    assert site.kill("worker") is False


def test_the_log_is_read_line_by_line_as_it_grows(tmp_path):
    log = tmp_path / "site.log"
    log.write_text("[1/5] Python packages …\nworker   | first\npump     | half a")
    tail = LogTail(log)
    assert tail.read() == [("worker", "first")]
    with log.open("a") as file:
        file.write(" line\n\x1b[36mworker   |\x1b[0m in colour\n")
    assert tail.read() == [("pump", "half a line"), ("worker", "in colour")]
    assert tail.read() == []


def test_a_faster_clock_raises_all_allowances_alike():
    settings = faster(20)
    assert settings["AVITO_CHAT_PER_SECOND"] == "20"
    assert settings["TELEGRAM_GROUP_PER_MINUTE"] == "400"
    assert {name: float(value) / 20 for name, value in settings.items()} == ALLOWANCES
    assert set(settings) == {name for name in settings if hasattr(base, name)}
