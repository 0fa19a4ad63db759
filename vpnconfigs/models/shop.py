"""What is sold, on which terms: tariffs, purchases, promo codes, gifts, referrals."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Transfer, User
from vpnconfigs.models.panels import Inbound


class ShopSettings(models.Model):
    """What the staff may switch of the VPN shop without a restart: one row."""

    class InboundRule(models.TextChoices):
        LEAST_LOADED = "least_loaded", _("the one with the fewest configs")
        IN_ORDER = "in_order", _("the first with room, by panel and number")

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    title = models.CharField(_("name in VPN apps"), max_length=64, default="Depesha VPN")
    update_hours = models.PositiveSmallIntegerField(_("apps read anew after, hours"), default=12)
    configs_per_person = models.PositiveSmallIntegerField(_("most configs a person"), default=5)
    inbound_rule = models.CharField(
        _("choice of the inbound"),
        max_length=12,
        choices=InboundRule,
        default=InboundRule.LEAST_LOADED,
    )
    has_country_choice = models.BooleanField(_("customers choose the country"), default=True)
    has_device_limits = models.BooleanField(_("device limits are kept"), default=True)
    has_promo_codes = models.BooleanField(_("promo codes"), default=True)
    has_gifts = models.BooleanField(_("gifts"), default=True)
    has_referrals = models.BooleanField(_("rewards for bringing people"), default=False)
    referral_days = models.PositiveSmallIntegerField(_("reward, days"), default=7)
    support_contact = models.CharField(_("support"), max_length=128, blank=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("settings of the VPN shop")
        verbose_name_plural = _("settings of the VPN shop")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="shop_settings_one_row")]

    def __str__(self) -> str:
        return self.title


class Tariff(models.Model):
    """Days and traffic at a price. ``code`` is what programs call it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.SlugField(_("code"), max_length=32, unique=True)
    name_ru = models.CharField(_("name, Russian"), max_length=64)
    name_en = models.CharField(_("name, English"), max_length=64)
    description_ru = models.CharField(_("description, Russian"), max_length=300, blank=True)
    description_en = models.CharField(_("description, English"), max_length=300, blank=True)
    # 0: without end, without limit.
    days = models.PositiveIntegerField(_("days"), default=30)
    traffic_limit_bytes = models.BigIntegerField(_("traffic, bytes"), default=0)
    device_limit = models.PositiveSmallIntegerField(_("devices"), default=0)
    ip_limit = models.PositiveSmallIntegerField(_("addresses at a time"), default=0)
    price_kopecks = models.PositiveIntegerField(_("price, kopecks"), default=0)
    is_visible = models.BooleanField(_("shown"), default=True)
    # Taken at once; otherwise asked for, and given by staff.
    is_self_service = models.BooleanField(_("taken without asking"), default=False)
    # Once a person, and only by those who had none.
    is_trial = models.BooleanField(_("trial"), default=False)
    # Empty: from any inbound that is sold.
    inbounds = models.ManyToManyField(
        Inbound, blank=True, verbose_name=_("sold from"), related_name="tariffs"
    )
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if get_language() == "en" else self.name_ru

    @property
    def description(self) -> str:
        return self.description_en if get_language() == "en" else self.description_ru


class PromoCode(models.Model):
    """A code that makes a purchase cheaper or longer."""

    class Effect(models.TextChoices):
        PERCENT = "percent", _("percent off")
        AMOUNT = "amount", _("kopecks off")
        DAYS = "days", _("days more")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Upper case.
    code = models.CharField(_("code"), max_length=32, unique=True)
    effect = models.CharField(_("effect"), max_length=7, choices=Effect)
    value = models.PositiveIntegerField(_("value"))
    tariffs = models.ManyToManyField(
        Tariff, blank=True, verbose_name=_("only for"), related_name="promo_codes"
    )
    starts_at = models.DateTimeField(_("valid from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("valid to"), null=True, blank=True)
    # None: without limit.
    most_uses = models.PositiveIntegerField(_("most uses"), null=True, blank=True)
    uses_per_person = models.PositiveSmallIntegerField(_("uses a person"), default=1)
    used_count = models.PositiveIntegerField(_("used"), default=0)
    is_active = models.BooleanField(_("on"), default=True)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    class Meta:
        verbose_name = _("promo code")
        verbose_name_plural = _("promo codes")
        constraints = [
            models.CheckConstraint(
                condition=Q(most_uses__isnull=True) | Q(used_count__lte=models.F("most_uses")),
                name="promo_code_not_overused",
            ),
            models.CheckConstraint(
                condition=~Q(effect="percent") | Q(value__lte=100), name="promo_code_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Purchase(models.Model):
    """Days that somebody got: bought, for nothing, as a gift or by decision of staff.

    Written in the transaction that changes the config; ``idempotency_key`` makes a repeat the same.
    """

    class Kind(models.TextChoices):
        NEW = "new", _("new config")
        RENEWAL = "renewal", _("renewal")
        GIFT = "gift", _("gift for somebody")
        GRANT = "grant", _("by decision of staff")
        REWARD = "reward", _("reward")

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, verbose_name=_("user"), related_name="vpn_purchases"
    )
    # None: a gift that nobody has taken yet.
    config = models.ForeignKey(
        "vpnconfigs.Config",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("config"),
        related_name="purchases",
    )
    tariff = models.ForeignKey(
        Tariff,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("tariff"),
        related_name="purchases",
    )
    kind = models.CharField(_("kind"), max_length=7, choices=Kind)
    days = models.PositiveIntegerField(_("days"))
    price_kopecks = models.PositiveIntegerField(_("price, kopecks"), default=0)
    discount_kopecks = models.PositiveIntegerField(_("discount, kopecks"), default=0)
    promo_code = models.ForeignKey(
        PromoCode,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("promo code"),
        related_name="purchases",
    )
    transfer = models.OneToOneField(
        Transfer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("transfer"),
        related_name="vpn_purchase",
    )
    idempotency_key = models.CharField(_("idempotency key"), max_length=160, unique=True)
    correlation_id = models.CharField(_("correlation id"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        indexes = [
            models.Index(fields=["user", "-id"], name="purchase_by_user"),
            models.Index(fields=["config", "-id"], name="purchase_by_config"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class TrialUse(models.Model):
    """A person's one trial. Kept when the config is gone, or a trial would be had again."""

    user = models.OneToOneField(
        User, on_delete=models.PROTECT, verbose_name=_("user"), related_name="vpn_trial"
    )
    created_at = models.DateTimeField(_("taken"), auto_now_add=True)

    class Meta:
        verbose_name = _("trial taken")
        verbose_name_plural = _("trials taken")

    def __str__(self) -> str:
        return f"trial of {self.user_id}"


class Gift(models.Model):
    """A tariff that one person has paid and another takes by a code."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(_("code"), max_length=43, unique=True)
    purchase = models.OneToOneField(
        Purchase, on_delete=models.PROTECT, verbose_name=_("purchase"), related_name="gift"
    )
    tariff = models.ForeignKey(
        Tariff, on_delete=models.PROTECT, verbose_name=_("tariff"), related_name="gifts"
    )
    taken_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("taken by"),
        related_name="vpn_gifts_taken",
    )
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)
    expires_at = models.DateTimeField(_("worthless after"))
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    class Meta:
        verbose_name = _("gift")
        verbose_name_plural = _("gifts")

    def __str__(self) -> str:
        return f"gift {self.pk}"


class Referral(models.Model):
    """Who came by whom. The reward is given once, when the newcomer first pays."""

    referrer = models.ForeignKey(
        User, on_delete=models.PROTECT, verbose_name=_("who brought"), related_name="vpn_brought"
    )
    newcomer = models.OneToOneField(
        User, on_delete=models.PROTECT, verbose_name=_("who came"), related_name="vpn_brought_by"
    )
    rewarded_at = models.DateTimeField(_("rewarded"), null=True, blank=True)
    created_at = models.DateTimeField(_("came"), auto_now_add=True)

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        constraints = [
            models.CheckConstraint(
                condition=~Q(referrer=models.F("newcomer")), name="referral_of_another"
            )
        ]
        indexes = [models.Index(fields=["referrer", "-id"], name="referral_by_referrer")]

    def __str__(self) -> str:
        return f"{self.newcomer_id} by {self.referrer_id}"


class ReferralCode(models.Model):
    """What a person gives on to bring others."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, verbose_name=_("user"), related_name="vpn_referral_code"
    )
    code = models.CharField(_("code"), max_length=16, unique=True)

    class Meta:
        verbose_name = _("referral code")
        verbose_name_plural = _("referral codes")

    def __str__(self) -> str:
        return self.code
