"""Pictures in fields for Markdown: pasted, dropped and chosen in a real browser."""

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.attachments.models import Attachment
from apps.planning.models import Question
from tests.browser.conftest import Visits
from tests.factories import make_item, make_system, make_user
from tests.factories.attachments import picture_bytes

# A real ClipboardEvent, or DragEvent, with a DataTransfer that holds a file.
SEND = """
(area, [kind, name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const given = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { ...given, clipboardData: transfer })
    : new DragEvent("drop", { ...given, dataTransfer: transfer });
  area.focus();
  return area.dispatchEvent(event);
}
"""


@pytest.fixture
def person(beside_playwright: None, transactional_db: None) -> User:
    return make_user("Pia Picture", role=Role.SECURITY)


@pytest.fixture
def page(person: User, live_visit: Visits) -> Page:
    return live_visit.signed_in(person.email)


def give(area: Locator, kind: str, data: bytes, name: str = "image.png") -> None:
    """Paste or drop a file; the page takes it, so the browser does nothing of its own."""
    sent = base64.b64encode(data).decode()
    assert area.evaluate(SEND, [kind, name, "image/png", sent]) is False


def test_a_picture_is_pasted_described_and_shown(page: Page, live_visit: Visits) -> None:
    live_visit.expect(422)  # what is no picture
    item = make_item(make_system("payments", "Payments"), title="Where do tickets live?")
    page.goto(f"/planning/{item.key}/#ask")
    area = page.get_by_label("Your question")
    area.fill("Is this the zone that is meant?")
    give(area, "paste", picture_bytes(size=(400, 300)))
    words = page.locator("#ask").get_by_label("What does it show?")
    expect(words).to_be_visible()
    expect(area).to_have_value(
        re.compile(r"^Is this the zone that is meant\?\n\n!\[\]\(/attachments/\S{36}#400x300\)$")
    )
    expect(area).to_be_focused()  # whoever pastes goes on typing
    words.fill("Two zones [old]")
    expect(area).to_have_value(re.compile(r"!\[Two zones \\\[old\\\]\]\("))
    give(area, "drop", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "drawing.svg")
    expect(page.get_by_role("alert")).to_contain_text("no picture")
    expect(area).not_to_have_value(re.compile("…"))  # no mark is left of it
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url(re.compile("#question-"))
    shown = page.get_by_role("img", name="Two zones [old]")
    expect(shown).to_be_visible()
    assert shown.evaluate("e => e.decode().then(() => [e.naturalWidth, e.naturalHeight])") == [
        400,
        300,
    ]
    assert Attachment.objects.get().system == item.system
    assert "Two zones" in Question.objects.get().body


def test_by_keyboard_and_where_the_system_is_chosen(page: Page, tmp_path: Path) -> None:
    make_system("payments", "Payments")
    file = tmp_path / "map.png"
    file.write_bytes(picture_bytes())
    page.goto("/planning/new/")
    area = page.get_by_role("textbox", name=re.compile("^Question"))
    give(area, "paste", picture_bytes())
    expect(page.get_by_role("alert")).to_contain_text("Choose the system first")
    page.get_by_label("System").select_option("payments")
    button = page.get_by_role("button", name="Add a picture")
    with page.expect_file_chooser() as chooser:
        button.press("Enter")
    chooser.value.set_files(file)
    words = page.get_by_label("What does it show?")
    expect(words).to_be_focused()
    page.keyboard.type("A map")
    expect(area).to_have_value(re.compile(r"^!\[A map\]\(/attachments/"))
    page.get_by_role("button", name="Take the picture out").press("Enter")
    expect(area).to_have_value("")
    expect(words).to_have_count(0)
    # Words that lie in the clipboard beside a picture of them are what is meant.
    assert area.evaluate(
        """(area) => {
          const transfer = new DataTransfer();
          transfer.setData("text/plain", "A cell");
          transfer.items.add(new File(["x"], "cell.png", { type: "image/png" }));
          return area.dispatchEvent(new ClipboardEvent("paste",
            { bubbles: true, cancelable: true, clipboardData: transfer }));
        }"""
    )
    # The portal does not answer: it is said, and the text is as it was.
    page.route("**/attachments/", lambda route: route.abort())
    give(area, "paste", picture_bytes())
    expect(page.get_by_role("alert").last).to_contain_text("did not arrive")
    expect(area).to_have_value("")


def test_a_form_waits_for_its_picture(page: Page) -> None:
    item = make_item(make_system("payments", "Payments"))
    page.goto(f"/planning/{item.key}/#ask")
    area = page.get_by_label("Your question")
    held: list[Route] = []

    def hold(
        route: Route,
    ) -> None:  # Playwright marks its handlers, which a method of a list refuses
        held.append(route)

    page.route("**/attachments/", hold)
    give(area, "paste", picture_bytes())
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()  # still here
    assert not Question.objects.exists()
    held[0].continue_()
    page.wait_for_url(re.compile("#question-"))
    assert Question.objects.get().body == Attachment.objects.get().markdown
