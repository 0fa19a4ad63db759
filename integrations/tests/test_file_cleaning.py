"""Contents that nothing shows any more go; what is shown, or was kept just now, stays."""

import os
import threading
import time
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.db.models.functions import Now

from integrations.models import StoredFile
from integrations.services import file_cleaning, files
from integrations.tasks import delete_unused_files
from integrations.tests.test_files import kept, storage  # noqa: F401
from integrations.tests.test_media import picture

pytestmark = pytest.mark.django_db
DAY = 86_400


def keep(organization, width=40):
    return files.keep_image(organization_id=organization.pk, content=picture((width, 30)))


def grow_old(storage):  # noqa: F811
    """Let everything that is kept be of the day before yesterday."""
    StoredFile.objects.update(created_at=Now() - timedelta(days=2))
    for path in storage.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 2 * DAY,) * 2)


@pytest.fixture
def shown(monkeypatch):
    """What an app shows."""
    found = set()
    monkeypatch.setitem(file_cleaning._uses._entries, "test", lambda ids: found & set(ids))
    return found


def test_what_nothing_shows_goes_with_its_content(organization, storage, shown):  # noqa: F811
    stays, _goes = keep(organization), keep(organization, 50)
    shown.add(stays.pk)
    grow_old(storage)
    young = keep(organization, 60)
    assert file_cleaning.delete_unused_files() == 1
    assert set(StoredFile.objects.all()) == {stays, young}
    assert len(kept(storage)) == 2
    assert file_cleaning.delete_unused_files() == 0


def test_it_goes_on_batch_by_batch(organization, storage, shown, monkeypatch):  # noqa: F811
    monkeypatch.setattr(file_cleaning, "BATCH", 2)
    rows = [keep(organization, 40 + number) for number in range(7)]
    shown.update(row.pk for row in rows[::3])
    grow_old(storage)
    delete_unused_files()
    assert set(StoredFile.objects.values_list("pk", flat=True)) == shown
    assert len(kept(storage)) == 3


def test_contents_of_an_organization_that_is_gone_go(
    organization,
    other_organization,
    storage,  # noqa: F811
    shown,
):
    shown.add(keep(organization).pk)
    keep(other_organization)
    grow_old(storage)
    foreign = storage / "files" / "not-an-organization"
    foreign.mkdir()
    other_organization.files.all().delete()
    assert len(kept(storage)) == 2
    assert file_cleaning.delete_unused_files() == 1
    assert len(kept(storage)) == 1
    assert foreign.exists()


def test_a_content_that_was_just_written_waits_for_its_row(organization, storage):  # noqa: F811
    keep(organization)
    StoredFile.objects.all().delete()
    assert file_cleaning.delete_unused_files() == 0
    assert len(kept(storage)) == 1


def test_an_empty_storage_is_clean(storage):  # noqa: F811
    assert file_cleaning.delete_unused_files() == 0
    assert kept(storage) == []


def test_what_is_kept_once_more_is_young_again(organization, storage):  # noqa: F811
    first = keep(organization)
    grow_old(storage)
    assert keep(organization).pk == first.pk
    assert file_cleaning.delete_unused_files() == 0
    assert len(kept(storage)) == 1


@pytest.mark.django_db(transaction=True)
def test_who_keeps_it_while_it_goes_gets_a_new_one(organization, storage, monkeypatch):  # noqa: F811
    first = keep(organization)
    grow_old(storage)
    deleted, found = threading.Event(), []

    def keep_again():
        deleted.wait(10)
        found.append(keep(organization))
        connections.close_all()

    def find_used(ids):
        """Let the other begin while the rows are locked and about to go."""
        deleted.set()
        time.sleep(0.3)
        return set()

    monkeypatch.setitem(file_cleaning._uses._entries, "test", find_used)
    other = threading.Thread(target=keep_again)
    other.start()
    with transaction.atomic():
        assert file_cleaning.delete_unused_files() == 1
    other.join(10)
    (again,) = found
    assert again.pk != first.pk
    assert files.read_file(again.pk)[0] == again
    assert StoredFile.objects.get() == again
