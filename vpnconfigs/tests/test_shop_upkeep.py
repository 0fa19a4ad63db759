"""What staff do to configs, one by one and many at once; and what time does."""

import uuid

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Job
from accounts.services.account_deletion import delete_account
from accounts.services.jobs import cancel_job
from config.lib.errors import ConflictError, InputError
from vpnconfigs.models import Config, MassActionRow, Purchase, Removal, Request
from vpnconfigs.selectors.states import shown_state
from vpnconfigs.services import mass_actions, requests, upkeep
from vpnconfigs.services.expiry import advance_states
from vpnconfigs.tests.conftest import DAY, GB

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("state", "left", "becomes"),
    [
        ("active", 20, "active"),
        ("provisioning", 20, "provisioning"),
        ("suspended", 20, "suspended"),
        ("depleted", 20, "depleted"),
        ("expired", -3, "provisioning"),
        ("suspended", -3, "suspended"),
    ],
)
def test_days_are_given(owner, staff, make_config, state, left, becomes):
    now = timezone.now()
    config = make_config(owner, state=state, valid_to=now + left * DAY, used_up_bytes=7)
    given = upkeep.extend_config(actor=staff, config=config, days=5, idempotency_key="k")
    upkeep.extend_config(actor=staff, config=config, days=5, idempotency_key="k")
    assert given.state == becomes
    assert abs(given.valid_to - (now + (max(left, 0) + 5) * DAY)).total_seconds() < 5
    assert (given.used_bytes, given.wanted_reset) == (7, 0)
    assert given.revision == 2
    assert Purchase.objects.get().kind == "grant"
    assert AuditEvent.objects.get(action="vpn_config.extended").details == {"days": 5}


@pytest.mark.parametrize(
    ("fields", "deed", "code"),
    [
        ({"valid_to": None}, lambda a, c: upkeep.extend_config(actor=a, config=c, days=1),
         "without_end"),
        ({"state": "requested", "inbound": None},
         lambda a, c: upkeep.extend_config(actor=a, config=c, days=1), "config_state"),
        ({"state": "requested", "inbound": None},
         lambda a, c: upkeep.suspend_config(actor=a, config=c), "config_state"),
        ({}, lambda a, c: upkeep.resume_config(actor=a, config=c), "config_state"),
        ({}, lambda a, c: upkeep.move_config(actor=a, config=c), "same_inbound"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_changes_nothing(owner, staff, make_config, fields, deed, code):
    config = make_config(owner, **fields)
    with pytest.raises(ConflictError, match=code):
        deed(staff, config)
    kept = Config.objects.get()
    assert (kept.state, kept.revision, kept.email) == (config.state, 1, config.email)
    assert not AuditEvent.objects.filter(action__startswith="vpn_config").exists()
    with pytest.raises(InputError):
        upkeep.extend_config(actor=staff, config=config, days=0)


def test_a_reset_begins_anew(owner, staff, make_config):
    config = make_config(owner, state="depleted", used_down_bytes=11 * GB, earlier_bytes=GB)
    fresh = upkeep.reset_traffic(actor=staff, config=config)
    assert (fresh.state, fresh.used_bytes, fresh.earlier_bytes) == ("provisioning", 0, 12 * GB)
    assert (fresh.wanted_reset, fresh.done_reset) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "becomes"),
    [
        ({}, "provisioning"),
        ({"valid_to": timezone.now() - DAY}, "expired"),
        ({"used_up_bytes": 10 * GB}, "depleted"),
        ({"used_up_bytes": 10 * GB, "traffic_limit_bytes": 0}, "provisioning"),
    ],
)
def test_suspended_and_resumed(owner, staff, make_config, fields, becomes):
    config = make_config(owner, **fields)
    for _twice in range(2):
        shut = upkeep.suspend_config(actor=staff, config=config, reason="Abuse \x00 report")
    assert (shut.state, shut.suspended_reason, shut.revision) == ("suspended", "Abuse report", 2)
    back = upkeep.resume_config(actor=staff, config=config)
    assert (back.state, back.suspended_reason, back.revision) == (becomes, "", 3)


def test_a_move_keeps_secret_and_usage_and_leaves_the_old_place(
    owner, staff, make_config, make_inbound
):
    config = make_config(
        owner,
        used_up_bytes=5,
        panel_up_bytes=5,
        wanted_reset=2,
        done_reset=1,
        is_online=True,
    )
    there = make_inbound(country="DE", security="none")
    moved = upkeep.move_config(actor=staff, config=config, country="DE")
    assert (moved.inbound, moved.secret, moved.used_bytes) == (there, config.secret, 5)
    assert moved.email != config.email
    assert moved.sub_id != config.sub_id
    assert (moved.panel_up_bytes, moved.done_reset, moved.wanted_reset) == (0, 2, 2)
    assert (moved.state, moved.is_online, moved.flow) == ("provisioning", False, "")
    leaving = Removal.objects.get()
    assert (leaving.inbound, leaving.email) == (config.inbound, config.email)
    with pytest.raises(ConflictError, match="wrong_inbound"):
        upkeep.move_config(actor=staff, config=moved, inbound=make_inbound(protocol="trojan"))


def test_many_at_once(owner, staff, make_config, django_capture_on_commit_callbacks):
    good = [make_config(owner, name=f"Config {number}") for number in range(3)]
    endless = make_config(owner, valid_to=None)
    untouched = make_config(owner)
    mass = mass_actions.start_mass_action(
        actor=staff,
        action="extend",
        config_ids=[config.pk for config in [*good, endless]] + [uuid.uuid4()],
        days=3,
    )
    assert (mass.job.total, mass.job.owner) == (4, staff)
    assert mass_actions.run_mass_actions() == 4
    assert mass_actions.run_mass_actions() == 0
    job = Job.objects.get()
    assert (job.state, job.ok_count, job.failed_count) == ("done", 3, 1)
    assert f"{endless.pk}: without_end" in job.log
    failed = MassActionRow.objects.get(state="failed")
    assert (failed.config, failed.error_code) == (endless, "without_end")
    for config in good:
        assert (Config.objects.get(pk=config.pk).valid_to - config.valid_to).days == 3
    untouched.refresh_from_db()
    assert untouched.revision == 1


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("suspend", "active", "suspended"),
        ("resume", "suspended", "provisioning"),
        ("reset_traffic", "active", "active"),
        ("delete", "active", "deleted"),
        ("move", "active", "provisioning"),
    ],
)
def test_each_mass_action(owner, staff, make_config, make_inbound, action, before, after):
    config = make_config(owner, state=before)
    there = make_inbound()
    mass_actions.start_mass_action(
        actor=staff, action=action, config_ids=[config.pk], inbound=there
    )
    mass_actions.run_mass_actions()
    config.refresh_from_db()
    assert config.state == after
    assert Job.objects.get().ok_count == 1
    deed = {"reset_traffic": "traffic_reset", "move": "moved", "suspend": "suspended"}
    wanted = deed.get(action, f"{action}d")
    assert AuditEvent.objects.filter(action=f"vpn_config.{wanted}", actor=staff).count() == 1


def test_a_mass_action_stops_where_it_is(owner, staff, make_config):
    configs = [make_config(owner) for _number in range(3)]
    mass = mass_actions.start_mass_action(
        actor=staff, action="suspend", config_ids=[config.pk for config in configs]
    )
    assert mass_actions._take_next(mass, mass_actions.JobHandle(mass.job_id))
    cancel_job(actor=staff, job_id=mass.job_id)
    assert mass_actions.run_mass_actions() == 0
    assert Config.objects.filter(state="suspended").count() == 1
    assert Job.objects.get().state == "cancelled"
    with pytest.raises(InputError):
        mass_actions.start_mass_action(actor=staff, action="suspend", config_ids=[uuid.uuid4()])
    with pytest.raises(InputError):
        mass_actions.start_mass_action(actor=staff, action="extend", config_ids=[configs[0].pk])


@pytest.mark.parametrize(
    ("fields", "shown", "stored"),
    [
        ({"state": "active", "valid_to": 20}, "active", "active"),
        ({"state": "active", "valid_to": 2.9}, "expiring", "expiring"),
        ({"state": "expiring", "valid_to": 20}, "active", "active"),
        ({"state": "expiring", "valid_to": None}, "active", "active"),
        ({"state": "active", "valid_to": -0.001}, "expired", "expired"),
        ({"state": "provisioning", "valid_to": -1}, "expired", "expired"),
        ({"state": "provisioning", "valid_to": 1}, "provisioning", "provisioning"),
        ({"state": "suspended", "valid_to": -1}, "suspended", "suspended"),
        ({"state": "depleted", "valid_to": -1}, "depleted", "depleted"),
        # The panels see what is used up; a reader need not wait for them.
        ({"state": "active", "valid_to": 20, "used_up_bytes": 10 * GB}, "depleted", "active"),
    ],
)
def test_time_turns_states(owner, make_config, fields, shown, stored):
    now = timezone.now()
    days = fields.pop("valid_to")
    end = None if days is None else now + days * DAY
    config = make_config(owner, **fields, valid_to=end)
    assert shown_state(config, now) == shown
    changed = stored != config.state
    assert advance_states() == changed
    assert advance_states() == 0
    kept = Config.objects.get()
    assert kept.state == stored
    # The panel has to hear of an end alone.
    assert (kept.revision == 2) == (changed and stored == "expired")


def test_a_person_who_goes_leaves_nothing_on_the_panels(
    owner, make_config, make_tariff, django_capture_on_commit_callbacks
):
    config = make_config(owner)
    requests.ask(user=owner, kind="access", tariff=make_tariff("asked", is_self_service=False))
    with django_capture_on_commit_callbacks(execute=True):
        delete_account(owner)
    assert set(Config.objects.values_list("state", flat=True)) == {"deleted"}
    assert Removal.objects.get().email == config.email
    assert Request.objects.get().state == "withdrawn"
