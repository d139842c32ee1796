"""The report of a run in a browser: no request, no error, and every control works.

It needs the package playwright and Chromium. Without them the tests are skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sdflow as sd

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
if CHROMIUM is None:
    pytest.skip("there is no Chromium", allow_module_level=True)

SCRIPT = """
let p = dataset("mystery");
let x = p.sample(400);
let r = run(sd_flow(x), normal(2000, 3), p, #{steps: 40, metrics: ["energy"]});
let flat = run(sd_flow(dataset("moons").sample(200)), normal(300, 2), #{steps: 20});
let line = run(sd_flow(normal(100, 1)), normal(100, 1), #{steps: 5});
plot(#{target: x, particles: r.points}, "moved.svg");
save(table([#{a: 1, b: "x"}]), "some.csv");
expect("finished", r.stop == "finished");
conclude("It works.");
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    (folder / "a.rhai").write_text(SCRIPT)
    return sd.run(folder / "a.rhai", out=folder / "run").folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as library:
        opened = library.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[Any]:
    """A function that opens the report and returns the page and what it complained about."""
    pages = []

    def open_page(width: int = 1000, scheme: str = "light", keep_policy: bool = False) -> tuple[Any, list[str]]:
        # The policy of the page forbids the code by which a test waits for a condition.
        options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "bypass_csp": not keep_policy}
        page = browser.new_page(**options)
        pages.append(page)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or complaints.append(request.url))
        page.goto(report.as_uri())
        page.wait_for_selector("html[data-ready=yes] .uplot")
        return page, complaints

    yield open_page
    for page in pages:
        page.close()


def pixels(page: Any, film: int) -> str:
    return page.evaluate(f"document.querySelectorAll('.film canvas')[{film}].toDataURL()")


def test_the_page_is_complete_and_asks_for_nothing(opened: Any) -> None:
    page, complaints = opened(keep_policy=True)
    titles = page.locator("h2").all_inner_texts()
    assert titles == [
        "Checks",
        "Conclusion",
        "Metrics",
        "Motion",
        "Curves",
        "Pictures",
        "Tables",
        "What was run",
        "Work and time",
        "References",
    ]
    assert page.locator(".film canvas").count() == 3 and page.locator(".chart").count() >= 4
    assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    assert complaints == []


def test_a_film_plays_and_can_be_scrubbed(opened: Any) -> None:
    page, complaints = opened()
    film = page.locator(".film").first
    last = pixels(page, 0)
    assert film.locator(".readout").inner_text() == "step 40 of 40"
    film.locator("input[type=range]").fill("0")
    assert film.locator(".readout").inner_text() == "step 0 of 40"
    first = pixels(page, 0)
    assert first != last
    film.locator("button").click()
    assert film.locator("button").inner_text() == "Pause"
    page.wait_for_function("document.querySelector('.film .readout').textContent !== 'step 0 of 40'")
    film.locator("button").click()
    assert film.locator("button").inner_text() == "Play"
    film.locator("input[type=range]").fill("40")
    assert pixels(page, 0) == last
    assert complaints == []


def test_a_film_in_space_turns_by_keys_and_by_the_pointer(opened: Any) -> None:
    page, complaints = opened()
    canvas = page.locator(".film canvas").first
    before = pixels(page, 0)
    canvas.focus()
    page.keyboard.press("ArrowRight")
    by_key = pixels(page, 0)
    assert by_key != before
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 320, box["y"] + 230)
    page.mouse.up()
    assert pixels(page, 0) != by_key
    flat = page.locator(".film canvas").nth(1)
    flat.focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator(".film .readout").nth(1).inner_text() == "step 19 of 20"
    # From its beginning a film plays for some seconds.
    page.locator(".film input[type=range]").nth(1).fill("0")
    flat.focus()
    page.keyboard.press("Space")
    assert page.locator(".film button").nth(1).inner_text() == "Pause"
    assert complaints == []


def test_colours_and_schemes(opened: Any) -> None:
    page, complaints = opened()
    seen = {pixels(page, 0)}
    for mode in ("density", "origin"):
        page.locator(".film select").first.select_option(mode)
        seen.add(pixels(page, 0))
    assert len(seen) == 3
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{background} !== '{light}'")
    page.wait_for_selector(".uplot")
    assert complaints == []


def test_a_curve_tells_its_values_and_can_be_enlarged(opened: Any) -> None:
    page, complaints = opened()
    over = page.locator(".chart .u-over").first
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told = page.locator(".chart .u-legend").first.inner_text()
    assert any(character.isdigit() for character in told)
    marks = "document.querySelector('.chart canvas').toDataURL()"
    before = page.evaluate(marks)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.wait_for_function(f"{marks} !== {before!r}")
    assert complaints == []


@pytest.mark.parametrize("width", [390, 768, 1600])
def test_it_fits_any_width(opened: Any, width: int) -> None:
    page, complaints = opened(width, "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []


def test_many_particles_are_drawn_quickly_enough(opened: Any) -> None:
    page, _ = opened()
    # The times of this machine are printed, not judged: the test is that a film of this size is drawn.
    drawn = page.evaluate(
        """() => {
        const film = (n) => {
            const bytes = new Uint8Array(2 * 2 * 2 * n);
            crypto.getRandomValues(bytes.subarray(0, 65536));
            for (let i = 65536; i < bytes.length; i++) bytes[i] = bytes[i % 65536] ^ (i >> 4);
            let text = ""; for (const byte of bytes) text += String.fromCharCode(byte);
            return { what: "many", particles: n, axes: ["x", "y"], low: [0, 0], high: [1, 1], steps: [0, 1], shown: n,
                     frames: btoa(text), reference: "" };
        };
        return [10000, 100000].map((n) => {
            const place = document.createElement("figure");
            document.body.append(place);
            const player = new window.Player(place, film(n), "many");
            const begun = performance.now();
            for (let k = 0; k < 10; k++) { player.at = k / 10; player.draw(); }
            return (performance.now() - begun) / 10;
        });
    }"""
    )
    print(f"a frame of 10,000 particles: {drawn[0]:.1f} ms, of 100,000: {drawn[1]:.1f} ms")
    assert len(drawn) == 2
