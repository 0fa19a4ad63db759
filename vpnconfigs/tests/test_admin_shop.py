"""The shop in the admin: all of it opens, nothing secret shows, deeds go through the services."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Job
from conftest import make_user
from vpnconfigs.models import (
    Config,
    Device,
    Gift,
    MassAction,
    News,
    PanelReport,
    PromoCode,
    Purchase,
    Referral,
    Removal,
    Request,
    RequestMessage,
    ShopSettings,
    Tariff,
)
from vpnconfigs.services import requests
from vpnconfigs.services.mass_actions import run_mass_actions

pytestmark = pytest.mark.django_db
OURS = [model for model in admin.site._registry if model._meta.app_label == "vpnconfigs"]
READ_ONLY = (
    "config", "device", "gift", "panelreport", "purchase", "referral", "removal", "request",
    "subscriptionlink",
)  # fmt: skip


@pytest.fixture
def moderator(db):
    return make_user("anna", lang_code="en", role="ADMIN")


@pytest.fixture
def desk(page, staff):
    return page(staff)


@pytest.fixture
def everything(make_config, owner, stranger, tariff, inbound):
    """One row of everything; returns what must not show."""
    now = timezone.now()
    config = make_config(owner)
    inbound.panel.sealed_credentials = "planted-sealed"
    inbound.panel.save()
    removal = Removal.objects.create(
        inbound=inbound, config=config, protocol="vless", email="gone@panel",
        secret="planted-removal", sub_id="planted-sub-id",
    )  # fmt: skip
    PanelReport.objects.create(
        panel=inbound.panel,
        drift_count=1,
        correlation_id="c",
        findings=[
            {"kind": "differs", "inbound": 1, "email": "d-1", "config": str(config.pk),
             "fields": {"total_bytes": [1024**3, 0], "expiry_ms": [0, -86_400_000],
                        "enabled": [True, False]}, "done": False},
            {"kind": "stranger", "inbound": 1, "email": "who", "config": None, "fields": {},
             "done": False},
        ],
    )  # fmt: skip
    Device.objects.create(subscription=config.subscription, hwid="hw-1", last_seen_at=now)
    bought = Purchase.objects.create(user=owner, kind="gift", days=30, idempotency_key="k")
    gift = Gift.objects.create(
        code="planted-gift-code", purchase=bought, tariff=tariff, expires_at=now
    )
    Referral.objects.create(referrer=owner, newcomer=stranger)
    PromoCode.objects.create(code="SPRING", effect="percent", value=10)
    News.objects.create(title_ru="Новость", text_ru="**важно** <script>x</script>")
    ShopSettings.objects.create()
    asked = requests.ask(user=owner, kind="support", text="does not connect")
    RequestMessage.objects.create(request=asked, author=None, text="a word of nobody's")
    return [
        "planted-sealed", removal.secret, removal.sub_id, gift.code, config.secret, config.sub_id,
        config.subscription.token,
    ]  # fmt: skip


def list_url(model):
    return reverse(f"admin:vpnconfigs_{model._meta.model_name}_changelist")


def card_url(row):
    return reverse(f"admin:vpnconfigs_{row._meta.model_name}_change", args=[row.pk])


def act(client, model, action, *rows, **more):
    body = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(list_url(model), body, follow=True)


def words(answer):
    return [str(message) for message in answer.context["messages"]]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("role", ["staff", "moderator"])
def test_lists_and_cards_open_and_show_no_secret(request, page, everything, role, language):
    person = request.getfixturevalue(role)
    person.lang_code = language
    person.save()
    client = page(person)
    for model in OURS:
        for url in (list_url(model), f"{list_url(model)}?q=olga", card_url(model.objects.first())):
            answer = client.get(url)
            assert answer.status_code == 200, url
            text = answer.content.decode()
            assert not [secret for secret in everything if secret in text], url


def test_what_an_admin_may_is_in_the_table(page, moderator, everything, owner):
    client = page(moderator)
    panel = Removal.objects.get().inbound.panel
    assert b'name="password"' not in client.get(card_url(panel)).content
    assert client.post(card_url(panel), {"name": "mine"}).status_code == 403
    assert client.get(reverse("admin:vpnconfigs_panel_add")).status_code == 403
    assert client.post(list_url(ShopSettings), {"title": "mine"}).status_code == 403
    act(client, type(panel), "shut", panel)
    panel.refresh_from_db()
    assert (panel.name, panel.is_open) == ("Panel 1", True)
    act(client, Config, "suspend", Config.objects.get(), confirmed="yes", reason="late")
    assert Config.objects.get().state == "suspended"


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_the_code_writes_nobody_writes_by_hand(desk, everything, name):
    (model,) = [model for model in OURS if model._meta.model_name == name]
    row = model.objects.first()
    assert desk.get(reverse(f"admin:vpnconfigs_{name}_add")).status_code == 403
    assert desk.post(card_url(row), {"name": "changed"}).status_code == 403
    deletion = reverse(f"admin:vpnconfigs_{name}_delete", args=[row.pk])
    assert desk.post(deletion, {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_the_list_of_configs_asks_as_often_for_many_as_for_few(desk, make_config):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(list_url(Config)).status_code == 200
        # The site's settings are read again after a while, whoever asks.
        return sum("accounts_sitesettings" not in query["sql"] for query in queries)

    for number in range(3):
        make_config(make_user(f"few{number}"))
    desk.get(list_url(Config))
    few = count()
    for number in range(9):
        make_config(make_user(f"many{number}"))
    assert count() == few


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q={0.pk}", True),
        ("q={0.email}", True),
        ("q=olga@example.org", True),
        ("q=@olga", True),
        ("q=770077", True),
        ("q=nothing-like-it", False),
        ("q=%00", True),
        ("state__exact=active", True),
        ("state__exact=expired", False),
        ("protocol__exact=trojan", False),
        ("inbound__panel__id__exact={0.inbound.panel_id}", True),
        ("inbound={0.inbound_id}", True),
        ("inbound=0", False),
        ("inbound=x", True),
        ("synced=yes", True),
        ("synced=no", False),
        ("synced=error", False),
        ("ends=30", True),
        ("ends=7", False),
        ("ends=x", True),
    ],
)
def test_configs_are_found_and_filtered(desk, make_config, owner, query, found):
    owner.telegram_id = 770077
    owner.save()
    config = make_config(owner, name="Holiday")
    answer = desk.get(f"{list_url(Config)}?{query.format(config)}")
    assert answer.status_code == 200
    assert (config in list(answer.context["cl"].queryset)) is found


def test_one_config_is_dealt_with_at_once_and_from_its_card(desk, make_config, owner):
    config = make_config(owner)
    before = config.valid_to
    asked = act(desk, Config, "extend", config, card=config.pk)
    assert b'name="days"' in asked.content
    assert act(desk, Config, "extend", config, confirmed="yes", days=0).context["form"].errors
    config.refresh_from_db()
    assert config.valid_to == before

    done = act(desk, Config, "extend", config, confirmed="yes", days=3, card=config.pk)
    assert done.redirect_chain == [(card_url(config), 302)]
    config.refresh_from_db()
    assert (config.valid_to - before).days == 3
    assert not MassAction.objects.exists()


def test_what_cannot_be_done_is_said(desk, make_config, owner):
    config = make_config(owner)
    answer = act(desk, Config, "resume", config)
    assert any("not suspended" in text for text in words(answer))
    answer = act(desk, Config, "move", config, confirmed="yes", inbound=config.inbound_id)
    assert any("stands there already" in text for text in words(answer))
    body = {"action": "resume", "_selected_action": ["no-such-id"]}
    answer = desk.post(list_url(Config), body, follow=True)
    assert words(answer) == ["There are no such rows."]
    config.refresh_from_db()
    assert (config.state, config.revision) == ("active", 1)


@pytest.mark.parametrize(
    ("action", "given", "outcome"),
    [
        ("suspend", {"reason": "late"}, {"state": "suspended", "suspended_reason": "late"}),
        ("reset_traffic", {}, {"wanted_reset": 1}),
        ("delete_configs", {}, {"state": "deleted"}),
    ],
)
def test_many_configs_are_a_job(desk, make_config, owner, action, given, outcome):
    rows = [make_config(owner), make_config(owner)]
    assert act(desk, Config, action, *rows).status_code == 200
    assert not MassAction.objects.exists()
    answer = act(desk, Config, action, *rows, confirmed="yes", **given)
    job = Job.objects.get()
    assert reverse("admin:accounts_job_change", args=[job.pk]) in words(answer)[0]
    run_mass_actions()
    assert Config.objects.filter(**outcome).count() == 2


def test_a_request_is_answered_and_decided(desk, inbound, make_tariff, owner, staff):
    tariff = make_tariff("asked", is_self_service=False)
    asked = requests.ask(user=owner, kind="access", tariff=tariff, text="please")
    assert asked.is_unread_by_staff
    assert b"please" in desk.get(card_url(asked)).content
    asked.refresh_from_db()
    assert not asked.is_unread_by_staff

    assert act(desk, Request, "answer", asked, confirmed="yes", text=" ").context["form"].errors
    act(desk, Request, "answer", asked, confirmed="yes", text="in a minute")
    assert [m.text for m in asked.messages.order_by("pk")] == ["please", "in a minute"]
    given = {"confirmed": "yes", "is_free": "on", "comment": "welcome"}
    act(desk, Request, "approve", asked, **given)
    asked.refresh_from_db()
    assert (asked.state, asked.comment, asked.decided_by) == ("approved", "welcome", staff)
    assert asked.config.state == "provisioning"
    again = act(desk, Request, "refuse", asked, confirmed="yes", comment="no")
    assert any("decided already" in text for text in words(again))
    asked.refresh_from_db()
    assert asked.state == "approved"


def test_news_is_written_previewed_published_and_withdrawn(desk):
    entered = {
        "title_ru": "Новость",
        "text_ru": "**важно** <b>x</b>",
        "title_en": "",
        "text_en": "",
    }
    desk.post(reverse("admin:vpnconfigs_news_add"), entered)
    piece = News.objects.get()
    shown = desk.get(card_url(piece)).content.decode()
    assert "<strong>важно</strong> &lt;b&gt;x&lt;/b&gt;" in shown
    desk.post(card_url(piece), entered | {"title_en": "News"})
    act(desk, News, "publish", piece)
    piece.refresh_from_db()
    assert (piece.title_en, piece.state) == ("News", "published")
    assert any("published already" in text for text in words(act(desk, News, "publish", piece)))
    act(desk, News, "withdraw", piece)
    when = {"publish_at_0": "2999-01-01", "publish_at_1": "10:00"}
    act(desk, News, "schedule", piece, confirmed="yes", **when)
    piece.refresh_from_db()
    assert (piece.state, piece.publish_at.year) == ("scheduled", 2999)
    desk.post(reverse("admin:vpnconfigs_news_delete", args=[piece.pk]), {"post": "yes"})
    assert not News.objects.exists()


def test_tariffs_and_codes_are_kept_by_their_service(desk, tariff, inbound):
    entered = {
        "code": "year", "name_ru": "Год", "name_en": "Year", "days": 365, "price_kopecks": 100_050,
        "traffic_limit_bytes": 0, "device_limit": 0, "ip_limit": 0, "position": 1,
        "inbounds": [inbound.pk],
    }  # fmt: skip
    desk.post(reverse("admin:vpnconfigs_tariff_add"), entered)
    made = Tariff.objects.get(code="year")
    assert list(made.inbounds.all()) == [inbound]
    assert "1000,50 ₽" in desk.get(list_url(Tariff)).content.decode()
    desk.post(card_url(made), {**entered, "days": 366, "inbounds": []})
    made.refresh_from_db()
    assert (made.days, made.inbounds.count()) == (366, 0)

    code = {"code": "sale", "effect": "percent", "value": 101, "uses_per_person": 1}
    refused = desk.post(reverse("admin:vpnconfigs_promocode_add"), code)
    assert refused.status_code == 200
    assert "At most a hundred percent." in refused.content.decode()
    assert not PromoCode.objects.exists()
    desk.post(reverse("admin:vpnconfigs_promocode_add"), {**code, "value": 50})
    assert PromoCode.objects.get().code == "SALE"


def test_the_settings_are_there_before_anybody_stored_them(desk):
    shown = desk.get(list_url(ShopSettings))
    entered = {
        name: value for name, value in shown.context["adminform"].form.initial.items() if value
    }
    desk.post(list_url(ShopSettings), entered | {"title": "Our VPN"})
    assert ShopSettings.objects.get().title == "Our VPN"


def test_a_new_address_is_asked_about_first(desk, make_config, owner):
    link = make_config(owner).subscription
    old = link.token
    act(desk, type(link), "renew", link)
    link.refresh_from_db()
    assert link.token == old
    act(desk, type(link), "renew", link, confirmed="yes")
    link.refresh_from_db()
    assert link.token != old


def test_who_only_looks_gets_no_deeds(rf, db):
    request = rf.get("/admin/")
    request.user = make_user("vera", role="USER")
    for model in (Config, Request, News):
        assert set(admin.site._registry[model].get_actions(request)) <= {"delete_selected"}


def test_the_first_page_says_what_wants_an_eye(desk, everything, make_config, owner):
    make_config(owner, revision=2)
    figures = desk.get("/admin/").context["vpn_overview"]
    assert [figure for _title, figure, _address in figures] == [0, 1, 1]
    for _title, _figure, address in figures:
        assert desk.get(address).status_code == 200
