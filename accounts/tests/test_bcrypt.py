"""Hashes that people bring along are accepted and renewed when they sign in."""

import bcrypt
import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

from accounts.services.passwords import verify_password
from config.lib.errors import NotSignedInError

pytestmark = pytest.mark.django_db
LONG = "correct horse battery staple " * 4
HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "accounts.hashers.MovedBcryptHasher",
]


def raw(password: str, prefix: bytes = b"2b") -> str:
    salt = bcrypt.gensalt(4, prefix=b"2b").replace(b"2b", prefix, 1)
    return bcrypt.hashpw(password.encode()[:72], salt).decode()


def moved_in(owner, encoded: str):
    type(owner).objects.filter(pk=owner.pk).update(password=encoded)


@pytest.mark.parametrize(
    "encode",
    [
        raw,
        lambda word: raw(word, b"2a"),
        lambda word: raw(word, b"2y"),
        lambda word: f"bcrypt${raw(word)}",
        lambda word: BCryptSHA256PasswordHasher().encode(word, bcrypt.gensalt(4)),
    ],
    ids=["bare 2b", "bare 2a", "bare 2y", "bcrypt$", "bcrypt_sha256$"],
)
@pytest.mark.parametrize("password", ["moved-in-9", "пароль-из-прошлого", LONG])
def test_a_moved_in_hash_signs_in_and_becomes_argon2(owner, settings, encode, password):
    settings.PASSWORD_HASHERS = HASHERS
    moved_in(owner, encode(password))

    assert verify_password(login="olga", password=password).pk == owner.pk

    owner.refresh_from_db()
    assert owner.password.startswith("argon2$")
    assert verify_password(login="olga", password=password).pk == owner.pk


def test_a_wrong_password_renews_nothing(owner, settings):
    settings.PASSWORD_HASHERS = HASHERS
    encoded = raw("moved-in-9")
    moved_in(owner, encoded)

    with pytest.raises(NotSignedInError):
        verify_password(login="olga", password="moved-in-8")

    owner.refresh_from_db()
    assert owner.password == encoded


@pytest.mark.parametrize("broken", ["$2b$", "$2b$04$short", "bcrypt$$2b$04$", "$2b$99$" + "a" * 53])
def test_a_broken_hash_lets_nobody_in(owner, settings, broken):
    settings.PASSWORD_HASHERS = HASHERS
    moved_in(owner, broken)

    with pytest.raises(NotSignedInError):
        verify_password(login="olga", password="")
