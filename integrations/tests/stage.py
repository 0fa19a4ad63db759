"""A way out that tests write the script for: what the outside answers to each call."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from integrations.models import Delivery
from integrations.services.calls import Call, Channel, Limit, Outcome, Policy, Status
from integrations.services.outbox import channels, deliver, kinds, register_channel, register_kind

TASK = "integrations.pump_telegram"
NARROW_TASK = "integrations.pump_mail"


@dataclass
class Script:
    """What the stand-in channel heard and what it answers next."""

    heard: list = field(default_factory=list)
    answers: dict = field(default_factory=lambda: defaultdict(list))
    prepared: dict = field(default_factory=dict)
    settled: list = field(default_factory=list)
    settle_answers: dict = field(default_factory=dict)
    settle_faults: dict = field(default_factory=dict)
    limits: list[Limit] = field(default_factory=list)
    seconds: float = 0.0
    flying: int = 0
    most_flying: dict = field(default_factory=lambda: defaultdict(int))

    def texts(self) -> list[str]:
        return [call.params["text"] for call in self.heard]


script = Script()


async def send(sender: str, call: Call) -> Outcome:
    key = call.params.get("budget", "")
    script.heard.append(call)
    script.flying += 1
    script.most_flying[key] = max(script.most_flying[key], script.flying)
    await asyncio.sleep(script.seconds)
    script.flying -= 1
    waiting = script.answers[call.params["text"]]
    answer = waiting.pop(0) if waiting else Outcome(Status.SENT, result={"id": len(script.heard)})
    if isinstance(answer, BaseException):
        raise answer
    return answer


def prepare(delivery: Delivery):
    answer = script.prepared.get(delivery.payload["text"])
    if callable(answer):
        answer = answer(delivery)
    return answer or Call("say", {**delivery.payload, "budget": delivery.budget_key})


def settle(delivery: Delivery, outcome: Outcome):
    if script.settle_faults.get(delivery.payload["text"], 0):
        script.settle_faults[delivery.payload["text"]] -= 1
        raise RuntimeError("a fault in the kind's bookkeeping")
    script.settled.append((delivery.payload["text"], outcome.status, outcome.code))
    return script.settle_answers.get(outcome.code)


def set_up() -> Script:
    """Register the channel once in the process and begin with an empty script."""
    if "stage" not in channels:
        register_channel(
            Channel(
                name="stage",
                task=TASK,
                send=send,
                limits=lambda delivery, call: [
                    Limit(f"{delivery.budget_key}:{limit.key}", limit.count, limit.seconds)
                    for limit in script.limits
                ],
                window=50,
                prefix="stage",
            )
        )
        register_channel(
            Channel(
                name="narrow",
                task=NARROW_TASK,
                send=send,
                limits=lambda delivery, call: [],
                window=50,
                prefix="narrow",
                pumps=1,
            )
        )
    script.__init__()
    return script


def use_kind(name: str, policy: Policy) -> str:
    if name not in kinds:
        register_kind(name, prepare, settle, policy)
    return name


def say(
    text: str,
    *,
    lane="lane",
    budget="stage:1:chat",
    kind=None,
    key=None,
    sender="stage:1",
    **more,
) -> Delivery:
    return deliver(
        kind=kind or use_kind("stage.say", Policy(max_attempts=3, backoff_seconds=0.05)),
        sender=sender,
        lane=lane,
        budget_key=budget,
        payload={"text": text},
        idempotency_key=key or f"say:{lane}:{text}",
        **more,
    )
