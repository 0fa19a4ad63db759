"""The letter of an invitation: it carries the link, and no row does."""

import json

import pytest
from django.core import mail, serializers

from integrations.models import Delivery
from integrations.services import pump


def url(organization) -> str:
    return f"/api/clients/{organization.pk}/invitations"


@pytest.mark.django_db(transaction=True)
def test_the_letter_carries_the_link_and_no_row_does(owner, organization, api):
    body = {"role": "manager", "email": "new@example.org"}
    made = api(owner).post(url(organization), body, format="json").json()

    pump.drain("mail")

    (letter,) = mail.outbox
    assert letter.to == ["new@example.org"]
    assert letter.subject == "Olga invites you to Bicycles"
    assert made["url"] in letter.body
    token = made["url"].rpartition("/")[2]
    rows = json.dumps(serializers.serialize("python", Delivery.objects.all()), default=str)
    assert made["id"] in rows
    assert token not in rows


@pytest.mark.django_db(transaction=True)
def test_no_letter_once_it_is_withdrawn(owner, organization, api):
    client = api(owner)
    body = {"role": "manager", "email": "new@example.org"}
    made = client.post(url(organization), body, format="json").json()
    client.delete(f"{url(organization)}/{made['id']}")
    pump.drain("mail")
    assert mail.outbox == []
    assert Delivery.objects.get().state == "cancelled"
