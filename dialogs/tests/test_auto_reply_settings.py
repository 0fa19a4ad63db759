"""The auto-reply's settings at ``/api/clients/{id}``: the names of old, judged field by field."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from accounts.models import AuditEvent, Membership
from config.lib.errors import InputError
from conftest import make_user
from dialogs.models import AutoReplySettings
from dialogs.services.auto_reply_settings import change_settings
from dialogs.tests.auto_replies import say, states, switch_on
from dialogs.tests.inbox import make_account, make_dialog

pytestmark = pytest.mark.django_db

UNSET = {
    "auto_reply_enabled": False,
    "auto_reply_always": True,
    "auto_reply_start_time": None,
    "auto_reply_end_time": None,
    "auto_reply_timezone": "Europe/Moscow",
    "auto_reply_text": "",
    "auto_reply_delay_seconds": 75,
}
NIGHT = {
    "auto_reply_enabled": True,
    "auto_reply_always": False,
    "auto_reply_start_time": "21:00",
    "auto_reply_end_time": "09:30",
    "auto_reply_timezone": "Asia/Omsk",
    "auto_reply_text": "We are back at nine.",
    "auto_reply_delay_seconds": 600,
}


@pytest.fixture
def url(organization):
    return f"/api/clients/{organization.pk}"


@pytest.fixture
def patch(api, owner, url):
    """Return a call that changes settings as the owner."""
    client = api(owner)
    return lambda **changes: client.patch(url, changes, format="json")


def settings_of(answer):
    return {name: value for name, value in answer.json().items() if name.startswith("auto_reply_")}


def test_before_anybody_sets_it_it_is_off(api, colleague, url):
    assert settings_of(api(colleague).get(url)) == UNSET
    assert not AutoReplySettings.objects.exists()


def test_the_zone_begins_with_the_organizations(api, owner, organization, url):
    organization.timezone = "Asia/Omsk"
    organization.save()
    assert api(owner).get(url).json()["auto_reply_timezone"] == "Asia/Omsk"


def test_what_is_set_is_read_again(patch, api, colleague, url):
    answer = patch(**NIGHT)
    assert answer.status_code == 200, answer.content
    assert settings_of(answer) == NIGHT
    assert settings_of(api(colleague).get(url)) == NIGHT
    event = AuditEvent.objects.get(action="auto_reply.changed")
    assert event.details["from"]["enabled"] == "False"
    assert event.details["to"]["start_time"] == "21:00:00"
    assert "back at nine" not in str(event.details)


def test_one_field_leaves_the_others(patch):
    patch(**NIGHT)
    assert settings_of(patch(auto_reply_end_time="08:00")) == NIGHT | {
        "auto_reply_end_time": "08:00"
    }


def test_name_and_settings_are_changed_together_or_not_at_all(patch, organization):
    assert patch(name="Wheels", auto_reply_enabled=True).status_code == 400
    organization.refresh_from_db()
    assert organization.name == "Bicycles"
    answer = patch(name="Wheels", **NIGHT)
    assert answer.json()["name"] == "Wheels"
    assert settings_of(answer) == NIGHT


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"auto_reply_text": "  "}, "auto_reply_text", "required"),
        ({"auto_reply_text": "x" * 4001}, "auto_reply_text", "max_length"),
        ({"auto_reply_start_time": None}, "auto_reply_start_time", "required"),
        ({"auto_reply_end_time": None}, "auto_reply_end_time", "required"),
        ({"auto_reply_end_time": "21:00"}, "auto_reply_end_time", "same_time"),
        ({"auto_reply_start_time": "25:00"}, "auto_reply_start_time", "invalid"),
        ({"auto_reply_start_time": "21:00:30"}, "auto_reply_start_time", "invalid"),
        ({"auto_reply_timezone": "Europe/Bicycle"}, "auto_reply_timezone", "invalid_choice"),
        ({"auto_reply_timezone": "../../etc/passwd"}, "auto_reply_timezone", "invalid_choice"),
        ({"auto_reply_delay_seconds": 9}, "auto_reply_delay_seconds", "min_value"),
        ({"auto_reply_delay_seconds": 3601}, "auto_reply_delay_seconds", "max_value"),
        ({"auto_reply_delay_seconds": -1}, "auto_reply_delay_seconds", "min_value"),
        ({"auto_reply_delay_seconds": "soon"}, "auto_reply_delay_seconds", "invalid"),
        ({"auto_reply_delay_seconds": None}, "auto_reply_delay_seconds", "null"),
        ({"auto_reply_enabled": "perhaps"}, "auto_reply_enabled", "invalid"),
        ({"auto_reply_enabled": None}, "auto_reply_enabled", "null"),
    ],
)
def test_what_is_wrong_is_said_of_its_field_and_nothing_is_changed(patch, changes, field, code):
    answer = patch(**(NIGHT | changes))
    assert answer.status_code == 400
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)]
    assert not AutoReplySettings.objects.exists()


def test_it_may_be_unfinished_while_it_is_off(patch):
    assert patch(auto_reply_always=False).status_code == 200
    assert patch(auto_reply_enabled=True).status_code == 400
    assert not AutoReplySettings.objects.get().enabled


@pytest.mark.parametrize(
    ("seconds", "code"), [(9, "min_value"), (3601, "max_value"), (10, ""), (3600, "")]
)
def test_whoever_sets_the_delay_is_held_to_its_bounds(owner, organization, seconds, code):
    changes = {"auto_reply_delay_seconds": seconds}
    if not code:
        change_settings(owner, organization, changes)
        assert AutoReplySettings.objects.get().delay_seconds == seconds
        return
    with pytest.raises(InputError) as refused:
        change_settings(owner, organization, changes)
    (error,) = refused.value.fields
    assert (error.field, error.code) == ("auto_reply_delay_seconds", code)
    assert not AutoReplySettings.objects.exists()


def test_the_delay_counts_from_the_next_message(patch, organization):
    assert patch(**NIGHT | {"auto_reply_always": True}).status_code == 200
    dialog = make_dialog(make_account(organization), texts=())
    say(dialog)
    planned = dialog.auto_replies.annotate(left=F("due_at") - Now()).get()
    assert timedelta(seconds=590) < planned.left <= timedelta(seconds=600)


def test_refusals_are_in_the_readers_language(api, owner, url):
    owner.lang_code = "ru"
    owner.save()
    answer = api(owner).patch(url, {"auto_reply_enabled": True}, format="json")
    assert answer.json()["errors"][0]["message"] == "Напишите, что прочитают покупатели."


def test_admins_change_it_and_managers_do_not(api, organization, colleague, url):
    assistant = make_user("dasha")
    Membership.objects.create(organization=organization, user=assistant, role="admin")
    assert api(colleague).patch(url, NIGHT, format="json").status_code == 403
    assert not AutoReplySettings.objects.exists()
    assert api(assistant).patch(url, NIGHT, format="json").status_code == 200


def test_strangers_see_and_change_nothing(api, stranger, other_organization, url):
    client = api(stranger)
    assert client.get(url).status_code == 404
    assert client.patch(url, NIGHT, format="json").status_code == 404
    assert not AutoReplySettings.objects.exists()


def test_switching_off_calls_off_what_is_planned_here_alone(
    patch, organization, other_organization
):
    switch_on(organization)
    switch_on(other_organization)
    own = make_dialog(make_account(organization), texts=())
    foreign = make_dialog(make_account(other_organization, avito_user_id=8), texts=())
    say(own)
    say(foreign)
    patch(auto_reply_text="Back on Monday.")
    assert states(own) == [("day", "waiting", "")]
    patch(auto_reply_enabled=False)
    assert states(own) == [("day", "cancelled", "switched_off")]
    assert states(foreign) == [("day", "waiting", "")]


def test_the_document_names_the_fields_for_one_organization_alone():
    document = SchemaGenerator().get_schema(public=True)
    schemas = document["components"]["schemas"]
    assert set(UNSET) <= set(schemas["ClientOut"]["properties"])
    assert set(UNSET) <= set(schemas["PatchedClientChangesInRequest"]["properties"])
    assert not set(UNSET) & set(schemas["OrganizationRefOut"]["properties"])


@pytest.mark.parametrize("model", ["autoreply", "autoreplysettings"])
def test_the_admin_lists_and_shows_them(page, staff, organization, model):
    switch_on(organization)
    dialog = make_dialog(make_account(organization), texts=())
    say(dialog)
    pk = {"autoreply": dialog.auto_replies.get().pk, "autoreplysettings": organization.pk}[model]
    client = page(staff)
    assert client.get(reverse(f"admin:dialogs_{model}_changelist"), {"q": "B"}).status_code == 200
    assert client.get(reverse(f"admin:dialogs_{model}_change", args=[pk])).status_code == 200
