import pytest

from integrations.models import AvitoAccount, Bot
from integrations.services.avito_accounts import create_avito_account

SECRET = "shop-secret-that-nobody-sees"


@pytest.fixture
def keys(sandbox):
    sandbox.control("avito/accounts", {"client_id": "shop", "client_secret": SECRET})
    return {"api_client_id": "shop", "api_client_secret": SECRET}


@pytest.fixture
def account(organization, keys):
    return create_avito_account(actor=None, organization=organization, name="Shop", **keys)


@pytest.fixture
def foreign_account(other_organization, keys):
    return create_avito_account(actor=None, organization=other_organization, name="Kettle", **keys)


def make_bot(organization, telegram_id=7001):
    return Bot.objects.create(
        organization=organization,
        name="Shop bot",
        telegram_id=telegram_id,
        username=f"bot_{telegram_id}",
        sealed_token="sealed",
    )


def test_an_account_is_connected_by_its_keys(page, owner, organization, keys):
    bot = make_bot(organization)
    client = page(owner)
    answer = client.post("/client/integrations", {"name": "Shop", "bot": bot.pk, **keys})
    account = AvitoAccount.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/client/integrations/avito/{account.pk}"
    assert (account.organization, account.bot) == (organization, bot)
    text = client.get(answer["Location"]).content.decode()
    assert "Shop is connected." in text
    assert SECRET not in text


def test_refused_keys_are_shown_and_never_sent_back(page, owner, organization, sandbox):
    body = {"name": "Shop", "api_client_id": "nobody", "api_client_secret": SECRET}
    answer = page(owner).post("/client/integrations", body)
    assert answer.status_code == 400
    assert answer.context["form"].errors["api_client_secret"]
    assert SECRET not in answer.content.decode()
    assert not AvitoAccount.objects.exists()


def test_a_strangers_bot_cannot_be_chosen(page, owner, organization, other_organization, keys):
    theirs = make_bot(other_organization)
    client = page(owner)
    assert str(theirs.pk) not in client.get("/client/integrations").content.decode()
    answer = client.post("/client/integrations", {"name": "Shop", "bot": theirs.pk, **keys})
    assert answer.status_code == 400
    assert "bot" in answer.context["form"].errors
    assert not AvitoAccount.objects.exists()


def test_a_manager_sees_accounts_and_changes_none(page, colleague, account, keys):
    client = page(colleague)
    address = f"/client/integrations/avito/{account.pk}"
    assert "Shop" in client.get(address).content.decode()
    for path, body in {
        "/client/integrations": {"name": "Shop", **keys},
        address: {"name": "Mine"},
        f"{address}/check": {},
        f"{address}/webhook": {},
        f"{address}/delete": {"confirmation": "Shop"},
    }.items():
        assert client.post(path, body).status_code == 403, path
    account.refresh_from_db()
    assert account.name == "Shop"


@pytest.mark.parametrize("path", ["", "/check", "/webhook", "/delete"])
def test_a_strangers_account_is_nothing(page, owner, organization, foreign_account, path):
    client = page(owner)
    address = f"/client/integrations/avito/{foreign_account.pk}{path}"
    answer = client.post(address, {"confirmation": "Kettle", "name": "Mine"})
    assert answer.status_code == 404
    if not path:
        assert client.get(address).status_code == 404
    foreign_account.refresh_from_db()
    assert foreign_account.name == "Kettle"


def test_many_accounts_cost_as_many_queries_as_one(
    page, owner, organization, django_assert_max_num_queries
):
    for number in range(12):
        AvitoAccount.objects.create(
            organization=organization,
            name=f"Shop {number}",
            api_client_id="id",
            sealed_client_secret="sealed",
            avito_user_id=number + 1,
            bot=make_bot(organization, number + 1),
        )
    client = page(owner)
    client.get("/client/integrations")
    with django_assert_max_num_queries(6):
        client.get("/client/integrations")


def test_name_and_bot_are_changed(page, owner, account, organization):
    bot = make_bot(organization)
    client = page(owner)
    address = f"/client/integrations/avito/{account.pk}"
    client.post(address, {"name": "Front", "bot": bot.pk})
    account.refresh_from_db()
    assert (account.name, account.bot) == ("Front", bot)
    client.post(address, {"name": "Front", "bot": ""})
    account.refresh_from_db()
    assert account.bot is None


def test_the_check_tells_what_avito_says_and_how_long_it_took(page, owner, account, sandbox):
    client = page(owner)
    address = f"/client/integrations/avito/{account.pk}/check"
    answer = client.post(address, HTTP_HX_REQUEST="true")
    assert "Avito takes the keys." in answer.content.decode()
    assert "Answered in" in answer.content.decode()
    sandbox.fault("avito.*", "status", status=502)
    failed = client.post(address)
    assert "502" in failed.content.decode()
    assert not all(finding.is_good for finding in failed.context["findings"])


def test_the_webhook_is_set_anew(page, owner, account, sandbox):
    client = page(owner)
    address = f"/client/integrations/avito/{account.pk}/webhook"
    assert "The webhook is set." in client.post(address, follow=True).content.decode()
    account.refresh_from_db()
    before = bytes(account.webhook_path_hash)
    sandbox.fault("avito.subscribe", "status", status=502)
    assert "site-toast-error" in client.post(address, follow=True).content.decode()
    account.refresh_from_db()
    assert bytes(account.webhook_path_hash) == before


def test_an_account_is_disconnected_by_its_name_alone(page, owner, account):
    client = page(owner)
    address = f"/client/integrations/avito/{account.pk}/delete"
    assert client.post(address, {"confirmation": "shop"}).status_code == 400
    assert AvitoAccount.objects.exists()
    answer = client.post(address, {"confirmation": " Shop "})
    assert (answer.status_code, answer["Location"]) == (302, "/client/integrations")
    assert not AvitoAccount.objects.exists()
