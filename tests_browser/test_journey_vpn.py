"""Journey 2 in a running site: register, ask, get it, connect, renew, hear of the end; and a panel
that goes away in the middle. By the pages, and by the bot alone.

All of it is pressed as people press it: the site and its admin, the stage's VPN app and panels.
"""

import base64
import json
import re
import secrets
import time
import urllib.request
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import translation
from django.utils.translation import gettext as _
from playwright.sync_api import expect

from bench.site import FASTER, Site
from tests_browser.conftest import DESKTOP, PHONE
from vpnconfigs.links.titles import country_flag

pytestmark = pytest.mark.whole_site

PANELS = {"g2": ("amsterdam", "NL"), "g3a": ("frankfurt", "DE"), "g3b": ("helsinki", "FI")}
LOCALES = {"ru": "ru-RU", "en": "en-US"}
# What the demo calls its tariffs.
ASKED = {"ru": "По заявке", "en": "By request"}
FREE = {"ru": "Старт", "en": "Start"}
PASSWORD = "a-long-password-of-hers"
STAFF = ("admin", "depesha-demo")
PLATFORM_TOKEN_PREFIX = "700000001:"
PATIENCE = 60.0
SETTINGS = {
    **FASTER,
    "PROCESS_PERIOD_SEC": "1",
    "SWEEP_SECONDS": "1",
    "XUI_LOOK_SECONDS": "1",
    "XUI_RECONCILE_SECONDS": "2",
}
# The end comes nearer than it was, as if a month had gone by.
BRING_THE_END_NEAR = """
UPDATE vpnconfigs_config SET valid_from = now() - interval '30 days',
    valid_to = now() + interval '2 hours', revision = revision + 1
WHERE id = %s RETURNING name
"""
CONFIG_OF = """
SELECT config.id, config.email, config.valid_to, link.token FROM vpnconfigs_config AS config
JOIN vpnconfigs_subscriptionlink AS link ON link.id = config.subscription_id
JOIN accounts_user AS person ON person.id = config.user_id
WHERE person.email = %s OR person.telegram_id = %s
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAR_DIR", str(tmp_path_factory.mktemp("journey")))
        with Site("journey", SETTINGS) as site:
            yield site


@pytest.fixture
def open_tab(browser, site):
    """Return a maker of tabs in a language, on the site or on its stage."""
    contexts, complaints = [], []

    def hear(tab, text):
        # htmx names a look of the old page that going on to the next one has cut off.
        if not text.startswith("htmx:"):
            complaints.append(f"{tab.url}: {text}")

    def open_it(language, *, url=None, viewport=PHONE):
        context = browser.new_context(
            base_url=url or site.url, viewport=viewport, locale=LOCALES[language]
        )
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: hear(tab, message.text))
        tab.on("pageerror", lambda error: complaints.append(f"{tab.url}: {error}"))
        return tab

    expect.set_options(timeout=PATIENCE * 1000)
    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


def wait_for(look):
    """Return what a look brings as soon as it is something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
    return found


class World:
    """What is behind the pages: the sandbox's controls, the staff's API, the database."""

    def __init__(self, site, generation):
        self.site = site
        self.panel, self.country = PANELS[generation]

    def control(self, path, body=None):
        return call(f"{self.site.sandbox_url}/control/{path}", body)

    def config_of(self, *, email="", telegram_id=0):
        ((pk, name, valid_to, token),) = self.site.query(CONFIG_OF, (email, telegram_id))
        return SimpleNamespace(pk=pk, email=name, valid_to=valid_to, token=token)

    def end_on_panel(self, config):
        """When the panel lets the config in no more, in seconds."""
        clients = self.control(f"xui/panels/{self.panel}")["clients"]
        found = {client["email"]: client for client in clients}
        return found[config.email]["expiryTime"] // 1000 if config.email in found else None

    def has_converged(self, config):
        return self.end_on_panel(config) == int(config.valid_to.timestamp())

    def read_subscription(self, config):
        request = urllib.request.Request(
            f"{self.site.url}/sub/{config.token}", headers={"User-Agent": "v2rayNG/1.9"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()

    def switch_power(self, *, on):
        self.control(f"xui/panels/{self.panel}/power", {"on": on})

    def bring_the_end_near(self, config):
        self.site.query(BRING_THE_END_NEAR, (config.pk,))


def addresses_in(served):
    """Where a subscription leads, without the names of servers, which count the days."""
    status, body = served
    assert status == 200
    addresses = [line.partition("#")[0] for line in base64.b64decode(body).decode().split()]
    assert addresses
    return addresses


def call(url, body=None, *, token=""):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


class Stage:
    """The VPN scene of the sandbox's page: an app of a person, the panels' cards."""

    def __init__(self, tab, panel):
        self.tab = tab
        tab.goto("/")
        tab.get_by_role("button", name="VPN", exact=True).first.click()
        self.card = tab.locator(f"[data-testid=panel][data-name={panel}]")

    def connect(self, address):
        self.tab.get_by_test_id("vpn-link").fill(address)
        self.tab.get_by_test_id("vpn-read").click()
        expect(self.tab.get_by_test_id("vpn-server")).to_have_count(1)
        self.tab.get_by_test_id("vpn-connect").click()
        expect(self.tab.get_by_test_id("vpn-connect")).to_have_attribute("aria-pressed", "true")

    def press_power(self):
        self.card.get_by_test_id("panel-power").click()


@pytest.mark.parametrize(("generation", "language"), [("g2", "ru"), ("g3a", "en"), ("g3b", "ru")])
def test_by_the_pages(site, open_tab, generation, language):
    world = World(site, generation)
    stage = Stage(open_tab(language, url=site.sandbox_url, viewport=DESKTOP), world.panel)
    email = f"nina-{secrets.token_hex(4)}@example.org"
    with translation.override(language):
        tab = open_tab(language)
        _registers(tab, email)
        _asks(tab, world, language)
        _staff_approves(open_tab(language, viewport=DESKTOP), email)
        config = wait_for(lambda: world.config_of(email=email))
        _sees_that_it_works(tab)
        _connects(tab, stage)
        _renews(tab, world, email, language)
        _hears_of_the_end(tab, world, email)
        try:
            _panel_goes_and_returns(tab, world, stage, email)
        finally:
            world.switch_power(on=True)
    assert world.config_of(email=email).pk == config.pk


def _registers(tab, email):
    tab.goto("/")
    tab.get_by_role("link", name=_("Get a config")).click()
    tab.get_by_role("main").get_by_role("link", name=_("Register")).click()
    # A customer of the shop is not asked for an organization.
    expect(tab.get_by_label(_("Name of the organization"))).to_have_count(0)
    tab.get_by_label(_("E-mail")).fill(email)
    tab.get_by_label(_("Your name")).fill("Nina")
    tab.get_by_label(_("Password")).fill(PASSWORD)
    tab.get_by_role("main").get_by_role("button", name=_("Register")).click()
    expect(tab.get_by_text(_("Your first config is two taps away"))).to_be_visible()


def _asks(tab, world, language):
    tab.get_by_role("link", name=_("Get a config")).click()
    tab.get_by_role("radio", name=re.compile(ASKED[language])).check()
    tab.get_by_label(_("Country")).select_option(world.country)
    tab.get_by_label(re.compile(_("Name"))).fill("Nina's phone")
    tab.get_by_role("button", name=_("Send the request")).click()
    expect(tab.locator(".config-card")).to_contain_text(
        _("You have asked for it. We tell you as soon as it is decided.")
    )
    # There is nothing to scan before there is a config.
    expect(tab.locator(".qr-code")).to_have_count(0)


def _staff_approves(tab, email):
    tab.goto("/login?next=/admin/vpnconfigs/request/")
    name, password = STAFF
    tab.locator("#id_login").fill(name)
    tab.locator("#id_password").fill(password)
    tab.locator("main form button[type=submit]").first.click()
    tab.locator("#result_list tbody th a").first.click()
    tab.get_by_role("button", name=_("Approve…")).click()
    tab.get_by_role("button", name=_("Approve"), exact=True).click()
    expect(tab.get_by_role("button", name=_("Approve…"))).to_have_count(0)


def _sees_that_it_works(tab):
    """The open page learns of it by itself; so does the bell."""
    expect(tab.locator(".config-card .state")).to_have_text(_("works").capitalize())
    # What an app reads has come with it.
    expect(tab.get_by_role("img", name=_("QR code of your subscription"))).to_be_visible()
    _open_newest_notice(tab, _("Your request is approved"))
    expect(tab.get_by_role("heading", name="Nina's phone", level=1)).to_be_visible()
    expect(tab.get_by_role("img", name=_("QR code of this config"))).to_be_visible()


def _open_newest_notice(tab, subject):
    """An open page looks for it twice a minute; whoever is in a hurry looks by hand."""
    bell = tab.locator(".bell")
    notice = bell.get_by_role("button", name=subject).first

    def look():
        tab.reload()
        bell.locator("summary").click()
        bell.locator(".bell-head").wait_for()
        return notice.count()

    wait_for(look)
    notice.click()


def _connects(tab, stage):
    address = tab.get_by_role("group", name=_("Your subscription")).text_content()
    stage.connect(address.strip())
    # Usage is read with the panel's next comparison, and is no news to hurry for on the page.
    status = tab.locator("#status")
    wait_for(lambda: tab.reload() and _("not yet") not in status.inner_text())


def _renews(tab, world, email, language):
    """By a tariff that is taken at once; the one that was asked for would be asked for again."""
    before = world.config_of(email=email).valid_to
    expect(tab.get_by_role("button", name=_("Send the request"))).to_be_visible()
    tab.locator("#renewal-tariff").select_option(label=FREE[language])
    tab.get_by_role("button", name=_("Renew"), exact=True).click()
    expect(tab.get_by_text(_("“%(name)s” is renewed.") % {"name": "Nina's phone"})).to_be_visible()
    config = world.config_of(email=email)
    assert config.valid_to - before == timedelta(days=30)
    wait_for(lambda: world.has_converged(config))


def _hears_of_the_end(tab, world, email):
    world.bring_the_end_near(world.config_of(email=email))
    tab.goto("/configs")
    expect(tab.locator(".config-card .state")).to_have_text(_("ends soon").capitalize())
    subject = _("Your VPN config %(name)s ends soon") % {"name": "Nina's phone"}
    _open_newest_notice(tab, subject)


def _panel_goes_and_returns(tab, world, stage, email):
    """What is renewed meanwhile is kept, and reaches the panel when it is back."""
    wait_for(lambda: world.has_converged(world.config_of(email=email)))
    config = world.config_of(email=email)
    served = world.read_subscription(config)
    status = tab.locator("#status")
    stage.press_power()
    gone = _("The server's panel cannot be reached. Your config keeps working; changes wait.")
    # What nothing is expected of, an open page looks at twice a minute.
    wait_for(lambda: tab.reload() and gone in status.inner_text())
    assert world.read_subscription(config) == served

    tab.get_by_role("button", name=_("Renew"), exact=True).click()
    expect(tab.get_by_text(_("“%(name)s” is renewed.") % {"name": "Nina's phone"})).to_be_visible()
    expect(status).to_contain_text(gone)
    renewed = world.config_of(email=email)
    assert renewed.valid_to - config.valid_to == timedelta(days=30)
    assert not world.has_converged(renewed)
    assert addresses_in(world.read_subscription(config)) == addresses_in(served)

    stage.press_power()
    wait_for(lambda: world.has_converged(renewed))
    expect(status).not_to_contain_text(gone)
    expect(status.locator(".state")).to_have_text(_("works").capitalize())
    assert addresses_in(world.read_subscription(config)) == addresses_in(served)


class Phone:
    """A person's chat with the platform's bot."""

    def __init__(self, world, *, number, language):
        self.world, self.number = world, number
        bots = world.control("state")["telegram"]["bots"]
        self.token = next(
            bot["token"] for bot in bots if bot["token"].startswith(PLATFORM_TOKEN_PREFIX)
        )
        person = {"id": number, "first_name": "Vera", "language_code": language}
        world.control("telegram/users", person)

    @property
    def messages(self):
        found = self.world.control(f"telegram/chats/{self.number}?bot={self.token}")["messages"]
        return [message for message in found if message["from"]["is_bot"]]

    def hear(self, *words):
        """Wait until the bot's last message says all of these; return it."""

        def look():
            shown = self.messages
            return shown[-1] if shown and all(w in self._all_of(shown[-1]) for w in words) else None

        return wait_for(look)

    def say(self, text):
        self._act("say", {"text": text})

    def press(self, label):
        """Press a button of the last message by what stands on it, or ends it."""
        message = self.messages[-1]
        data = [b["callback_data"] for b in self._buttons(message) if label in b["text"]]
        assert data, (label, message)
        self._act("press", {"message_id": message["message_id"], "data": data[0]})

    def _act(self, what, body):
        place = {"bot": self.token, "chat_id": self.number, "user": self.number}
        self.world.control(f"telegram/{what}", place | body)

    def _all_of(self, message):
        return "\n".join([message.get("text", ""), *(b["text"] for b in self._buttons(message))])

    @staticmethod
    def _buttons(message):
        return [button for row in message.get("buttons", []) for button in row]


@pytest.mark.parametrize(("generation", "language"), [("g2", "en"), ("g3a", "ru")])
def test_by_the_bot_alone(site, generation, language):
    number = 6_100_000 + secrets.randbelow(800_000)
    world = World(site, generation)
    phone = Phone(world, number=number, language="ru" if language == "en" else "en")
    with translation.override(language):
        _chooses_the_language(phone, language)
        _asks_the_bot(phone, world, language)
        _staff_approves_over_the_api(world)
        _gets_the_code(phone)
        _renews_by_a_notice(phone, world, language)
        _bot_speaks_of_the_panel(phone, world, language)


def _chooses_the_language(phone, language):
    name = {"ru": "Русский", "en": "English"}[language]
    with translation.override("ru" if language == "en" else "en"):
        phone.say("/start")
        phone.hear(_("Sign in"), _("Language and notices"))
        phone.press(_("Language and notices"))
        phone.hear(name)
        phone.press(name)
    phone.hear(f"✓ {name}")
    phone.press(_("Menu"))
    phone.hear(_("Get a config"))


def _asks_the_bot(phone, world, language):
    phone.press(_("Get a config"))
    phone.hear(ASKED[language])
    phone.press(ASKED[language])
    phone.hear("VLESS")
    phone.press("VLESS")
    phone.hear(country_flag(world.country))
    phone.press(country_flag(world.country))
    phone.hear(_("Send the request"))
    phone.press(_("Send the request"))
    phone.hear(_("The request is sent. The answer comes here."))


def _staff_approves_over_the_api(world):
    name, password = STAFF
    url = world.site.url
    token = call(f"{url}/api/auth/v1/login", {"login": name, "password": password})["access_token"]
    waiting = call(f"{url}/api/admin/v1/requests?state=open", token=token)
    (asked,) = waiting["results"]
    decide = f"{url}/api/admin/v1/requests/{asked['id']}/decide"
    call(decide, {"decision": "approve", "comment": "Welcome!"}, token=token)


def _gets_the_code(phone):
    phone.hear("Welcome!", _("Open the config"))
    phone.press(_("Open the config"))
    state = _("State: %(state)s") % {"state": _("works")}
    while state not in phone.hear(_("QR code"))["text"]:
        phone.press(_("Refresh"))
    phone.press(_("QR code"))
    picture = wait_for(lambda: phone.messages[-1].get("media") and phone.messages[-1])
    assert picture["media"] == "photo"
    assert "/sub/" in picture["text"]


def _renews_by_a_notice(phone, world, language):
    config = world.config_of(telegram_id=phone.number)
    world.bring_the_end_near(config)
    told = _("The config <b>%(name)s</b> ends in less than %(hours)s h. Renew it in one tap.")
    phone.hear(re.sub("</?b>", "", told) % {"name": "VLESS", "hours": 3}, _("Renew"))
    _takes_the_free_tariff(phone, language)
    renewed = world.config_of(telegram_id=phone.number)
    assert renewed.valid_to > config.valid_to - timedelta(days=365)
    wait_for(lambda: world.has_converged(renewed))


def _takes_the_free_tariff(phone, language):
    phone.press(_("Renew"))
    offer = f"{FREE[language]}: "
    phone.hear(offer)
    phone.press(offer)
    phone.hear(_("Get it"))
    phone.press(_("Get it"))
    phone.hear(_("Done: the config is renewed."))


def _bot_speaks_of_the_panel(phone, world, language):
    gone = _("The server's panel cannot be reached. Your config keeps working; changes wait.")
    world.switch_power(on=False)
    try:
        while gone not in phone.hear(_("Refresh"))["text"]:
            phone.press(_("Refresh"))
            time.sleep(0.3)
        _takes_the_free_tariff(phone, language)
        renewed = world.config_of(telegram_id=phone.number)
        assert not world.has_converged(renewed)
        assert world.read_subscription(renewed)[0] == 200
    finally:
        world.switch_power(on=True)
    wait_for(lambda: world.has_converged(renewed))
    while gone in phone.hear(_("Refresh"))["text"]:
        phone.press(_("Refresh"))
        time.sleep(0.3)
