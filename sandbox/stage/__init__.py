"""The stage page: the phones of buyer and seller."""
