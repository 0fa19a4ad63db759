import pytest
from django.utils import timezone

from dialogs.tests.inbox import make_account, make_dialog
from dialogs.web.overview import list_steps
from integrations.models import Bot


def make_bot(organization, *, telegram_id=7001, **fields):
    return Bot.objects.create(
        organization=organization,
        name="Shop bot",
        telegram_id=telegram_id,
        username="shop_bot",
        sealed_token="sealed",
        **fields,
    )


@pytest.fixture
def overview(page, owner, organization):
    """Return what the page was rendered with."""
    client = page(owner)

    def read():
        answer = client.get("/client")
        assert answer.status_code == 200
        return answer

    return read


def states(answer):
    return [step.state for step in answer.context["steps"]]


def test_the_steps_follow_what_is_there(overview, organization):
    assert states(overview()) == ["next", "later", "later", "later", "later"]
    bot = make_bot(organization)
    assert states(overview()) == ["done", "next", "later", "later", "later"]
    bot.webhook_set_at = timezone.now()
    bot.group_chat_id = -1001
    bot.save()
    assert states(overview()) == ["done", "done", "done", "next", "later"]
    account = make_account(organization)
    make_dialog(account)
    assert states(overview()) == ["done"] * 5


def test_a_step_done_out_of_turn_counts(overview, organization):
    make_account(organization)
    assert states(overview()) == ["next", "later", "later", "done", "later"]


def test_only_the_next_step_has_a_button(overview):
    text = overview().content.decode()
    assert text.count("Add a bot") == 1
    assert "Open the inbox" not in text


def test_what_others_have_done_is_not_ours(overview, other_organization):
    make_bot(other_organization)
    assert states(overview())[0] == "next"


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"status": "bad_token"}, "Telegram refuses the token of @shop_bot"),
        ({}, "@shop_bot has no webhook"),
        ({"webhook_set_at": timezone.now()}, "@shop_bot has no group"),
    ],
)
def test_a_troubled_bot_asks_for_attention(overview, organization, fields, title):
    bot = make_bot(organization, **fields)
    [trouble] = overview().context["troubles"]
    assert trouble.title == title
    assert trouble.url == f"/client/bots/{bot.pk}"


def test_a_bot_that_is_switched_off_troubles_nobody(overview, organization):
    make_bot(organization, status="inactive")
    assert overview().context["troubles"] == []


@pytest.mark.parametrize(
    ("status", "title"),
    [
        ("bad_credentials", "Avito refuses the keys of Shop"),
        ("no_subscription", "Shop has no Avito subscription with messages"),
        ("active", "Shop has no bot"),
    ],
)
def test_a_troubled_account_asks_for_attention(overview, organization, status, title):
    account = make_account(organization)
    account.status = status
    account.save()
    [trouble] = overview().context["troubles"]
    assert trouble.title == title
    assert trouble.url == f"/client/integrations/avito/{account.pk}"


def test_an_answer_that_failed_asks_for_attention(overview, organization):
    account = make_account(organization)
    account.bot = make_bot(organization, webhook_set_at=timezone.now(), group_chat_id=-1001)
    account.save()
    dialog = make_dialog(account)
    assert overview().context["troubles"] == []
    dialog.messages.update(status="uncertain", is_incoming=False)
    [trouble] = overview().context["troubles"]
    assert trouble.url == f"/client/dialogs/{dialog.pk}"


def test_the_page_costs_as_much_with_many_dialogs(
    overview, organization, django_assert_max_num_queries
):
    account = make_account(organization)
    for number in range(10):
        make_dialog(account, f"Buyer {number}")
    overview()
    with django_assert_max_num_queries(9):
        overview()


def test_steps_lead_to_pages_that_answer(overview, page, owner):
    client = page(owner)
    for step in list_steps(overview().context["overview"]):
        assert client.get(step.url).status_code == 200
