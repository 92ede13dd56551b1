"""A headless Chromium with a profile of its own."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service as Driver

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps"),
    "--hide-scrollbars",
)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMEDRIVER = shutil.which("chromedriver")


class Browser(Chrome):
    """With what a test asks of it beyond Selenium."""

    def set_window(self, width: int, height: int, *, is_mobile: bool = False) -> None:
        """Size in CSS pixels; of the page itself, without a frame."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_mobile}
        self.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, **features: str) -> None:
        """Media features, as the reader's system tells them: color_scheme="dark"."""
        told = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()]
        self.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": told})

    def picture(self, file: Path) -> None:
        """What is seen, as PNG."""
        file.parent.mkdir(parents=True, exist_ok=True)
        assert self.save_screenshot(file)

    def complaints(self) -> list[str]:
        """Lines of the console since the last call."""
        return [line["message"] for line in self.get_log("browser")]

    def requested(self) -> set[str]:
        """Every URL that was asked for since the last call."""
        events = [json.loads(line["message"])["message"] for line in self.get_log("performance")]
        return {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """profile: a folder that does not exist yet."""
    options: Any = ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = Browser(options=options, service=Driver(CHROMEDRIVER))
    try:
        yield browser
    finally:
        browser.quit()
