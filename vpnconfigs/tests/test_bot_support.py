"""Words to the bot become a conversation with the staff, and their answers come into the chat."""

import pytest

from integrations.models import InboundEvent
from integrations.services import inbox
from vpnconfigs.models import Request, RequestMessage
from vpnconfigs.services import requests
from vpnconfigs.tests.bot_chat import labels

PASSED_ON = "Passed on to the staff. The answer comes here."


@pytest.fixture
def chat(make_chat):
    return make_chat()


def said() -> list[str]:
    return list(RequestMessage.objects.order_by("pk").values_list("text", flat=True))


def test_a_conversation_from_the_first_word_to_its_end(chat, staff):
    prompt = chat.say("/support")
    assert chat.sandbox.calls("telegram.sendMessage")[-1]["params"]["reply_markup"]["force_reply"]
    answer = chat.say("It does <not> connect", reply_to=prompt["message_id"])
    assert answer["text"] == PASSED_ON
    request = Request.objects.get()
    assert (request.kind, request.state, said()) == ("support", "open", ["It does <not> connect"])

    requests.say(author=staff, request=request, text="Which <b>app</b> is it?")
    told = chat.hear()
    assert "Which <b>app</b> is it?" in told["text"]
    assert "Answer the staff" in labels(told)
    assert chat.press("Answer the staff")["message_id"] > told["message_id"]
    # While it is open, all that is written belongs to it.
    assert chat.say("Happ")["text"] == PASSED_ON
    assert said()[2:] == ["Happ"]
    assert Request.objects.get().is_unread_by_staff

    requests.close(actor=staff, request=request)
    chat.say("Thanks")
    assert len(said()) == 3


def test_words_out_of_the_blue_are_passed_on_once_their_writer_wants_that(chat):
    offer = chat.say("Is there a discount?")
    assert Request.objects.count() == 0
    chat.press("Yes, pass it on", on=offer, times=2)
    assert said() == ["Is there a discount?"]
    assert Request.objects.count() == 1


def test_nobody_passes_on_what_another_has_written(chat, make_chat):
    chat.say("Mine")
    event = InboundEvent.objects.latest("pk")
    other = make_chat(person=chat.person + 1)
    other.say("/start")
    other.push(f"vpn:tell:{event.pk}")
    chat.push(f"vpn:tell:{event.pk + 1}")
    assert said() == []


def test_an_answer_about_a_request_goes_to_that_request(chat, staff, tariff, inbound):
    chat.say("/configs")
    person = chat.user
    request = requests.ask(user=person, kind="access", tariff=tariff)
    assert "Shall I" in chat.say("Hello?")["text"]
    requests.say(author=staff, request=request, text="For how many?")
    assert chat.say("Two")["text"] == PASSED_ON
    assert request.messages.get(is_from_staff=False).text == "Two"
    assert Request.objects.count() == 1


def test_a_picture_without_words_cannot_be_passed_on(chat):
    assert "Only words" in chat.say(photo="sample")["text"]
    assert "Shall I" in chat.say(photo="sample", caption="Look")["text"]
    chat.press("Yes")
    assert said() == ["Look"]


def test_words_that_come_twice_are_said_once(chat):
    prompt = chat.say("/support")
    chat.say("Help", reply_to=prompt["message_id"])
    InboundEvent.objects.filter(pk=InboundEvent.objects.latest("pk").pk).update(state="new")
    inbox.drain()
    assert said() == ["Help"]
