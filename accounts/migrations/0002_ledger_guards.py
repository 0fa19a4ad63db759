"""The ledger's guards: a transfer is never changed or deleted; the system's own wallets exist."""

from django.db import migrations

GUARD = """
CREATE FUNCTION accounts_refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % of transfer % refused', TG_OP, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE ON accounts_transfer
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_ledger_change();
"""
NO_GUARD = """
DROP TRIGGER transfer_append_only ON accounts_transfer;
DROP FUNCTION accounts_refuse_ledger_change();
"""
SYSTEM_WALLETS = """
INSERT INTO accounts_wallet (kind, balance_kopecks)
VALUES ('revenue', 0), ('stars', 0), ('yookassa', 0), ('dev', 0)
ON CONFLICT DO NOTHING;
"""
# Wallets with transfers stay: the foreign keys hold them.
NO_SYSTEM_WALLETS = """
DELETE FROM accounts_wallet w
 WHERE kind IN ('revenue', 'stars', 'yookassa', 'dev')
   AND NOT EXISTS (SELECT 1 FROM accounts_transfer t WHERE w.id IN (t.debit_id, t.credit_id));
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(GUARD, NO_GUARD),
        migrations.RunSQL(SYSTEM_WALLETS, NO_SYSTEM_WALLETS),
    ]
