"""Letters, against the sandbox's mail server and a server that says what a test wants."""

import asyncio
import socket
import threading

import pytest

from integrations.mail import sender
from integrations.services.calls import Call, Status

LETTER = {"to": "olga@example.org", "subject": "Пришло", "text": "Здравствуйте!"}


@pytest.fixture(autouse=True)
def smtp(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_TIMEOUT = 2
    settings.EMAIL_HOST = "127.0.0.1"


def send(**more):
    return asyncio.run(sender.send("mail:site", Call("mail", {**LETTER, **more})))


@pytest.fixture
def server(settings):
    """Start a mail server whose answers a test chooses by the client's word; "" hangs up."""
    opened = []

    def start(**answers):
        listening = socket.create_server(("127.0.0.1", 0))
        settings.EMAIL_PORT = listening.getsockname()[1]
        thread = threading.Thread(target=serve_one, args=(listening, answers), daemon=True)
        thread.start()
        opened.append((listening, thread))

    yield start
    for listening, thread in opened:
        listening.close()
        thread.join(5)


def serve_one(listening, answers):
    peer, _ = listening.accept()
    with peer, peer.makefile("rwb", buffering=0) as wire:
        wire.write(b"220 here\r\n")
        in_letter = False
        for line in wire:
            word = "END" if in_letter and line == b".\r\n" else line[:4].strip().decode().upper()
            if in_letter and word != "END":
                continue
            default = {"DATA": "354 go on", "QUIT": "221 bye"}.get(word, "250 ok")
            answer = answers.get(word, default)
            if not answer:
                return
            wire.write(f"{answer}\r\n".encode())
            in_letter = word == "DATA" and answer.startswith("354")


def test_a_letter_arrives_with_both_its_faces(sandbox):
    outcome = send(html="<p>Здравствуйте!</p>")
    assert outcome.status is Status.SENT
    (letter,) = sandbox.control("state")["mail"]
    assert LETTER["to"] in str(letter["to"])
    assert letter["subject"] == LETTER["subject"]
    assert "Здравствуйте!" in letter["text"]
    assert "<p>Здравствуйте!</p>" in letter["html"]


def test_a_server_that_is_not_there_was_surely_not_told(settings):
    settings.EMAIL_PORT = 1
    outcome = send()
    assert (outcome.status, outcome.code) == (Status.RETRY, "not_connected")


@pytest.mark.parametrize(
    ("answers", "status", "code"),
    [
        ({"RCPT": "550 no such mailbox"}, Status.PERMANENT, "smtp_550"),
        ({"RCPT": "450 mailbox busy"}, Status.RETRY, "smtp_450"),
        ({"MAIL": "451 try later"}, Status.RETRY, "smtp_451"),
        ({"DATA": "554 no"}, Status.PERMANENT, "smtp_554"),
        ({"END": "452 full"}, Status.RETRY, "smtp_452"),
        ({"END": ""}, Status.AMBIGUOUS, "answer_lost"),
    ],
)
def test_what_the_server_says_decides(server, answers, status, code):
    server(**answers)
    outcome = send()
    assert (outcome.status, outcome.code) == (status, code)


def test_mail_spends_no_allowance():
    assert sender.limits(None, Call("mail", LETTER)) == ()
