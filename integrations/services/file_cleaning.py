"""Taking away contents that nothing shows any more: of deleted dialogs, of deleted organizations.

Apps above say what they use. What was kept within the last day is left alone: it may be on its
way to whoever will use it.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.storage import Storage
from django.db import transaction
from django.utils import timezone

from config.lib.registry import Registry
from integrations.models import StoredFile

BATCH = 500
GRACE = timedelta(days=1)
# Where ``models.files.storage_path`` puts everything.
FOLDER = "files"

FindUsed = Callable[[Collection[UUID]], Collection[UUID]]
_uses: Registry[FindUsed] = Registry("use of files")


def register_use(name: str, find_used: FindUsed) -> None:
    """Say which of some files an app uses. Called in ``AppConfig.ready()`` only."""
    _uses.register(name, find_used)


def delete_unused_files() -> int:
    """Delete files that no app uses and contents that no file names; return how many went."""
    before = timezone.now() - GRACE
    return _delete_unused(before) + _delete_strays(before)


def _delete_unused(before: datetime) -> int:
    deleted, last = 0, UUID(int=0)
    while True:
        old = StoredFile.objects.filter(created_at__lt=before, pk__gt=last).order_by("pk")
        ids = list(old.values_list("pk", flat=True)[:BATCH])
        if not ids:
            return deleted
        last = ids[-1]
        names = _delete_rows(ids, before)
        for name in names:
            _storage().delete(name)
        deleted += len(names)


@transaction.atomic
def _delete_rows(ids: Collection[UUID], before: datetime) -> list[str]:
    """Delete the unused ones of some files; return where their contents lie.

    Until the end nobody can begin to use one: that would need its row.
    """
    rows = StoredFile.objects.filter(pk__in=ids, created_at__lt=before)
    old = {row.pk: str(row.content.name) for row in rows.select_for_update(skip_locked=True)}
    unused = set(old)
    for find_used in _uses.values():
        unused -= set(find_used(unused)) if unused else set()
    StoredFile.objects.filter(pk__in=unused).delete()
    return [old[number] for number in unused]


def _delete_strays(before: datetime) -> int:
    storage, deleted = _storage(), 0
    for organization_id, folder, names in _folders(storage):
        files = StoredFile.objects.filter(
            organization_id=organization_id, sha256__startswith=folder.rpartition("/")[2]
        )
        known = set(files.values_list("content", flat=True))
        for path in (f"{folder}/{name}" for name in names):
            if path not in known and _is_older(storage, path, before):
                storage.delete(path)
                deleted += 1
    return deleted


def _folders(storage: Storage) -> Iterator[tuple[UUID, str, list[str]]]:
    """Yield each organization's folders of contents with the names of what lies there."""
    for owner in _list(storage, FOLDER)[0]:
        with suppress(ValueError):
            organization_id = UUID(owner)
            for part in _list(storage, f"{FOLDER}/{owner}")[0]:
                folder = f"{FOLDER}/{owner}/{part}"
                yield organization_id, folder, _list(storage, folder)[1]


def _list(storage: Storage, path: str) -> tuple[list[str], list[str]]:
    try:
        return storage.listdir(path)
    except FileNotFoundError:
        return [], []


def _is_older(storage: Storage, path: str, before: datetime) -> bool:
    try:
        return storage.get_modified_time(path) < before
    except FileNotFoundError:
        return False


def _storage() -> Storage:
    return StoredFile._meta.get_field("content").storage
