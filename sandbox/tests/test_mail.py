"""The mailbox."""

import smtplib
import socket
from email.message import EmailMessage

import pytest


@pytest.fixture
def smtp(process):
    with smtplib.SMTP("127.0.0.1", process.port + 2, timeout=5) as client:
        yield client


def letter(subject="Ссылка для входа", text="Привет!\n.начало с точки\n"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "site@d.test", "anna@d.test", subject
    message.set_content(text)
    return message


def mails(world, **query):
    return world.http.get(f"{world.url}/mail", params=query, timeout=5).json()


def test_a_mail_is_shown_as_it_was_sent(world, smtp):
    message = letter()
    message.add_alternative("<p>Привет!</p>", subtype="html")
    smtp.send_message(message)
    (mail,) = mails(world)
    assert (mail["from"], mail["to"]) == ("site@d.test", ["anna@d.test"])
    assert mail["subject"] == "Ссылка для входа"
    assert mail["text"] == "Привет!\n.начало с точки\n"
    assert mail["html"].strip() == "<p>Привет!</p>"
    assert world.look("state")["mail"] == [mail]


def test_mails_are_found_by_address(world, smtp):
    smtp.send_message(letter(), to_addrs=["one@d.test"])
    smtp.send_message(letter("Second"), to_addrs=["two@d.test"])
    assert [mail["subject"] for mail in mails(world, to="two@d.test")] == ["Second"]


def test_a_browser_gets_a_page_without_markup_from_mails(world, smtp):
    link = "http://127.0.0.1:8000/login?token=x&next=/"
    smtp.send_message(letter("<script>alert(1)</script>", f"Open <{link}>\n"))
    headers = {"Accept": "text/html,*/*"}
    page = world.http.get(f"{world.url}/mail", headers=headers, timeout=5).text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert f'<a href="{link.replace("&", "&amp;")}">' in page


def test_the_order_of_commands_is_kept(smtp, world):
    smtp.ehlo()
    assert smtp.docmd("RCPT", "TO:<a@d.test>")[0] == 503
    assert smtp.docmd("DATA")[0] == 503
    assert smtp.docmd("MAIL", "nonsense")[0] == 501
    assert smtp.docmd("VRFY", "someone")[0] == 502
    assert smtp.docmd("NOOP")[0] == 250
    assert mails(world) == []


def test_a_mail_beyond_the_size_is_refused(world, smtp):
    with pytest.raises(smtplib.SMTPDataError, match="552"):
        smtp.sendmail("a@d.test", ["b@d.test"], "x" * 60_000 + ("\r\n" + "y" * 60_000) * 180)
    assert mails(world) == []
    smtp.send_message(letter())
    assert len(mails(world)) == 1


def test_a_broken_conversation_harms_nobody(process, world, smtp):
    with socket.create_connection(("127.0.0.1", process.port + 2)) as client:
        client.sendall(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nhalf a mail")
    with socket.create_connection(("127.0.0.1", process.port + 2)) as client:
        client.sendall(b"x" * 200_000)
    smtp.send_message(letter())
    assert len(mails(world)) == 1
