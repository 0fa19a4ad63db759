"""The page of the integration log: who reads what, filters, pages."""

import re

import pytest

from integrations.models import AvitoAccount, IntegrationLog
from integrations.services.log import log_event

PATH = "/client/integrations/log"

pytestmark = pytest.mark.django_db


def write(organization, event="webhook_set", *, source="telegram", account_id=None, **fields):
    return log_event(
        organization_id=organization.pk,
        source=source,
        account_id=account_id,
        event=event,
        **fields,
    )


@pytest.fixture
def account(organization):
    return AvitoAccount.objects.create(
        organization=organization,
        name="Front shop",
        api_client_id="id",
        sealed_client_secret="sealed",
        avito_user_id=501,
    )


def titles(answer):
    return [line["title"] for line in answer.context["lines"]]


def test_a_line_is_told_in_words_with_its_account_and_number(page, owner, organization, account):
    line = write(
        organization, "no_subscription", source="avito", account_id=account.pk, level="error",
        text="Payment Required <b>402</b>",
    )  # fmt: skip
    text = page(owner).get(PATH).content.decode()
    assert "Avito asks for a subscription" in text
    assert "Avito · Front shop" in text
    assert "Payment Required &lt;b&gt;402&lt;/b&gt;" in text
    assert f'data-text="{line.correlation_id}"' in text
    assert "state-bad" in text


def test_troubles_of_a_group_are_told_in_words(page, owner, organization):
    write(organization, "group_refused", text="bot_kicked, can_pin_messages")
    text = page(owner).get(PATH).content.decode()
    assert "The bot is no longer in the group." in text
    assert "pin messages" in text
    assert "can_pin_messages" not in text


def test_an_event_without_words_shows_its_name(page, owner, organization):
    write(organization, "something_new")
    assert titles(page(owner).get(PATH)) == ["something_new"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("level=error", ["failed"]),
        ("source=avito", ["failed"]),
        ("account={account}", ["failed"]),
        ("level=error&source=telegram", []),
        ("level=loud&source=telex&account=nobody", ["failed", "went well"]),
        ("account=%00", ["failed", "went well"]),
    ],
)
def test_lines_are_chosen_by_the_address(page, owner, organization, account, query, found):
    write(organization, "went well")
    write(organization, "failed", source="avito", account_id=account.pk, level="error")
    answer = page(owner).get(f"{PATH}?{query.format(account=account.pk)}")
    assert (answer.status_code, titles(answer)) == (200, found)
    assert ("No line of the log fits" in answer.content.decode()) == (not found)


def test_what_was_chosen_stays_chosen_on_the_next_page(page, owner, organization):
    for number in range(51):
        write(organization, f"event {number:02}", level="error")
        write(organization, "in between")
    client = page(owner)
    first = client.get(f"{PATH}?level=error")
    assert titles(first)[0] == "event 50"
    assert '<option value="error" selected>' in first.content.decode()
    following = re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1]
    second = client.get(following.replace("&amp;", "&"))
    assert titles(second) == ["event 00"]


def test_a_bad_cursor_is_refused(page, owner, organization):
    assert page(owner).get(f"{PATH}?cursor=nonsense").status_code == 400


def test_an_empty_log_says_what_will_stand_there(page, owner, organization):
    assert "Nothing has happened yet" in page(owner).get(PATH).content.decode()


def test_everybody_of_the_organization_reads_it_and_nobody_else(
    page, owner, colleague, stranger, organization, other_organization
):
    write(organization, "ours")
    write(other_organization, "theirs")
    assert titles(page(owner).get(PATH)) == titles(page(colleague).get(PATH)) == ["ours"]
    assert titles(page(stranger).get(PATH)) == ["theirs"]
    assert page().get(PATH)["Location"] == f"/login?next={PATH}"


def test_anothers_account_is_no_choice(page, owner, organization, other_organization, account):
    AvitoAccount.objects.filter(pk=account.pk).update(organization=other_organization)
    write(other_organization, "theirs", account_id=account.pk)
    answer = page(owner).get(f"{PATH}?account={account.pk}")
    assert titles(answer) == []
    assert "Front shop" not in answer.content.decode()


def test_a_long_log_costs_as_many_queries_as_a_short_one(
    page, owner, organization, account, django_assert_max_num_queries
):
    for _ in range(40):
        write(organization, account_id=account.pk)
    client = page(owner)
    client.get(PATH)
    with django_assert_max_num_queries(7):
        client.get(PATH)
    assert IntegrationLog.objects.count() == 40
