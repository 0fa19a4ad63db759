"""Share links and subscriptions: pure functions from a mirrored inbound to what a client app reads.

``share`` makes links of an inbound and a client, ``parse`` reads links back, ``titles`` names
them, and ``subscription`` puts many into one body (``singbox``, ``clash`` know those two formats).
"""
