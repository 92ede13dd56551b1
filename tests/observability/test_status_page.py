"""The page at / in a real browser: what is seen, how it is used without a mouse, what it shows when it hears nothing.

Pictures go to build/status-page.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium", reason="Selenium is not installed (smpp-connector[browser])")

from background_loop import BackgroundLoop
from browser import CHROMEDRIVER, CHROMIUM, Browser, chromium
from connector_process import ConnectorProcess
from page_server import PageServer
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from services import Services
from simulated_operator import SimulatedOperator
from status_tree import REFUSED, Node, lost_operator, lost_session, operator, service, session, silent
from waiting import wait_until

from adapters.status_stream import PERIOD_S

pytestmark = pytest.mark.skipif(not (CHROMIUM and CHROMEDRIVER), reason="no Chromium with its chromedriver here")

PICTURES = Path("build/status-page")
SEEN_S = 20.0
WIDE, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser") / "profile") as running:
        yield running


@pytest.fixture
def page(loop: BackgroundLoop, browser: Browser) -> Iterator[PageServer]:
    with PageServer(loop) as server:
        yield server
        browser.get("about:blank")


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


def earlier(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - seconds))


def rates(number: int) -> list[float]:
    """A minute or two of traffic that differs for each operator."""
    return [float((number * 7 + 3 * (step % 11) + step // 6 * (number % 4)) % 60) for step in range(60)]


def fine(number: int, **figures: Any) -> Node:
    operator_id, past = f"op-{number:03}", rates(number)
    told = {
        "health_since": earlier(60 * number + 75),
        "rates": past,
        "tps_used": past[-1],
        "window_in_use": number % 90,
    }
    events = [
        {"at": earlier(8000), "what": "session 0.0 bound as TRX", "times": 1},
        {"at": earlier(60 * number + 75), "what": "BOUND at primary", "times": 1},
    ]
    branch = operator(
        session(operator_id), operator_id=operator_id, operator_name=f"Mobile {number}", **told, events=events
    )
    return {**branch, **figures}


def mixed(count: int) -> Node:
    """Operators of which some are in trouble, as it happens."""
    return service(*(_one_of_many(number) for number in range(count)))


def _one_of_many(number: int) -> Node:
    match number % 40:
        case 5:
            refused = [{"at": earlier(3), "what": f"session 0.0: {REFUSED}", "times": 12}]
            past = [*rates(number)[:40], *[0.0] * 20]
            told = {"health_since": earlier(95), "last_error_at": earlier(3), "rates": past, "events": refused}
            return lost_operator(f"op-{number:03}", **told)
        case 11:
            sessions = session(f"op-{number:03}", "1.0", endpoint="backup"), lost_session(f"op-{number:03}")
            told = {"endpoint": "backup", "failovers": 1, "last_error": "enquire_link not answered"}
            past = {"health_since": earlier(400), "last_error_at": earlier(400), "rates": rates(number)}
            events = [{"at": earlier(400), "what": "BOUND at backup", "times": 1}]
            return operator(*sessions, operator_id=f"op-{number:03}", **told, **past, events=events)
        case 17:
            hanging = silent("OperatorActor", f"operator@op-{number:03}", session(f"op-{number:03}"))
            return {**hanging, "since": earlier(4000)}
        case _:
            return fine(number)


def card(browser: Browser, operator_id: str) -> WebElement:
    return next(one for one in browser.find_elements(By.CLASS_NAME, "card") if one.text.startswith(operator_id))


def shown(browser: Browser, what: str) -> list[str]:
    """Of each card that is shown, at one moment; what: JavaScript over the element `card`."""
    visible = "[...document.querySelectorAll('.card')].filter(card => card.checkVisibility())"
    found: list[str] = browser.execute_script(f"return {visible}.map(card => {what})")
    return found


def ids(browser: Browser) -> list[str]:
    return shown(browser, "card.querySelector('h2 span').textContent")


def conditions(browser: Browser) -> list[str]:
    return shown(browser, "card.dataset.condition")


def text_of(browser: Browser, element_id: str) -> str:
    return str(browser.find_element(By.ID, element_id).text)


def opened(browser: Browser, page: PageServer, tree: Node, size: tuple[int, int] = WIDE) -> None:
    """Shows the page of this tree, once it is there."""
    page.tree = tree
    browser.prefer(color_scheme="light")
    browser.set_window(*size, is_mobile=size == PHONE)
    browser.complaints()
    browser.requested()
    browser.get(page.url)
    wait_until(lambda: text_of(browser, "headline") != "loading", SEEN_S, "the first event")


@pytest.mark.parametrize("count", [1, 3, 200])
def test_each_operator_has_a_card_those_in_trouble_first(browser: Browser, page: PageServer, count: int):
    opened(browser, page, mixed(count))

    order = ids(browser)
    expected = {1: ["op-000"], 3: ["op-000", "op-001", "op-002"]}
    assert len(order) == count
    assert order[:3] == expected.get(count, ["op-017", "op-057", "op-097"])
    assert text_of(browser, "count") == f"{count} of {count} operators"
    assert browser.complaints() == []
    browser.picture(PICTURES / f"{count}-operators.png")


def test_nothing_is_fetched_from_elsewhere(browser: Browser, page: PageServer):
    opened(browser, page, mixed(3))

    assert {url for url in browser.requested() if not url.startswith("data:")} == {page.url, f"{page.url}events"}


def test_a_card_says_all_that_is_known_of_its_operator(browser: Browser, page: PageServer):
    opened(browser, page, service(_one_of_many(11)))

    lines = card(browser, "op-011").text
    for words in (
        "op-011",
        "impaired",
        "on its backup",
        REFUSED,
        "backup smsc.example:2775",
        "12.5 of 100/s",
        "3 of 200",
        "enquire_link not answered",
        "BOUND at backup",
    ):
        assert words in lines
    (curve,) = shown(browser, "card.querySelector('svg').getAttribute('aria-label')")
    assert curve.startswith("Rate of the last 2m 0s: now ")


def test_values_are_shown_as_text_whatever_they_hold(browser: Browser, page: PageServer):
    hostile = "<img src=x onerror=document.title=1><b>bold</b>"
    opened(browser, page, service(lost_operator("evil", last_error=hostile, operator_name=hostile)))

    assert hostile in card(browser, "evil").text
    assert browser.find_elements(By.CSS_SELECTOR, "#cards img, #cards b") == []
    assert browser.complaints() == []


def test_the_page_follows_the_service_by_itself(browser: Browser, page: PageServer):
    opened(browser, page, service(fine(1), fine(2)))
    page.tree = service(fine(1), fine(3), lost_operator("op-000", health_since=now()))

    wait_until(lambda: ids(browser) == ["op-000", "op-001", "op-003"], SEEN_S, "the new operators")
    assert text_of(browser, "headline") == "degraded: 1 of 3 operators down (op-000)"
    assert browser.title == "\u26a0 pod-1"


def test_operators_are_found_and_sorted(browser: Browser, page: PageServer):
    opened(browser, page, mixed(50))
    find = browser.find_element(By.ID, "find")
    find.send_keys("refused PASSWORD")
    assert ids(browser) == ["op-005", "op-045", "op-011"]
    assert text_of(browser, "count") == "3 of 50 operators"

    find.send_keys(Keys.ESCAPE)
    browser.find_element(By.ID, "poor").send_keys(Keys.SPACE)
    assert ids(browser) == ["op-017", "op-005", "op-045", "op-011"]

    browser.find_element(By.ID, "poor").send_keys(Keys.SPACE)
    browser.find_element(By.ID, "sort").send_keys("name")
    assert ids(browser) == sorted(ids(browser))


def test_everything_is_reached_with_the_keyboard(browser: Browser, page: PageServer):
    opened(browser, page, mixed(3))
    visited = [tabbed(browser) for _ in range(6)]
    assert visited == ["find", "sort", "poor", "summary", "summary", "summary"]
    assert browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle") == "solid"

    ActionChains(browser).send_keys(Keys.ENTER).perform()
    details = card(browser, "op-002").find_element(By.CSS_SELECTOR, "details")
    assert "session@op-002@0.0: bound TRX" in details.text

    ActionChains(browser).send_keys("/").perform()
    assert focused(browser) == "find"


def tabbed(browser: Browser) -> str:
    ActionChains(browser).send_keys(Keys.TAB).perform()
    return focused(browser)


def focused(browser: Browser) -> str:
    element = browser.switch_to.active_element
    return str(element.get_attribute("id") or element.tag_name)


def test_the_focus_stays_where_it_is_while_the_page_changes(browser: Browser, page: PageServer):
    opened(browser, page, service(fine(1), fine(2)))
    for _ in range(5):
        tabbed(browser)
    page.tree = service(fine(1), lost_operator("op-002", health_since=now()))
    wait_until(lambda: conditions(browser) == ["bound", "down"], SEEN_S, "the news")

    assert focused(browser) == "summary"
    ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.TAB * 4).key_up(Keys.SHIFT).perform()
    wait_until(lambda: ids(browser) == ["op-002", "op-001"], SEEN_S, "the order, once the reader has left")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_they_are_written_on(browser: Browser, page: PageServer, scheme: str):
    opened(browser, page, mixed(18))
    browser.prefer(color_scheme=scheme)

    assert browser.execute_script(CONTRASTS) >= 4.5, "WCAG 2.2, 1.4.3"
    browser.picture(PICTURES / f"{scheme}.png")


CONTRASTS = """
function shades(color) {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
}
function light(color) { const [red, green, blue] = shades(color); return .2126 * red + .7152 * green + .0722 * blue; }
function behind(node) {
  const color = getComputedStyle(node).backgroundColor;
  return color === "rgba(0, 0, 0, 0)" ? behind(node.parentElement) : color;
}
function contrast(node) {
  const [low, high] = [light(getComputedStyle(node).color), light(behind(node))].sort((one, other) => one - other);
  return (high + .05) / (low + .05);
}
const written = [...document.querySelectorAll("body *")].filter(node => node.checkVisibility()
  && node.tagName !== "OPTION" && [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim()));
return Math.min(...written.map(contrast));
"""


def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, page: PageServer):
    opened(browser, page, mixed(18), PHONE)

    assert browser.execute_script("return document.documentElement.scrollWidth") == PHONE[0]
    browser.picture(PICTURES / "phone.png")


def test_who_wants_no_motion_gets_none(browser: Browser, page: PageServer):
    opened(browser, page, mixed(1))
    transition = "return getComputedStyle(document.querySelector('main')).transitionDuration"
    browser.prefer(reduced_motion="reduce")

    assert browser.execute_script(transition) == "0s"


def test_a_lost_stream_is_shown_with_the_age_of_what_is_seen_and_comes_back(browser: Browser, page: PageServer):
    opened(browser, page, mixed(3))
    page.stop()
    try:
        wait_until(lambda: "connection to the service is lost" in text_of(browser, "stream"), SEEN_S, "the loss")
        assert "what you see is of" in text_of(browser, "stream")
        assert browser.execute_script("return document.body.className") == "stale"
        browser.picture(PICTURES / "lost.png")
    finally:
        page.start()

    wait_until(lambda: text_of(browser, "stream") == "", SEEN_S, "the stream")
    assert browser.execute_script("return document.body.className") == ""


def test_a_service_that_does_not_answer_is_shown_as_such(browser: Browser, page: PageServer):
    opened(browser, page, mixed(1))
    page.tree = None

    wait_until(lambda: "the service does not answer" in text_of(browser, "stream"), SEEN_S, "the trouble")
    page.tree = mixed(1)
    wait_until(lambda: text_of(browser, "stream") == "", SEEN_S, "its end")


SHOW = """
Object.defineProperty(document, "hidden", {value: arguments[0], configurable: true});
document.dispatchEvent(new Event("visibilitychange"));
"""


def test_a_page_that_nobody_can_see_costs_nothing_and_comes_back_at_once(browser: Browser, page: PageServer):
    opened(browser, page, mixed(1))
    browser.execute_script(SHOW, True)
    wait_until(lambda: is_left_alone(page), SEEN_S, "the end of the looks")
    page.tree = mixed(3)

    browser.execute_script(SHOW, False)
    wait_until(lambda: len(ids(browser)) == 3, SEEN_S, "what is true now")
    assert text_of(browser, "stream") == ""


def is_left_alone(page: PageServer) -> bool:
    """For longer than the stream's period."""
    before = page.looks
    time.sleep(1.5 * PERIOD_S)
    return page.looks == before


# Over a real service.


@pytest.fixture
def alpha(loop: BackgroundLoop) -> Iterator[SimulatedOperator]:
    with SimulatedOperator(loop, "alpha", {"timers": {"reconnect_min_s": 5.0, "reconnect_max_s": 6.0}}) as running:
        yield running


def test_a_session_that_is_cut_is_seen_and_seen_to_come_back(
    browser: Browser, services: Services, alpha: SimulatedOperator
):
    with services.running(alpha) as connector:
        connector.first_session("alpha", bound=True)
        browser.get(f"{connector.http}/")
        wait_until(lambda: conditions(browser) == ["bound"], SEEN_S, "the card of a bound operator")
        cut(alpha, connector)
        wait_until(lambda: conditions(browser) == ["down"], SEEN_S, "the loss on the card")
        browser.picture(PICTURES / "cut.png")
        wait_until(lambda: conditions(browser) == ["bound"], SEEN_S, "the return on the card")
        assert "UNBOUND: " in card(browser, "alpha").text
        browser.get("about:blank")


def cut(mno: SimulatedOperator, connector: ConnectorProcess) -> None:
    assert mno.act("drop") == 1
    wait_until(lambda: connector.events("session_unbound"), SEEN_S, "the loss")
