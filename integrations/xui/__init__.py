"""3X-UI panels of all three generations behind one client (see ``client.XuiClient``)."""
