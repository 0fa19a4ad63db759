"""Pictures and voices, made into what every side can take."""
