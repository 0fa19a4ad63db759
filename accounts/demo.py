"""The demo's people: an administrator, an owner and a manager of a bicycle shop."""

from accounts.models import Membership, Organization, User
from config.lib.demo import SignIn, Stage

PASSWORD = "depesha-demo"  # noqa: S105  printed on the newcomer's screen
SHOP_NAME = "Велосипеды"

_PEOPLE = (
    ("admin", "Администратор", User.Role.SUPERUSER, None),
    ("owner", "Владелец", User.Role.USER, Membership.Role.OWNER),
    ("manager", "Менеджер", User.Role.USER, Membership.Role.MANAGER),
)


def seed(stage: Stage) -> list[SignIn]:
    """Make the people, their organization and the one that stands for the installation."""
    shop, _ = Organization.objects.get_or_create(name=SHOP_NAME, is_installation=False)
    Organization.objects.get_or_create(is_installation=True, defaults={"name": "Depesha"})
    for username, first_name, role, place in _PEOPLE:
        user = _person(username, first_name, role)
        if place:
            Membership.objects.get_or_create(organization=shop, user=user, defaults={"role": place})
    return [
        SignIn("the whole site, /admin/", "admin", PASSWORD),
        SignIn("owner of a shop, /client/", "owner", PASSWORD),
        SignIn("manager of the shop", "manager", PASSWORD),
    ]


def _person(username: str, first_name: str, role: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        user = User(
            username=username,
            email=f"{username}@demo.example",
            first_name=first_name,
            role=role,
            is_superuser=role == User.Role.SUPERUSER,
            is_verified=True,
        )
        user.set_password(PASSWORD)
        user.save()
    return user
