import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.utils import timezone, translation

from config.templatetags.look import relative_time

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
VENDOR = settings.BASE_DIR / "static" / "vendor"


def render(text, **context):
    return Template("{% load look %}" + text).render(Context(context))


@pytest.mark.parametrize(
    ("distance", "english", "russian"),
    [
        (timedelta(seconds=-5), "just now", "только что"),
        (timedelta(seconds=5), "in a moment", "вот-вот"),
        (timedelta(minutes=-1), "1 minute ago", "1 минуту назад"),
        (timedelta(minutes=-3), "3 minutes ago", "3 минуты назад"),
        (timedelta(minutes=-59), "59 minutes ago", "59 минут назад"),
        (timedelta(minutes=-59, seconds=-45), "1 hour ago", "1 час назад"),
        (timedelta(hours=-23), "23 hours ago", "23 часа назад"),
        (timedelta(hours=-23, minutes=-45), "1 day ago", "1 день назад"),
        (timedelta(days=3), "in 3 days", "через 3 дня"),
        (timedelta(days=21), "in 21 days", "через 21 день"),
    ],
)
def test_distance_in_time_has_the_right_words(distance, english, russian):
    with translation.override("en"):
        assert relative_time(NOW + distance, NOW) == english
    with translation.override("ru"):
        assert relative_time(NOW + distance, NOW) == russian


def test_a_moment_is_shown_in_the_readers_zone_with_the_exact_time():
    with timezone.override("Asia/Vladivostok"), translation.override("en"):
        shown = render("{% moment at 'clock' %}", at=NOW)
    assert 'datetime="2026-05-04T12:00:00+00:00"' in shown
    assert ">22:00</time>" in shown
    assert 'title="May 4, 2026, 10 p.m."' in shown


def test_a_short_moment_is_a_clock_today_and_a_date_before():
    now = timezone.now()
    assert re.search(r">\d\d:\d\d<", render("{% moment at 'short' %}", at=now))
    assert not re.search(r">\d\d:\d\d<", render("{% moment at 'short' %}", at=now - timedelta(2)))


def test_no_moment_is_nothing():
    assert render("{% moment at %}", at=None) == ""


class SampleForm(forms.Form):
    text = forms.CharField(help_text="Some help")
    choice = forms.ChoiceField(choices=[("a", "A")])
    tick = forms.BooleanField(required=False)
    note = forms.CharField(required=False, widget=forms.Textarea)


def test_fields_wear_the_look_and_keep_their_labels():
    form = SampleForm()
    shown = "".join(str(field.as_field_group()) for field in form)
    assert 'class="form-control"' in shown
    assert 'class="form-select"' in shown
    assert 'class="form-check-input"' in shown
    for field in form:
        assert f'for="{field.id_for_label}"' in shown
    assert 'aria-describedby="id_text_helptext"' in shown
    assert shown.count("form-label-description") == 1


def test_a_bad_field_says_so_to_eyes_and_ears():
    form = SampleForm({"text": "", "choice": "a"})
    shown = str(form["text"].as_field_group())
    assert "is-invalid" in shown
    assert 'aria-invalid="true"' in shown
    assert 'id="id_text_error"' in shown


def test_a_value_is_escaped():
    assert "<img" not in render("{% icon name %}", name="<img>")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_need_no_more_than_the_content_policy_allows(path):
    text = path.read_text()
    assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:|<style|hx-on|hx-vals='js", text)
    for tag in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL):
        assert tag == ""
    for address in re.findall(r'(?:src|href|action)="(https?://[^"]*)"', text):
        assert address.startswith("https://t.me/")


def test_every_icon_that_is_used_is_in_the_sprite():
    sprite = (settings.BASE_DIR / "static" / "img" / "icons.svg").read_text()
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = set()
    for path in TEMPLATES:
        used |= set(re.findall(r'\{% icon "([^"]+)"', path.read_text()))
        used |= set(re.findall(r'icon_name="([^"]+)"', path.read_text()))
        used |= set(re.findall(r'cabinet_link "[^"]+" "([^"]+)"', path.read_text()))
    assert used - known == set()


def test_vendored_files_are_the_ones_that_are_written_down():
    rows = re.findall(
        r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", (VENDOR / "VENDOR.md").read_text(), re.MULTILINE
    )
    named = {(VENDOR / name).resolve(): digest for name, digest in rows}
    files = {path for path in VENDOR.iterdir() if path.suffix != ".md"}
    assert files <= set(named)
    for path, digest in named.items():
        assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == digest, path
