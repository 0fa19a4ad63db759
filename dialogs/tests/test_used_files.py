"""Pictures and voices live as long as what shows them, and a day."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from dialogs.models import Attachment, Dialog
from dialogs.tests.inbox import make_account, make_dialog
from dialogs.tests.media import store_picture, store_voice
from integrations.models import StoredFile
from integrations.services.file_cleaning import delete_unused_files

pytestmark = pytest.mark.django_db


@pytest.fixture
def dialog(organization, settings, tmp_path):
    """A dialog that shows a picture, a voice and the picture of its item."""
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend}}
    settings.MEDIA_ROOT = tmp_path
    dialog = make_dialog(make_account(organization), texts=("Hello",))
    message = dialog.messages.get()
    stored = [store_picture(organization), store_voice(organization)]
    for number, (kind, file) in enumerate(zip(("photo", "voice"), stored, strict=True), start=1):
        Attachment.objects.create(
            message=message, kind=kind, number=number, state="stored", file=file
        )
    dialog.item = {"title": "Bicycle", "file": str(store_picture(organization, color=9).pk)}
    dialog.save()
    return dialog


def clean() -> int:
    StoredFile.objects.update(created_at=Now() - timedelta(days=2))
    return delete_unused_files()


def test_what_a_dialog_shows_stays_and_the_rest_goes(dialog):
    unused = store_picture(dialog.organization, color=20)
    assert clean() == 1
    assert StoredFile.objects.count() == 3
    assert not StoredFile.objects.filter(pk=unused.pk).exists()


def test_each_goes_with_the_last_that_shows_it(dialog, tmp_path):
    Attachment.objects.filter(kind="photo").delete()
    assert clean() == 1
    Dialog.objects.update(item={})
    assert clean() == 1
    dialog.delete()
    assert clean() == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_one_picture_in_two_dialogs_stays_with_the_other(dialog):
    other = make_dialog(dialog.avito_account, "Other", texts=("Hi",))
    file = Attachment.objects.get(kind="photo").file
    other.messages.get().attachments.create(kind="photo", state="stored", file=file)
    dialog.delete()
    assert clean() == 2
    assert StoredFile.objects.get() == file
