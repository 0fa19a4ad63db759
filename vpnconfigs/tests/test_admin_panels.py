"""Panels in the admin: tried, compared, changed and moved in with; how they are signed in to
never shows."""

import pytest
from django.urls import reverse

from conftest import make_user
from vpnconfigs.models import Config, Inbound, Panel, PanelReport
from vpnconfigs.services.panel_clients import open_credentials
from vpnconfigs.tests.panels import TROJAN, make_config

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "admin:vpnconfigs_panel_changelist"


@pytest.fixture
def desk(page, staff):
    return page(staff)


@pytest.fixture
def place(shop_panel):
    return shop_panel("g3b")


def card(panel):
    return reverse("admin:vpnconfigs_panel_change", args=[panel.pk])


def act(client, action, panel, **more):
    body = {"action": action, "_selected_action": [str(panel.pk)], **more}
    return client.post(reverse(LIST), body, follow=True)


def words(answer):
    return " ".join(str(message) for message in answer.context["messages"])


def entered(client, panel, **changes):
    """What the card's form would send, with changes."""
    context = client.get(card(panel)).context
    (inline,) = context["inline_admin_formsets"]
    forms = [context["adminform"].form, inline.formset.management_form, *inline.formset.forms]
    body = {
        form.add_prefix(name): value
        for form in forms
        for name, value in {
            name: form.get_initial_for_field(field, name) for name, field in form.fields.items()
        }.items()
        if value not in (None, False)
    }
    for number, form in enumerate(inline.formset.forms):
        body[f"inbounds-{number}-id"] = form.instance.pk
    return body | changes


def test_a_panel_is_added_and_its_secrets_never_show(desk, place):
    secrets = {"password": "planted-password", "token": "planted-token", "totp_key": "PLANTEDKEY"}
    body = {"name": "New", "url": "https://new.example:2053/x", "username": "root", **secrets}
    added = desk.post(reverse("admin:vpnconfigs_panel_add"), body)
    assert added.status_code == 302
    panel = Panel.objects.get(name="New")
    assert open_credentials(panel).password == "planted-password"
    pages = [reverse(LIST), card(panel), reverse("admin:accounts_auditevent_changelist")]
    bad = desk.post(card(panel), {**secrets, "name": ""})
    for text in (*(desk.get(url).content.decode() for url in pages), bad.content.decode()):
        assert not [
            value for value in (*secrets.values(), panel.sealed_credentials) if value in text
        ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "no address"}, "This is not the address of a panel"),
        ({"password": ""}, "Enter a user name and a password, or a token."),
        ({"country": "N1"}, "two letters"),
        ({"url": "{taken}"}, "already"),
    ],
)
def test_what_the_service_refuses_stands_on_the_form(desk, place, fields, said):
    body = {"name": "New", "url": "https://new.example/x", "username": "u", "password": "p"}
    body |= {name: value.format(taken=place.row.url) for name, value in fields.items()}
    answer = desk.post(reverse("admin:vpnconfigs_panel_add"), body)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert 'value="New"' in answer.content.decode()
    assert Panel.objects.count() == 1


def test_a_card_is_changed_and_what_is_left_empty_stays(desk, place):
    known = open_credentials(place.row)
    saved = desk.post(card(place), entered(desk, place, name="Renamed", country="NL"))
    assert saved.status_code == 302, saved.context["errors"]
    assert (place.row.name, place.row.country) == ("Renamed", "NL")
    assert open_credentials(place.row) == known

    moved = desk.post(card(place), entered(desk, place, url="https://elsewhere.example/x"))
    assert "the address is another one" in moved.content.decode()
    assert place.row.url != "https://elsewhere.example/x"


def test_what_is_sold_is_said_on_the_card(desk, place):
    rows = list(Inbound.objects.filter(panel=place.pk).order_by("external_id"))
    number = rows.index(place.vless)
    change = {f"inbounds-{number}-title": "Fast", f"inbounds-{number}-capacity": 7}
    assert desk.post(card(place), entered(desk, place, **change)).status_code == 302
    assert (place.vless.title, place.vless.capacity, place.vless.is_sold) == ("Fast", 7, True)

    Inbound.objects.filter(pk=place.vless.pk).update(protocol="shadowsocks", is_sold=False)
    change = {f"inbounds-{number}-is_sold": "on"}
    refused = desk.post(card(place), entered(desk, place, **change))
    assert "Only VLESS and TROJAN are sold." in refused.content.decode()
    assert not place.vless.is_sold


def test_a_panel_is_tried_and_the_outcome_said(desk, place, sandbox):
    good = act(desk, "test_now", place, card=place.pk)
    assert good.redirect_chain == [(card(place), 302)]
    assert "The panel works." in words(good)
    Panel.objects.filter(pk=place.pk).update(url="https://127.0.0.1:1/x")
    bad = act(desk, "test_now", place)
    assert f"{place.row}: The panel does not answer." in words(bad)
    for action in ("reconcile_now", "adopt"):
        assert f"{place.row}: The panel does not answer" in words(act(desk, action, place))


def test_a_comparison_is_read_before_it_repairs(desk, place):
    config = make_config(place, user=make_user("lena"))
    place.settle()
    place.remove_by_hand(config.email)
    looked = act(desk, "look_only", place, card=place.pk)
    assert "1 of ours differed, 0 repaired" in words(looked)
    text = looked.content.decode()
    assert "missing on the panel" in text
    assert config.email in text
    assert config.email not in place.ours()
    assert "1 repaired" in words(act(desk, "reconcile_now", place))
    assert config.email in place.ours()
    first, second = PanelReport.objects.order_by("-pk")[:2]
    assert (first.is_dry_run, second.is_dry_run) == (False, True)


def test_clients_move_in_after_a_look(desk, place):
    place.add_stranger(email="old-friend")
    place.add_stranger(TROJAN, email="old-rival")
    shown = act(desk, "adopt", place).content.decode()
    assert "old-friend" in shown
    assert not Config.objects.exists()

    friend = make_user("lena")
    given = {"confirmed": "yes", "owner": "nobody", "emails": "old-friend"}
    assert act(desk, "adopt", place, **given).context["form"].errors
    said = words(act(desk, "adopt", place, **given | {"owner": "lena@example.org"}))
    assert "1 adopted" in said
    assert [(c.email, c.user) for c in Config.objects.all()] == [("old-friend", friend)]
    assert "is ours already" in act(desk, "adopt", place).content.decode()


@pytest.mark.parametrize(
    ("action", "field", "outcome"),
    [("disable", "is_enabled", False), ("enable", "is_enabled", True),
     ("shut", "is_open", False), ("open_up", "is_open", True)],
)  # fmt: skip
def test_panels_are_switched(desk, place, action, field, outcome):
    Panel.objects.filter(pk=place.pk).update(**{field: not outcome})
    act(desk, action, place, confirmed="yes")
    assert getattr(place.row, field) is outcome


def test_a_panel_in_use_is_not_taken_away(desk, place):
    config = make_config(place, user=make_user("lena"))
    deletion = reverse("admin:vpnconfigs_panel_delete", args=[place.pk])
    refused = desk.post(deletion, {"post": "yes"}, follow=True)
    assert "Configs stand on this panel" in words(refused)
    Config.objects.filter(pk=config.pk).update(state="deleted")
    assert desk.post(deletion, {"post": "yes"}).status_code == 302
    assert not Panel.objects.exists()
