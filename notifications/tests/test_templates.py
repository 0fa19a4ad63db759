"""Words that staff may change: what is refused, and that nothing they do stops a notice."""

import pytest
from django.urls import reverse
from django.utils import translation

from notifications.models import NotificationTemplate
from notifications.services import notify, register_notification, templates
from notifications.services.kinds import kinds
from notifications.services.markup import find_faults
from notifications.services.rendering import render
from notifications.services.templates import Words

KIND = "tests.words"
ADD = "/admin/notifications/notificationtemplate/add/"


@pytest.fixture(autouse=True)
def _kind():
    if KIND not in kinds:
        register_notification(
            KIND,
            subject="About %(name)s",
            label="About",
            text="<b>%(name)s</b> ended",
            channel_texts={"email": "Dear %(name)s, it ended"},
            sample={"name": "Ann & Bo", "days": 3},
        )
    templates.forget()
    with translation.override("en"):
        yield
    templates.forget()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Hello %(name)s, %(days)s &lt; 100%%", None),
        ('<b>a <i>%(name)s</i></b> <a href="https://e.org/?a=1&amp;b=2">x</a>', None),
        ('<a href="%(name)s">x</a> <code>1 > 0</code>', None),
        ("%(nam)s", "no value nam"),
        ("%(name)d", "percent sign"),
        ("100% sure", "percent sign"),
        ("%", "percent sign"),
        ("<b>open", "not closed"),
        ("<b><i>crossed</b></i>", "closes nothing"),
        ("closed</b>", "closes nothing"),
        ("<h1>big</h1>", "knows no tag"),
        ("a<br/>b", "knows no tag"),
        ("<script>alert(1)</script>", "knows no tag"),
        ('<b onclick="x">a</b>', "attribute"),
        ("<a>nowhere</a>", "attribute"),
        ('<a href="javascript:x">a</a>', "https://"),
        ('<a href="http://[::1">a</a>', "https://"),
        ("2 < 3", "&lt;"),
        ("a <b", "&lt;"),
        ("you & me", "&amp;"),
        ("&nbsp;", "&amp;"),
        ("<!-- hidden -->", "comment"),
        ("x" * 4097, "longer"),
    ],
)
def test_words_that_could_not_be_sent_are_refused(text, part):
    faults = find_faults(kinds.get(KIND), Words("About %(name)s", text))
    said = " ".join(str(fault.message) for fault in faults)
    assert bool(faults) is (part is not None)
    assert part is None or part in said
    assert {fault.field for fault in faults} <= {"text"}


def test_a_subject_with_a_value_that_is_not_there_is_refused():
    (fault,) = find_faults(kinds.get(KIND), Words("%(nobody)s", "a"))
    assert fault.field == "subject"


def notice(person):
    return notify(kind=KIND, recipient=person, context={"name": "Ann & Bo"}, dedup_key="k")


@pytest.mark.django_db
def test_changed_words_count_for_their_language_and_channel(owner):
    told = notice(owner)
    assert render(told).plain == "Ann & Bo ended"
    assert render(told, "email").plain == "Dear Ann & Bo, it ended"
    for language, channel, text in (
        ("en", "", "over for %(name)s"),
        ("en", "email", "<i>bye</i>"),
        ("ru", "", "конец"),
    ):
        NotificationTemplate.objects.create(
            kind=KIND, language=language, channel=channel, subject="S", text=text
        )
    templates.forget()
    assert render(told, "telegram").html == "over for Ann &amp; Bo"
    assert render(told, "email").html == "<i>bye</i>"
    owner.lang_code = "ru"
    assert render(told, "email").plain == "конец"


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["%(gone)s", "100% sure", "%d"])
def test_words_that_broke_behind_our_back_do_not_stop_a_notice(text, owner):
    NotificationTemplate.objects.create(kind=KIND, language="en", subject="S", text=text)
    assert render(notice(owner)).html == "<b>Ann &amp; Bo</b> ended"


@pytest.mark.django_db
def test_the_admin_keeps_what_can_be_sent_and_shows_it(page, staff, owner):
    client = page(staff)
    told = notice(owner)
    render(told)
    form = {"kind": KIND, "language": "en", "channel": "", "subject": "On %(name)s"}
    refused = client.post(ADD, {**form, "text": "<b>%(nobody)s"})
    assert refused.status_code == 200
    assert "There is no value nobody" in refused.content.decode()
    assert not NotificationTemplate.objects.exists()

    assert client.post(ADD, {**form, "text": "<b>%(name)s</b>, %(days)s d"}).status_code == 302
    kept = NotificationTemplate.objects.get()
    assert render(told).plain == "Ann & Bo,  d" or "Ann" in render(told).subject
    change = reverse("admin:notifications_notificationtemplate_change", args=[kept.pk])
    shown = client.get(change).content.decode()
    assert "On Ann &amp; Bo" in shown
    assert "Ann &amp; Bo, 3 d" in shown
    assert "%(days)s, %(name)s" in shown
    assert client.post(ADD, {**form, "text": "again"}).status_code == 200
    assert NotificationTemplate.objects.count() == 1
