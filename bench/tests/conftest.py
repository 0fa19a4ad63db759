def pytest_configure(config):
    config.addinivalue_line("markers", "whole_site: starts a whole site; takes up to a minute")
